//! The top level, and what an environment may say.

use super::container::{IMAGES, RELEASE_TASK};
use super::place::{BALANCER, CLUSTER, DESTROY, NETWORK};
use super::run::{DEFAULTS, JOB, SERVICE};
use super::{Key, Map, NAME, Shape, TEXTS, key};

/// The whole file.
pub const ROOT: &Map = &Map {
    id: "spec", what: "the spec",
    keys: &[
        key("version", Shape::Whole(1, 1), "Version of this format").required().examples(&["1"]),
        key("app", NAME, "Name of the application; the first part of every AWS name")
            .required()
            .examples(&["\"notes\""]),
        key("wharf", Shape::Text, "Versions of the tool that may use the file")
            .absent("any version may use the file")
            .examples(&["\">=0.1, <1\""]),
        ACCOUNT,
        REGION.required(),
        TAGS,
        NETWORK_KEY,
        CLUSTER_KEY,
        BALANCER_KEY,
        IMAGES_KEY,
        DEFAULTS_KEY,
        RELEASE_KEY,
        SERVICES.required(),
        JOBS,
        PROTECT,
        DESTROY_KEY,
        WAIVE,
        key(
            "environments",
            Shape::Named(&Shape::Map(ENVIRONMENT)),
            "What differs between environments: maps merge, scalars and lists replace, null removes",
        )
        .absent("one stack, used without `--env`")
        .examples(&["{\"staging\": {}, \"prod\": {}}"]),
    ],
};

/// One entry of `environments`: what may differ.
pub const ENVIRONMENT: &Map = &Map {
    id: "environment",
    what: "the spec",
    keys: &[
        ACCOUNT,
        REGION,
        TAGS,
        NETWORK_KEY,
        CLUSTER_KEY,
        BALANCER_KEY,
        IMAGES_KEY,
        DEFAULTS_KEY,
        RELEASE_KEY,
        SERVICES,
        JOBS,
        PROTECT,
        DESTROY_KEY,
        WAIVE,
    ],
};

const ACCOUNT: Key = key(
    "account",
    Shape::Match("^[0-9]{12}$"),
    "The only account the file may be applied to: twelve digits in quotes",
)
.absent("any account")
.examples(&["\"111122223333\""]);

const REGION: Key = key(
    "region",
    Shape::Match("^[a-z]{2}(-[a-z]+)+-[0-9]+$"),
    "AWS region of everything but roles and DNS",
)
.examples(&["\"eu-west-1\""]);

const TAGS: Key =
    key("tags", Shape::Named(&Shape::Text), "Put on everything that takes tags; 40 at most")
        .default("{}", "only wharf's own tags")
        .examples(&["{\"team\": \"notes\"}"]);

const NETWORK_KEY: Key = key("network", Shape::Map(NETWORK), "Where tasks and balancer stand")
    .absent("the region's default VPC");

const CLUSTER_KEY: Key = key(
    "cluster",
    Shape::Any(&[Shape::Map(CLUSTER), Shape::Text]),
    "A cluster owned elsewhere that the services run in",
)
.absent("wharf makes a cluster for the stack")
.examples(&["{\"use\": \"shared\"}"]);

const BALANCER_KEY: Key = key(
    "balancer",
    Shape::Map(BALANCER),
    "The load balancer in front of all services that have a port",
)
.absent("a public one, if a service has a port");

const IMAGES_KEY: Key = key(
    "images",
    Shape::Named(&Shape::Any(&[Shape::Map(IMAGES), Shape::Text])),
    "Images under names that services and jobs may use as `image: NAME`",
)
.absent("none are named")
.examples(&["{\"main\": {\"build\": \".\"}}"]);

const DEFAULTS_KEY: Key =
    key("defaults", Shape::Map(DEFAULTS), "Settings merged under every service and job")
        .absent("none");

const RELEASE_KEY: Key = key(
    "release",
    Shape::Map(RELEASE_TASK),
    "A command that runs before any service is touched; when it fails, the apply stops",
)
.absent("nothing runs first")
.examples(&["{\"command\": [\"bin/migrate\", \"up\"], \"timeout\": \"15m\"}"]);

const SERVICES: Key =
    key("services", Shape::Named(&Shape::Map(SERVICE)), "The services by name; 100 at most");

const JOBS: Key = key(
    "jobs",
    Shape::Named(&Shape::Map(JOB)),
    "Containers that run to their end, at certain times or when somebody asks",
)
.absent("none")
.examples(&[
    "{\"report\": {\"command\": [\"bin/report\"], \"schedule\": {\"cron\": \"30 2 * * *\"}}}",
]);

const PROTECT: Key = key(
    "protect",
    TEXTS,
    "What destroy and replace refuse to touch: a kind such as `balancer`, or an address such as `repository.web`",
)
.default("[]", "nothing is protected")
.examples(&["[\"balancer\", \"repository\"]"]);

const DESTROY_KEY: Key =
    key("destroy", Shape::Map(DESTROY), "What outlives `wharf destroy`").absent("nothing does");

const WAIVE: Key = key("waive", super::container::WAIVE_SHAPE, super::container::WAIVE_ABOUT)
    .default("[]", "all warnings are shown");
