//! E030 to E039: sizes, durations, ranges, health checks.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E030",
        title: "size of a task",
        explanation: "Fargate has certain amounts of CPU, and for each of them certain amounts of memory. Any other pair is refused by AWS when the task definition is registered.",
        fix: "Use one of the pairs in the message; docs/spec.md has the whole table. With only one of `cpu` and `memory` given, the least that fits is chosen for the other.",
        example: Some("cpu: 0.5\nmemory: 1GB"),
    },
    Code {
        code: "E031",
        title: "a size",
        explanation: "Sizes are a number with the unit `MB` or `GB`, where 1 GB is 1024 MiB, as Fargate counts.",
        fix: "Add the unit, or replace the one from elsewhere (`512Mi` is `512MB`).",
        example: Some("memory: 512MB"),
    },
    Code {
        code: "E032",
        title: "a duration",
        explanation: "Durations are a whole number with the unit `s`, `m`, `h` or `d`, so that nobody has to know which unit AWS wants.",
        fix: "Add the unit.",
        example: Some("stop_timeout: 30s"),
    },
    Code {
        code: "E033",
        title: "out of range",
        explanation: "The number lies outside what AWS accepts, or two numbers contradict each other, for example a `max` below its `min`.",
        fix: "Choose a value within the range that the message names.",
        example: Some("port: 8080"),
    },
    Code {
        code: "E035",
        title: "health check",
        explanation: "AWS would refuse this health check, or it could never succeed: the timeout must be shorter than the interval, the path begins with a slash, codes lie between 200 and 499, and the command of a container health check begins with `CMD` or `CMD-SHELL`.",
        fix: "Correct the value that the message points at.",
        example: Some("health: { path: /healthz, interval: 10s, timeout: 5s }"),
    },
    Code {
        code: "E036",
        title: "retention of logs",
        explanation: "CloudWatch Logs keeps logs for certain numbers of days only, or for ever.",
        fix: "Use one of the two nearest values, which the message names.",
        example: Some("logs: { retain: 30d }"),
    },
    Code {
        code: "E034",
        title: "a range of tasks",
        explanation: "The autoscaler adds and removes tasks between `min` and `max` to reach something: an average CPU or memory, a number of requests, or the range of a time of day. A range without any of these never moves, and any of these without a range has nothing to decide.",
        fix: "Give the range and what moves it, or write a fixed number.",
        example: Some("scale: { min: 2, max: 10, cpu: 60 }"),
    },
    Code {
        code: "E037",
        title: "a schedule",
        explanation: "A schedule is a cron expression of five fields, read in a time zone of the IANA list, or a rate of whole minutes. EventBridge takes days of the month or days of the week in one expression, not both, and an expression that no date fits would never run.",
        fix: "Correct the part that the message names.",
        example: Some("schedule: { cron: \"30 2 * * *\", timezone: Europe/Berlin }"),
    },
    Code {
        code: "E038",
        title: "strategy of a rollout",
        explanation: "Each strategy has settings of its own, which mean nothing to the others: `bake` belongs to all but `rolling`, `step` and `interval` to `linear` and `canary`. ECS counts the waits in whole minutes. Linear and canary move requests, so they need a `port`. An autoscaler that counts requests counts those of one target group, so it goes with `rolling` alone. Alarms are given by name.",
        fix: "Remove what does not belong, or choose the strategy it belongs to.",
        example: Some("deploy: { strategy: canary, step: 10%, interval: 5m, bake: 10m }"),
    },
    Code {
        code: "E039",
        title: "a rollout that cannot be done in its time",
        explanation: "The waits of the strategy alone, its steps and its `bake`, are longer than `deploy.timeout`, after which wharf gives up. Every apply would fail.",
        fix: "Raise `deploy.timeout`, or shorten the waits.",
        example: Some("deploy: { strategy: canary, interval: 5m, bake: 10m, timeout: 30m }"),
    },
];
