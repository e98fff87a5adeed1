//! Services, their sidecars, and jobs.

use super::container::{
    BUILD_KEY, COMMAND, CONTAINER_HEALTH_KEY, CPU, DEPENDS_ON, ENTRYPOINT, ENV, IMAGE_KEY,
    LOGS_KEY, MEMORY, PERMISSIONS, PLATFORM, REPOSITORY_KEY, SECRETS, STOP_TIMEOUT, USER, WAIVE,
    timeout,
};
use super::rollout::{CRON, DEPLOY_KEY, DOMAIN_KEY, HEALTH_KEY, ROUTE_KEY, SCALE_KEY, TIMEZONE};
use super::{Key, Map, NAME, ONE_OR_MORE, Shape, key};

pub(super) const SERVICE: &Map = &Map { id: "service", what: "a service", keys: SERVICE_KEYS };

/// Settings merged under every service and job.
pub(super) const DEFAULTS: &Map = &Map { id: "defaults", what: "a service", keys: SERVICE_KEYS };

const SERVICE_KEYS: &[Key] = &[
    key(
        "renamed_from",
        NAME,
        "What the service was called before. Its repository, log group and rules keep that name, for AWS renames none of them; the rest is made anew beside the old, which answers until then. The line stays as long as they do",
    )
    .absent("it was always called so"),
    IMAGE_KEY,
    BUILD_KEY,
    PLATFORM,
    REPOSITORY_KEY,
    CPU,
    MEMORY,
    key("port", Shape::Whole(1, 65_535), "The port the container listens on")
        .absent("a worker, which gets no requests")
        .examples(&["8080"]),
    ENTRYPOINT,
    COMMAND,
    USER,
    STOP_TIMEOUT,
    HEALTH_KEY,
    CONTAINER_HEALTH_KEY,
    DOMAIN_KEY,
    ROUTE_KEY,
    ENV,
    SECRETS,
    PERMISSIONS,
    SCALE_KEY,
    key(
        "spot",
        Shape::Percent(0, 100),
        "Share of the tasks on spare capacity (Fargate Spot), which AWS may take back at two minutes' \
         notice; below 100 %, one task is never among them, and the share is that of the others",
    )
    .default("0%", "no task is taken away")
    .examples(&["\"50%\""]),
    DEPLOY_KEY,
    key("after", ONE_OR_MORE, "Services that must be rolled out before this one")
        .default("[]", "all roll out together")
        .examples(&["[\"api\"]"]),
    key(
        "sidecars",
        Shape::Named(&Shape::Map(SIDECAR)),
        "Containers beside the service's own, by name",
    )
    .default("{}", "none"),
    DEPENDS_ON,
    LOGS_KEY,
    key("exec", Shape::Bool, "Whether a shell in a running task is possible")
        .default("false", "nobody can enter a task"),
    WAIVE,
];

const SIDECAR: &Map = &Map {
    id: "sidecar",
    what: "a sidecar",
    keys: &[
        key("image", Shape::Text, "Full reference of the image, or an entry of `images`")
            .required()
            .examples(&["\"public.ecr.aws/nginx/nginx:1.27\""]),
        key("essential", Shape::Bool, "Whether the task ends when this container does")
            .default("true", "a task without it would not be whole"),
        key("cpu", Shape::Number(&[]), "vCPU of the task reserved for it")
            .absent("shared with the others"),
        key("memory", Shape::Size, "The most it may use of the task's memory")
            .absent("what the task has"),
        ENTRYPOINT,
        COMMAND,
        USER,
        CONTAINER_HEALTH_KEY,
        ENV,
        SECRETS,
        DEPENDS_ON,
    ],
};

pub(super) const JOB: &Map = &Map {
    id: "job",
    what: "a job",
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
        key(
            "schedule",
            Shape::Any(&[Shape::Map(SCHEDULE), Shape::Text]),
            "When it runs; a text is the cron expression",
        )
        .absent("only when somebody asks")
        .examples(&["{\"cron\": \"30 2 * * *\", \"timezone\": \"Europe/Berlin\"}"]),
        key("retries", Shape::Whole(0, 10), "How often a run that failed is started again")
            .default("0", "a job may not bear being run twice"),
        timeout("1h", "long enough for most, and bounded"),
        LOGS_KEY,
        WAIVE,
    ],
};

const SCHEDULE: &Map = &Map {
    id: "schedule",
    what: "a schedule",
    keys: &[
        CRON,
        key("rate", Shape::Duration, "Every so often, a whole number of minutes")
            .absent("a cron expression")
            .examples(&["\"15m\""]),
        TIMEZONE,
    ],
};
