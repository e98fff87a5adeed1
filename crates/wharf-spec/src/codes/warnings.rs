//! W100 to W199: what can be applied, and is probably not meant.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "W101",
        title: "a name will be shortened",
        explanation: "AWS limits the names of balancers and target groups to 32 characters and those of roles to 64. The combined name is longer, so its end becomes a hash. It stays the same from run to run, but is harder to recognise in the console.",
        fix: "Shorten the name of the app, the environment or the service, before the first apply.",
        example: None,
    },
    Code {
        code: "W102",
        title: "`balancer` without a service that needs it",
        explanation: "No service has a `port`, so there is no balancer, and what is said about it has no effect.",
        fix: "Give a service its `port`, or remove `balancer`.",
        example: None,
    },
    Code {
        code: "W103",
        title: "a permission for everything",
        explanation: "The statement allows every action of AWS. Whoever takes over the container takes over what the account holds.",
        fix: "Name the actions that the code calls.",
        example: Some(
            "permissions:\n  - { allow: [\"s3:GetObject\"], on: [\"arn:aws:s3:::notes-files/*\"] }",
        ),
    },
    Code {
        code: "W104",
        title: "a region wharf does not know",
        explanation: "The value has the form of a region and is not in the list this version was built with. AWS may have opened it since; a misspelt one shows as a host that cannot be found.",
        fix: "Check how it is spelt.",
        example: None,
    },
    Code {
        code: "W105",
        title: "`repository` without an image in it",
        explanation: "The service's image lives elsewhere, so no repository is made for it and its settings have no effect.",
        fix: "Remove `repository`, or keep the image in the service's own one: `image: { tag: … }`.",
        example: None,
    },
    Code {
        code: "W106",
        title: "an image of Docker Hub, probably not meant",
        explanation: "A plain word is the name of an image of Docker Hub. This one looks like a tag, or like a misspelt entry of `images`.",
        fix: "Write `image: { tag: … }` for a tag in the service's own repository, or correct the name.",
        example: Some("image: { tag: v1 }"),
    },
    Code {
        code: "W107",
        title: "a host without certificate",
        explanation: "Another service has a `domain`, so all HTTP requests are redirected to HTTPS, and no certificate covers this host. Browsers will refuse it.",
        fix: "Add the host to the names of a `domain`.",
        example: Some("domain: { names: [shop.example.com, api.example.com] }"),
    },
    Code {
        code: "W116",
        title: "a schedule that may not be meant",
        explanation: "The expression is good, and does not run as evenly as it looks: steps that do not divide the hour or the day begin anew with each, and days 29 to 31 are missing in some months.",
        fix: "Choose a step that divides 60 or 24, or `L` for the last day of the month, or waive the warning.",
        example: None,
    },
    Code {
        code: "W119",
        title: "`waive` without a warning",
        explanation: "The waived code occurs in no environment of the file. A waiver that is no longer needed would hide the next warning of its kind.",
        fix: "Remove the code from `waive`.",
        example: None,
    },
];
