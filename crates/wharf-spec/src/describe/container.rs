//! What services, jobs and sidecars say about a container.

use super::place::USE;
use super::{Key, Map, ONE_OR_MORE, Shape, TEXTS, key};

pub(super) const PLATFORM: Key =
    key("platform", Shape::Word(&["linux/amd64", "linux/arm64"]), "CPU architecture of the task")
        .default("linux/amd64", "most images are built for it")
        .examples(&["\"linux/arm64\""]);

pub(super) const BUILD: &Map = &Map {
    id: "build",
    what: "a build",
    keys: &[
        key("context", Shape::Text, "Folder whose files the build may use, relative to the spec")
            .default(".", "the folder of the spec")
            .examples(&["\".\"", "\"./web\""]),
        key("file", Shape::Text, "The Dockerfile, relative to the context")
            .default("Dockerfile", "the usual name")
            .examples(&["\"Dockerfile\""]),
        PLATFORM,
    ],
};

pub(super) const BUILD_SHAPE: Shape = Shape::Any(&[Shape::Map(BUILD), Shape::Text]);

pub(super) const IMAGES: &Map = &Map {
    id: "images_entry",
    what: "an entry of `images`",
    keys: &[
        key(
            "tag",
            Shape::Text,
            "Tag in a repository named after the entry; resolved to a digest on every plan",
        )
        .absent("named by digest, or built")
        .examples(&["\"v1\""]),
        key(
            "digest",
            Shape::Match("^sha256:[0-9a-f]{64}$"),
            "Digest in a repository named after the entry",
        )
        .absent("named by tag, or built"),
        key(
            "build",
            BUILD_SHAPE,
            "How the image is built; it goes to a repository named after the entry",
        )
        .absent("somebody pushes it")
        .examples(&["\".\""]),
    ],
};

pub(super) const IMAGE: &Map = &Map {
    id: "image",
    what: "an image",
    keys: &[
        key("tag", Shape::Text, "Tag in the own repository; resolved to a digest on every plan")
            .absent("named by digest, or built")
            .examples(&["\"v1\""]),
        key("digest", Shape::Match("^sha256:[0-9a-f]{64}$"), "Digest in the own repository")
            .absent("named by tag, or built"),
        key("build", BUILD_SHAPE, "Built and pushed by wharf to the own repository")
            .absent("somebody pushes it"),
        PLATFORM,
    ],
};

pub(super) const IMAGE_KEY: Key = key(
    "image",
    Shape::Any(&[Shape::Map(IMAGE), Shape::Text]),
    "The container image: in the own repository (a map), or a full reference, an entry of `images`, or `keep`",
)
.absent("built, or that of the only service")
.examples(&["{\"tag\": \"v1\"}", "\"nginx:1.27\"", "\"keep\""]);

pub(super) const BUILD_KEY: Key = key(
    "build",
    BUILD_SHAPE,
    "Short for `image: { build: … }`: built and pushed by wharf to the own repository",
)
.absent("somebody pushes the image")
.examples(&["\".\"", "{\"context\": \".\", \"file\": \"Dockerfile\"}"]);

pub(super) const REPOSITORY: &Map = &Map {
    id: "repository",
    what: "a repository",
    keys: &[
        key(
            "tags",
            Shape::Word(&["mutable", "immutable"]),
            "Whether a pushed tag may be pushed again",
        )
        .default("mutable", "a tag such as `latest` can be used"),
        key("keep", Shape::Whole(1, 10_000), "How many images are kept; older ones expire")
            .default("100", "enough to roll back, and bounded"),
    ],
};

pub(super) const REPOSITORY_KEY: Key =
    key("repository", Shape::Map(REPOSITORY), "Settings of the own repository").absent("see there");

pub(super) const CPU: Key = key(
    "cpu",
    Shape::Number(&["0.25", "0.5", "1", "2", "4", "8", "16", "32"]),
    "vCPU of a task; the pair with `memory` must be one Fargate has",
)
.default("0.25", "the least that goes with the memory")
.examples(&["0.25", "1"]);

pub(super) const MEMORY: Key =
    key("memory", Shape::Size, "Memory of a task; 1GB is 1024 MiB, as Fargate counts")
        .default("512MB", "the least that goes with the CPU")
        .examples(&["\"512MB\"", "\"1GB\""]);

pub(super) const ENTRYPOINT: Key = key("entrypoint", TEXTS, "What runs the command")
    .absent("what the image says")
    .examples(&["[\"/bin/tini\", \"--\"]"]);

pub(super) const COMMAND: Key = key("command", TEXTS, "What the container runs, a word each")
    .absent("what the image says")
    .examples(&["[\"bin/serve\"]"]);

pub(super) const USER: Key = key("user", Shape::Text, "User inside the container")
    .absent("what the image says")
    .examples(&["\"app\""]);

