//! How many tasks there are, how requests reach them, and how new ones replace old ones.

use super::place::USE;
use super::{Key, Map, ONE_OR_MORE, Shape, TEXTS, key};

pub(super) const HEALTH: &Map = &Map {
    id: "health",
    what: "a health check",
    keys: &[
        key("path", Shape::Match("^/"), "Path requested on the port")
            .default("/", "most programs answer there")
            .examples(&["\"/healthz\""]),
        key("interval", Shape::Duration, "Between two checks, from 5s to 5m")
            .default("10s", "a broken task is noticed within half a minute"),
        key(
            "timeout",
            Shape::Duration,
            "How long to wait for an answer; shorter than the interval",
        )
        .default("5s", "the default of the balancer"),
        key("good", Shape::Whole(2, 10), "Successes in a row that make a task healthy")
            .default("2", "the least a balancer takes"),
        key("bad", Shape::Whole(2, 10), "Failures in a row that make a task unhealthy")
            .default("3", "one lost answer is no reason to replace a task"),
        key("grace", Shape::Duration, "After a start, failures are ignored; up to 7d")
            .default("60s", "most programs have started by then"),
        key("codes", Shape::Text, "Status codes of success, from 200 to 499")
            .default("200-299", "every success")
            .examples(&["\"200-299\"", "\"200,301\""]),
    ],
};

pub(super) const HEALTH_KEY: Key = key(
    "health",
    Shape::Any(&[Shape::Map(HEALTH), Shape::Match("^/")]),
    "How the balancer checks a task; needs `port`",
)
.absent("see there")
.examples(&["\"/healthz\"", "{\"path\": \"/healthz\", \"interval\": \"10s\"}"]);

pub(super) const DOMAIN: &Map = &Map {
    id: "domain",
    what: "a domain",
    keys: &[
        key("names", ONE_OR_MORE, "Full names in lower case, the main one first")
            .required()
            .examples(&["[\"notes.example.com\"]"]),
        key("zone", Shape::Text, "Where the records go: `auto`, a name, an id, or `external`")
            .default("auto", "the zone of the account with the longest matching name")
            .examples(&["\"example.com\"", "\"external\""]),
        key(
            "certificate",
            Shape::Any(&[Shape::Match("^(auto|arn:.+)$"), Shape::Map(USE)]),
            "`auto`, or the ARN of one in the same region",
        )
        .default("auto", "wharf requests and validates one"),
        key("tls", Shape::Match("^(modern|ELBSecurityPolicy-.+)$"), "Policy of the HTTPS listener")
            .default("modern", "TLS 1.2 and 1.3"),
    ],
};

pub(super) const DOMAIN_KEY: Key = key(
    "domain",
    Shape::Any(&[Shape::Map(DOMAIN), TEXTS, Shape::Text]),
    "Names under which the service is published, with HTTPS; needs `port`",
)
.absent("reached under the balancer's own name")
.examples(&[
    "\"notes.example.com\"",
    "{\"names\": [\"notes.example.com\"], \"zone\": \"example.com\"}",
]);

pub(super) const ROUTE: &Map = &Map {
    id: "route",
    what: "a route",
    keys: &[
        key("host", ONE_OR_MORE, "Hosts whose requests come here; `*` and `?` match")
            .absent("the names of the domain, else all")
            .examples(&["\"shop.example.com\""]),
        key("path", ONE_OR_MORE, "Paths whose requests come here; `*` and `?` match")
            .absent("all paths")
            .examples(&["\"/api/*\""]),
    ],
};

pub(super) const ROUTE_KEY: Key =
    key("route", Shape::Map(ROUTE), "Which requests come here; needs `port`")
        .absent("all requests for the domain, or all that no other service wants");

