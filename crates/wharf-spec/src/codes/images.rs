//! E040 to E059: images, secrets, variables.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E040",
        title: "image",
        explanation: "The image is not written as a registry would understand it, is named in two ways at once, or has two platforms. `{ tag: … }` and `{ digest: … }` are images in the service's own repository; a plain text is a full reference to an image that exists elsewhere.",
        fix: "Correct the reference. A tag of the own repository is a map, not a text.",
        example: Some("image: { tag: v1 }\n# or\nimage: public.ecr.aws/nginx/nginx:1.27"),
    },
    Code {
        code: "E041",
        title: "`--image` names no service",
        explanation: "`--image SERVICE=REF` gives one service another image for this run. The file has no service of that name.",
        fix: "Correct the name of the service.",
        example: None,
    },
    Code {
        code: "E050",
        title: "reference to a secret",
        explanation: "Values of secrets never stand in the file. Under `secrets` there is a reference to where the value lives; ECS reads it when a task starts, and wharf never does.",
        fix: "Store the value with the command in the message, and write the reference. `ssm:` names a parameter of Systems Manager, `sm:` a secret of Secrets Manager, `#` a key inside it.",
        example: Some(
            "secrets:\n  DATABASE_URL: ssm:/notes/prod/database_url\n  STRIPE_KEY: sm:notes/prod#stripe_key",
        ),
    },
    Code {
        code: "E051",
        title: "credential in plain sight",
        explanation: "The value looks like a password, a key or a token. The file is read by everybody who reviews it, and plain variables are shown to everybody who may look at a task definition.",
        fix: "Store it with the command in the message, and move the variable from `env` to `secrets`. If it ever was in a shared file, change the credential itself, too.",
        example: Some("secrets:\n  API_TOKEN: ssm:/notes/prod/api_token"),
    },
    Code {
        code: "E052",
        title: "name of a variable",
        explanation: "Variables have letters, digits and `_` and do not begin with a digit; shells cannot name others. The same name cannot stand under `env` and `secrets` both.",
        fix: "Rename the variable, or keep one of the two.",
        example: Some("env: { LOG_LEVEL: info }"),
    },
    Code {
        code: "E042",
        title: "a build",
        explanation: "A build uses a folder beside the spec, so that it gives the same on every machine. Places on one machine only, or elsewhere, cannot be used.",
        fix: "Name a folder from where the spec is.",
        example: Some("build: { context: ./web, file: Dockerfile }"),
    },
    Code {
        code: "E043",
        title: "a sidecar",
        explanation: "A sidecar runs an image that exists elsewhere, and takes part of the CPU and memory that the task has.",
        fix: "Correct the value that the message points at.",
        example: Some(
            "sidecars:\n  otel: { image: \"otel/opentelemetry-collector:0.100.0\", memory: 128MB }",
        ),
    },
    Code {
        code: "E045",
        title: "`after`",
        explanation: "`after` names other services of the file that are rolled out first.",
        fix: "Correct the name, or remove it.",
        example: Some("after: [api]"),
    },
    Code {
        code: "E044",
        title: "`depends_on`",
        explanation: "`depends_on` names containers of the same task and how far they must have come. ECS accepts `healthy` only of a container with a health check, and `complete` or `success` only of one that is not essential; containers that wait for each other never start.",
        fix: "Correct what the message points at. For the order of services, use `after`.",
        example: Some("depends_on: { proxy: healthy }"),
    },
    Code {
        code: "E046",
        title: "`renamed_from`",
        explanation: "`renamed_from` names what a service was called before. A service that still exists cannot have become another, and one cannot have become two. Its repository and log group keep the old name, so nothing else may go by it.",
        fix: "Remove the old service, or the line.",
        example: Some("renamed_from: web"),
    },
    Code {
        code: "E047",
        title: "one name twice",
        explanation: "A service, a job or the release have the same name. Their repositories, log groups and roles are named after them and would be the same.",
        fix: "Give one of them another name.",
        example: None,
    },
];