pub(super) const STOP_TIMEOUT: Key =
    key("stop_timeout", Shape::Duration, "From SIGTERM to SIGKILL, from 2s to 120s")
        .default("30s", "the default of ECS")
        .examples(&["\"30s\""]);

pub(super) const ENV: Key = key(
    "env",
    Shape::Named(&Shape::Text),
    "Plain variables; what looks like a credential is refused",
)
.default("{}", "none")
.examples(&["{\"LOG_LEVEL\": \"info\"}"]);

pub(super) const SECRETS: Key = key(
    "secrets",
    Shape::Named(&Shape::Match("^(ssm:/|sm:).+")),
    "Variables whose values live elsewhere: `ssm:/path` or `sm:name#key`",
)
.default("{}", "none")
.examples(&["{\"DATABASE_URL\": \"ssm:/notes/database_url\"}"]);

pub(super) const STATEMENT: &Map = &Map {
    id: "statement",
    what: "a permission",
    keys: &[
        key("allow", ONE_OR_MORE, "Actions; `*` and `?` match")
            .required()
            .examples(&["[\"s3:GetObject\"]"]),
        key("on", ONE_OR_MORE, "ARNs, which may contain `*`")
            .required()
            .examples(&["[\"arn:aws:s3:::notes-files/*\"]"]),
    ],
};

pub(super) const PERMISSIONS: Key = key(
    "permissions",
    Shape::Any(&[Shape::List(&Shape::Map(STATEMENT)), Shape::Map(USE), Shape::Match("^arn:")]),
    "What the code may do on AWS: statements of the task role, or the ARN of a role owned elsewhere",
)
.default("[]", "nothing")
.examples(&["[{\"allow\": [\"s3:GetObject\"], \"on\": [\"arn:aws:s3:::notes-files/*\"]}]"]);

pub(super) const LOGS: &Map = &Map {
    id: "logs",
    what: "a log setting",
    keys: &[key(
        "retain",
        Shape::Any(&[Shape::Duration, Shape::Word(&["forever"])]),
        "How long lines are kept: days that CloudWatch has, or `forever`",
    )
    .default("30d", "long enough to look into an incident, and bounded")
    .examples(&["\"30d\""])],
};

pub(super) const LOGS_KEY: Key =
    key("logs", Shape::Map(LOGS), "How long logs stay").absent("see there");

pub(super) const CONTAINER_HEALTH: &Map = &Map {
    id: "container_health",
    what: "a container health check",
    keys: &[
        key("command", TEXTS, "`CMD` and its words, or `CMD-SHELL` and a line")
            .required()
            .examples(&["[\"CMD\", \"bin/worker\", \"ping\"]"]),
        key("interval", Shape::Duration, "Between two checks, from 5s to 5m")
            .default("30s", "the default of ECS"),
        key("timeout", Shape::Duration, "How long the command may take, from 2s to 60s")
            .default("5s", "the default of ECS"),
        key("retries", Shape::Whole(1, 10), "Failures until unhealthy")
            .default("3", "the default of ECS"),
        key("start_period", Shape::Duration, "After a start, failures are ignored; up to 5m")
            .default("0s", "the default of ECS"),
    ],
};

pub(super) const CONTAINER_HEALTH_KEY: Key = key(
    "container_health",
    Shape::Any(&[Shape::Map(CONTAINER_HEALTH), TEXTS]),
    "A command inside the container that tells whether it is well",
)
.absent("none is run")
.examples(&["[\"CMD\", \"bin/worker\", \"ping\"]"]);

pub(super) const DEPENDS_ON: Key = key(
    "depends_on",
    Shape::Named(&Shape::Word(&["start", "complete", "success", "healthy"])),
    "Containers of the task that must have come this far first",
)
.default("{}", "all start together")
.examples(&["{\"proxy\": \"healthy\"}"]);

pub(super) const WAIVE_SHAPE: Shape =
    Shape::Any(&[Shape::List(&Shape::Match("^W1[0-9]{2}$")), Shape::Match("^W1[0-9]{2}$")]);
pub(super) const WAIVE_ABOUT: &str = "Codes of warnings that are known and accepted here";

pub(super) const WAIVE: Key = key("waive", WAIVE_SHAPE, WAIVE_ABOUT)
    .default("[]", "all warnings are shown")
    .examples(&["[\"W107\"]"]);

pub(super) const fn timeout(default: &'static str, why: &'static str) -> Key {
    key("timeout", Shape::Duration, "How long a run may take, from 1m to 7d").default(default, why)
}

pub(super) const RELEASE_TASK: &Map = &Map {
    id: "release",
    what: "a release",
    keys: &[
        IMAGE_KEY,
        BUILD_KEY,
        PLATFORM,
        REPOSITORY_KEY,
        CPU,
        MEMORY,
        ENTRYPOINT,
        COMMAND,
        USER,
        STOP_TIMEOUT,
        ENV,
        SECRETS,
        PERMISSIONS,
        LOGS_KEY,
        timeout("15m", "long enough for a migration"),
        WAIVE,
    ],
};