pub(super) const SCALE: &Map = &Map {
    id: "scale",
    what: "a scale",
    keys: &[
        key("min", Shape::Whole(0, 5000), "Fewest tasks").required(),
        key("max", Shape::Whole(0, 5000), "Most tasks").required(),
        key("cpu", Shape::Percent(1, 100), "Average CPU aimed at, percent").absent("not looked at"),
        key("memory", Shape::Percent(1, 100), "Average memory aimed at, percent")
            .absent("not looked at"),
        key("requests", Shape::Whole(1, 10_000_000), "Requests per task and minute aimed at")
            .absent("not looked at"),
        key(
            "cooldown",
            Shape::Any(&[Shape::Map(COOLDOWN), Shape::Duration]),
            "How long to wait between two changes",
        )
        .absent("see there"),
        key(
            "schedule",
            Shape::Named(&Shape::Map(SCALE_TIME)),
            "Other ranges from certain times on, by name; one holds until the next, `min` and `max` above \
             until the first",
        )
        .default("{}", "the same range at all times"),
    ],
};

const COOLDOWN: &Map = &Map {
    id: "cooldown",
    what: "a cooldown",
    keys: &[
        key("out", Shape::Duration, "After tasks were added")
            .default("5m", "the default of the autoscaler"),
        key("in", Shape::Duration, "After tasks were removed")
            .default("5m", "the default of the autoscaler"),
    ],
};

pub(super) const CRON: Key =
    key("cron", Shape::Text, "Minute, hour, day of the month, month, day of the week")
        .absent("a rate")
        .examples(&["\"30 2 * * *\""]);

pub(super) const TIMEZONE: Key =
    key("timezone", Shape::Text, "Time zone the expression is read in")
        .default("UTC", "the same instant everywhere, all year")
        .examples(&["\"Europe/Berlin\""]);

const SCALE_TIME: &Map = &Map {
    id: "scale_time",
    what: "a time of a scale",
    keys: &[
        CRON.required(),
        TIMEZONE,
        key("min", Shape::Whole(0, 5000), "Fewest tasks from then on").required(),
        key("max", Shape::Whole(0, 5000), "Most tasks from then on").required(),
    ],
};

pub(super) const SCALE_KEY: Key = key(
    "scale",
    Shape::Any(&[Shape::Map(SCALE), Shape::Whole(0, 5000)]),
    "Number of tasks: fixed, or a range within which the autoscaler decides",
)
.default("1", "one task")
.examples(&["2", "{\"min\": 2, \"max\": 10, \"cpu\": 60}"]);

pub(super) const DEPLOY: &Map = &Map {
    id: "deploy",
    what: "a deploy setting",
    keys: &[
        key(
            "strategy",
            Shape::Word(&["rolling", "blue-green", "linear", "canary"]),
            "How requests move to new tasks",
        )
        .default("rolling", "task by task, without a second set of tasks"),
        key("bake", Shape::Duration, "How long the old tasks stay when all requests have moved")
            .default("5m", "time to see errors while going back is quick"),
        key("step", Shape::Percent(1, 100), "Share of the requests moved at once")
            .absent("moved as the strategy says"),
        key("interval", Shape::Duration, "Between two moves").absent("as the strategy says"),
        key(
            "max_failures",
            Shape::Whole(1, 200),
            "Failed tasks after which a rollout is rolled back",
        )
        .default("3", "a second chance, and no endless loop"),
        key("rollback_on_alarms", TEXTS, "CloudWatch alarms that roll a rollout back")
            .default("[]", "no alarm is watched")
            .examples(&["[\"notes-5xx\"]"]),
        key("drain", Shape::Duration, "Time for open requests when a task goes; up to 1h")
            .default("30s", "longer than most requests take"),
        key(
            "timeout",
            Shape::Duration,
            "How long `wharf apply` waits for a rollout, from 1m to 1d",
        )
        .default("10m", "a rollout of a few tasks takes three to five minutes"),
        key("min_healthy", Shape::Percent(0, 100), "Least share of healthy tasks during a rollout")
            .default("100%", "no task is stopped before its successor is well"),
        key(
            "max_running",
            Shape::Percent(100, 200),
            "Largest share of running tasks during a rollout",
        )
        .default("200%", "all new tasks may start at once"),
    ],
};

pub(super) const DEPLOY_KEY: Key =
    key("deploy", Shape::Map(DEPLOY), "How new tasks replace old ones").absent("see there");
