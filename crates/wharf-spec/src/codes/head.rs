//! E010 to E029: versions, names, the account, variables and environments.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E010",
        title: "version of the format",
        explanation: "`version` says by which rules the file is read. Only version 1 exists. A file of another version is not looked at any further.",
        fix: "Write `version: 1` as the first line, or use a wharf that knows the version of the file.",
        example: Some("version: 1"),
    },
    Code {
        code: "E011",
        title: "version of the tool",
        explanation: "`wharf` names the versions of the tool that may use the file, so that a team does not apply it with several. The running one is not among them, or the value is no requirement on versions.",
        fix: "Install a version that the file asks for, or change the line after reading the changelog.",
        example: Some("wharf: \">=0.1, <1\""),
    },
    Code {
        code: "E012",
        title: "a name",
        explanation: "Names of apps, environments, services and jobs become parts of the names of AWS objects, so they have lower-case letters, digits and hyphens, begin with a letter, do not end in a hyphen, and have at most 32 characters.",
        fix: "Choose another name, before the first apply: renaming a service later replaces it.",
        example: Some("app: notes"),
    },
    Code {
        code: "E013",
        title: "region",
        explanation: "The value does not have the form of a region. A zone such as `eu-west-1a` and a city are not regions.",
        fix: "Write the region's code.",
        example: Some("region: eu-west-1"),
    },
    Code {
        code: "E014",
        title: "account",
        explanation: "An account is twelve digits. Without quotes it would be a number, which loses a zero in front.",
        fix: "Write the twelve digits in quotes, without hyphens. `aws sts get-caller-identity` prints them.",
        example: Some("account: \"111122223333\""),
    },
    Code {
        code: "E015",
        title: "tags",
        explanation: "AWS limits keys of tags to 128 characters, values to 256, and reserves `aws:` for itself. `wharf:` is how wharf knows what it owns. A resource takes 50 tags, of which wharf leaves 40 to the file.",
        fix: "Rename, shorten or remove the tag.",
        example: Some("tags: { team: notes, cost-center: \"4711\" }"),
    },
    Code {
        code: "E020",
        title: "`${…}`",
        explanation: "Only `${app}` and `${env}` are replaced, so that whoever reads the file knows the result. `${env}` has no value in a file without environments.",
        fix: "Write the value out. A variable of the container's shell is written `$NAME`, without braces.",
        example: Some("secrets:\n  DATABASE_URL: \"ssm:/notes/${env}/database_url\""),
    },
    Code {
        code: "E021",
        title: "`--env` is missing",
        explanation: "The file declares environments. Each is a stack of its own, and wharf does not guess which is meant.",
        fix: "Add `--env NAME` with one of the names in the message.",
        example: None,
    },
    Code {
        code: "E022",
        title: "`--env` names no environment",
        explanation: "The environment asked for is not declared, or the file declares none at all.",
        fix: "Correct the name, or declare it under `environments`.",
        example: Some("environments:\n  staging: {}\n  prod: {}"),
    },
    Code {
        code: "E023",
        title: "an environment changes what it must not, or what is not there",
        explanation: "An environment may change what the base says, and may add a complete service. A name that the base does not have is usually misspelt, and the change would silently not happen. `version`, `wharf`, `app` and `environments` are the same for all.",
        fix: "Correct the name, or write the added service out in full, with its image.",
        example: Some("environments:\n  prod:\n    services:\n      api: { cpu: 1 }"),
    },
    Code {
        code: "E024",
        title: "`null` removes nothing",
        explanation: "In an environment `null` removes what the base says. The base says nothing here, so the line has no effect.",
        fix: "Remove the line, or check how the key is spelt.",
        example: None,
    },
    Code {
        code: "E025",
        title: "`--from` with an environment that is declared",
        explanation: "`--env NAME --from OTHER` makes an environment that the file does not declare, like one that it does: for a pull request, say. The name given is declared, so it says itself what it is.",
        fix: "Leave out `--from`, or choose a name that the file does not declare.",
        example: None,
    },
];
