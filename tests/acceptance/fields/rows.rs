//! The rows: each key, and what its value becomes.

use serde_json::{Value, json};

use super::{Row, row};

/// Keys of the top level, and of what all services share.
pub(super) const STACK: &[Row] = &[
    row("the spec", "wharf", "wharf", || json!(">=0.1, <1")),
    row("the spec", "account", "account", || json!("111122223333")),
    row("the spec", "tags", "tags", || json!({ "team": "notes" })),
    row("the spec", "network", "network", || json!({ "vpc": "default" })),
    row("a network", "vpc", "network.vpc", || json!("default")),
    row("a network", "tasks", "network.tasks", || json!("public")),
    row("a network", "balancer", "network.balancer", || json!("public")),
    row("the spec", "balancer", "balancer", || json!({ "idle_timeout": "2m" })),
    row("a balancer", "idle_timeout", "balancer.idle_timeout", || json!("90s")),
    row("a balancer", "allow", "balancer.allow", || json!(["10.0.0.0/8"])),
    row("a balancer", "scheme", "balancer.scheme", || json!("internal")),
    row("the spec", "images", "images.main", || json!({ "tag": "v2" })),
    row("an entry of `images`", "tag", "images.main.tag", || json!("v3")),
    row("the spec", "defaults", "defaults", || json!({ "env": { "SHARED": "1" } })),
    row(
        "the spec",
        "services",
        "services.more",
        || json!({ "image": "main", "command": ["more"] }),
    ),
    row("the spec", "services", "services.more", || Value::Null),
    row("the spec", "protect", "protect", || json!(["balancer"])),
    row("the spec", "protect", "protect", || Value::Null),
    row("the spec", "waive", "waive", || json!(["W111"])),
    row("the spec", "destroy", "destroy", || json!({ "logs": "keep" })),
    row("a destroy setting", "logs", "destroy.logs", || json!("delete")),
    row("a destroy setting", "repository", "destroy.repository", || json!("keep")),
    row("a destroy setting", "repository", "destroy.repository", || json!("delete")),
    row("a destroy setting", "certificate", "destroy.certificate", || json!("keep")),
    row("the spec", "cluster", "cluster", || json!({ "use": "shared" })),
    row("a cluster", "use", "cluster.use", || json!("other")),
    row("the spec", "cluster", "cluster", || Value::Null),
];

/// Keys of a service that takes requests, and of what is in it.
pub(super) const SERVICE: &[Row] = &[
    row("a service", "image", "services.api.image", || json!({ "tag": "v2" })),
    row("an image", "tag", "services.api.image.tag", || json!("v3")),
    row("a service", "memory", "services.api.memory", || json!("1GB")),
    row("a service", "cpu", "services.api.cpu", || json!(0.5)),
    row("a service", "port", "services.api.port", || json!(9090)),
    row("a service", "command", "services.api.command", || json!(["serve"])),
    row("a service", "entrypoint", "services.api.entrypoint", || json!(["/bin/app"])),
    row("a service", "user", "services.api.user", || json!("1000")),
    row("a service", "stop_timeout", "services.api.stop_timeout", || json!("60s")),
    row("a service", "env", "services.api.env", || json!({ "LOG_LEVEL": "info" })),
    row(
        "a service",
        "secrets",
        "services.api.secrets",
        || json!({ "URL": "ssm:/notes/database_url" }),
    ),
    row(
        "a service",
        "permissions",
        "services.api.permissions",
        || json!([{ "allow": ["s3:GetObject"], "on": ["arn:aws:s3:::notes-files/*"] }]),
    ),
    row(
        "a permission",
        "allow",
        "services.api.permissions",
        || json!([{ "allow": ["s3:GetObject", "s3:PutObject"], "on": ["arn:aws:s3:::notes-files/*"] }]),
    ),
    row(
        "a permission",
        "on",
        "services.api.permissions",
        || json!([{ "allow": ["s3:GetObject", "s3:PutObject"], "on": ["arn:aws:s3:::notes-more/*"] }]),
    ),
    row("a service", "logs", "services.api.logs", || json!({ "retain": "7d" })),
    row("a log setting", "retain", "services.api.logs.retain", || json!("14d")),
    row("a service", "exec", "services.api.exec", || json!(true)),
    row("a service", "repository", "services.api.repository", || json!({ "keep": 20 })),
    row("a repository", "keep", "services.api.repository.keep", || json!(30)),
    row("a repository", "tags", "services.api.repository.tags", || json!("immutable")),
    row("a service", "waive", "services.api.waive", || json!(["W111"])),
    row("a service", "after", "services.api.after", || json!(["worker"])),
];

/// How tasks are judged, found and rolled out.
pub(super) const HEALTH: &[Row] = &[
    row("a service", "health", "services.api.health", || json!({ "path": "/up" })),
    row("a health check", "path", "services.api.health.path", || json!("/ready")),
    row("a health check", "interval", "services.api.health.interval", || json!("20s")),
    row("a health check", "timeout", "services.api.health.timeout", || json!("8s")),
    row("a health check", "good", "services.api.health.good", || json!(3)),
    row("a health check", "bad", "services.api.health.bad", || json!(4)),
    row("a health check", "grace", "services.api.health.grace", || json!("90s")),
    row("a health check", "codes", "services.api.health.codes", || json!("200-204")),
    row(
        "a service",
        "container_health",
        "services.api.container_health",
        || json!({ "command": ["CMD", "ping"] }),
    ),
    row("a container health check", "command", "services.api.container_health.command", || {
        json!(["CMD", "pong"])
    }),
    row("a container health check", "interval", "services.api.container_health.interval", || {
        json!("40s")
    }),
    row("a container health check", "timeout", "services.api.container_health.timeout", || {
        json!("9s")
    }),
    row("a container health check", "retries", "services.api.container_health.retries", || {
        json!(5)
    }),
    row(
        "a container health check",
        "start_period",
        "services.api.container_health.start_period",
        || json!("25s"),
    ),
    row("a service", "route", "services.api.route", || json!({ "path": "/api/*" })),
    row("a route", "path", "services.api.route.path", || json!("/v1/*")),
    row("a route", "host", "services.api.route.host", || json!("api.example.com")),
    row("a service", "route", "services.api.route", || Value::Null),
    row("a service", "domain", "services.api.domain", || json!({ "names": ["one.example.com"] })),
    row("a domain", "names", "services.api.domain.names", || {
        json!(["one.example.com", "two.example.com"])
    }),
    row("a domain", "zone", "services.api.domain.zone", || json!("example.com")),
    row("a domain", "tls", "services.api.domain.tls", || json!("modern")),
    row("a domain", "certificate", "services.api.domain.certificate", || json!("auto")),
];

/// How releases are rolled out, and what runs beside a service.
pub(super) const ROLLOUT: &[Row] = &[
    row("a service", "deploy", "services.api.deploy", || json!({ "drain": "20s" })),
    row("a deploy setting", "drain", "services.api.deploy.drain", || json!("25s")),
    row("a deploy setting", "max_failures", "services.api.deploy.max_failures", || json!(5)),
    row("a deploy setting", "timeout", "services.api.deploy.timeout", || json!("20m")),
    row("a deploy setting", "min_healthy", "services.api.deploy.min_healthy", || json!("0%")),
    row("a deploy setting", "max_running", "services.api.deploy.max_running", || json!("175%")),
    row("a deploy setting", "strategy", "services.api.deploy.strategy", || json!("rolling")),
    row("a service", "deploy", "services.api.deploy", || Value::Null),
    row(
        "a service",
        "sidecars",
        "services.api.sidecars",
        || json!({ "proxy": { "image": "public.ecr.aws/docker/library/busybox:1" } }),
    ),
    row("a sidecar", "image", "services.api.sidecars.proxy.image", || {
        json!("public.ecr.aws/docker/library/busybox:2")
    }),
    row("a sidecar", "essential", "services.api.sidecars.proxy.essential", || json!(false)),
    row("a sidecar", "memory", "services.api.sidecars.proxy.memory", || json!("128MB")),
    row("a sidecar", "cpu", "services.api.sidecars.proxy.cpu", || json!(0.125)),
    row("a sidecar", "command", "services.api.sidecars.proxy.command", || json!(["proxy"])),
    row("a sidecar", "entrypoint", "services.api.sidecars.proxy.entrypoint", || json!(["/bin/sh"])),
    row("a sidecar", "user", "services.api.sidecars.proxy.user", || json!("1000")),
    row("a sidecar", "env", "services.api.sidecars.proxy.env", || json!({ "MODE": "fast" })),
    row(
        "a sidecar",
        "secrets",
        "services.api.sidecars.proxy.secrets",
        || json!({ "URL": "ssm:/notes/database_url" }),
    ),
    row(
        "a sidecar",
        "container_health",
        "services.api.sidecars.proxy.container_health",
        || json!({ "command": ["CMD", "ping"] }),
    ),
    row("a service", "depends_on", "services.api.depends_on", || json!({ "proxy": "healthy" })),
    row("a deploy setting", "rollback_on_alarms", "services.api.deploy.rollback_on_alarms", || {
        json!(["notes-errors"])
    }),
    row("a deploy setting", "rollback_on_alarms", "services.api.deploy.rollback_on_alarms", || {
        Value::Null
    }),
    row(
        "a deploy setting",
        "bake",
        "services.api.deploy",
        || json!({ "strategy": "blue-green", "bake": "2m" }),
    ),
    row(
        "a deploy setting",
        "step",
        "services.api.deploy",
        || json!({ "strategy": "linear", "step": "50%", "interval": "1m", "bake": "2m" }),
    ),
    row(
        "a deploy setting",
        "interval",
        "services.api.deploy",
        || json!({ "strategy": "linear", "step": "50%", "interval": "2m", "bake": "2m" }),
    ),
    row("a service", "deploy", "services.api.deploy", || Value::Null),
];

/// How many tasks there are, and on what capacity.
pub(super) const SCALE: &[Row] = &[
    row("a service", "spot", "services.worker.spot", || json!("50%")),
    row("a service", "spot", "services.worker.spot", || Value::Null),
    row("a scale", "min", "services.api.scale", || json!({ "min": 1, "max": 3, "cpu": 50 })),
    row("a scale", "min", "services.api.scale.min", || json!(2)),
    row("a scale", "max", "services.api.scale.max", || json!(4)),
    row("a scale", "cpu", "services.api.scale.cpu", || json!(60)),
    row("a scale", "memory", "services.api.scale.memory", || json!(70)),
    row("a scale", "requests", "services.api.scale.requests", || json!(500)),
    row("a scale", "cooldown", "services.api.scale.cooldown", || json!({ "out": "30s" })),
    row("a cooldown", "out", "services.api.scale.cooldown.out", || json!("40s")),
    row("a cooldown", "in", "services.api.scale.cooldown.in", || json!("2m")),
    row(
        "a scale",
        "schedule",
        "services.api.scale.schedule",
        || json!({ "morning": { "cron": "0 8 * * *", "min": 3, "max": 5 } }),
    ),
    row(
        "a time of a scale",
        "cron",
        "services.api.scale.schedule",
        || json!({ "morning": { "cron": "30 8 * * *", "min": 3, "max": 5 } }),
    ),
    row(
        "a time of a scale",
        "min",
        "services.api.scale.schedule",
        || json!({ "morning": { "cron": "30 8 * * *", "min": 2, "max": 5 } }),
    ),
    row(
        "a time of a scale",
        "max",
        "services.api.scale.schedule",
        || json!({ "morning": { "cron": "30 8 * * *", "min": 2, "max": 6 } }),
    ),
    row(
        "a time of a scale",
        "timezone",
        "services.api.scale.schedule",
        || json!({ "morning": { "cron": "30 8 * * *", "min": 2, "max": 6, "timezone": "Europe/Berlin" } }),
    ),
    row("a service", "scale", "services.api.scale", || json!(2)),
];

/// What runs to its end.
pub(super) const JOBS: &[Row] = &[
    row("the spec", "jobs", "jobs.nightly", || json!({ "image": "main", "command": ["report"] })),
    row("a job", "command", "jobs.nightly.command", || json!(["report", "--all"])),
    row("a job", "image", "jobs.nightly.image", || json!({ "tag": "v1" })),
    row("a job", "repository", "jobs.nightly.repository", || json!({ "keep": 20 })),
    row("a job", "cpu", "jobs.nightly.cpu", || json!(0.5)),
    row("a job", "memory", "jobs.nightly.memory", || json!("2GB")),
    row("a job", "entrypoint", "jobs.nightly.entrypoint", || json!(["/bin/app"])),
    row("a job", "user", "jobs.nightly.user", || json!("1000")),
    row("a job", "stop_timeout", "jobs.nightly.stop_timeout", || json!("60s")),
    row("a job", "env", "jobs.nightly.env", || json!({ "MODE": "fast" })),
    row("a job", "secrets", "jobs.nightly.secrets", || json!({ "URL": "ssm:/notes/database_url" })),
    row(
        "a job",
        "permissions",
        "jobs.nightly.permissions",
        || json!([{ "allow": ["s3:GetObject"], "on": ["arn:aws:s3:::notes-files/*"] }]),
    ),
    row("a job", "logs", "jobs.nightly.logs", || json!({ "retain": "7d" })),
    row("a job", "timeout", "jobs.nightly.timeout", || json!("30m")),
    row("a job", "waive", "jobs.nightly.waive", || json!(["W111"])),
    row("a job", "schedule", "jobs.nightly.schedule", || json!({ "rate": "12h" })),
    row("a schedule", "rate", "jobs.nightly.schedule.rate", || json!("6h")),
    row("a schedule", "cron", "jobs.nightly.schedule", || json!({ "cron": "30 2 * * *" })),
    row("a schedule", "timezone", "jobs.nightly.schedule.timezone", || json!("Europe/Berlin")),
    row("a job", "retries", "jobs.nightly.retries", || json!(2)),
    row("the spec", "jobs", "jobs.nightly", || Value::Null),
    row("the spec", "release", "release", || json!({ "image": "main", "command": ["migrate"] })),
    row("a release", "command", "release.command", || json!(["migrate", "up"])),
    row("a release", "image", "release.image", || json!({ "tag": "v1" })),
    row("a release", "repository", "release.repository", || json!({ "keep": 20 })),
    row("a release", "cpu", "release.cpu", || json!(0.5)),
    row("a release", "memory", "release.memory", || json!("2GB")),
    row("a release", "entrypoint", "release.entrypoint", || json!(["/bin/app"])),
    row("a release", "user", "release.user", || json!("1000")),
    row("a release", "stop_timeout", "release.stop_timeout", || json!("60s")),
    row("a release", "env", "release.env", || json!({ "MODE": "fast" })),
    row("a release", "secrets", "release.secrets", || json!({ "URL": "ssm:/notes/database_url" })),
    row(
        "a release",
        "permissions",
        "release.permissions",
        || json!([{ "allow": ["s3:GetObject"], "on": ["arn:aws:s3:::notes-files/*"] }]),
    ),
    row("a release", "logs", "release.logs", || json!({ "retain": "7d" })),
    row("a release", "timeout", "release.timeout", || json!("30m")),
    row("a release", "waive", "release.waive", || json!(["W111"])),
    row("the spec", "release", "release", || Value::Null),
];

/// Why a key has no row here. What another test shows names it.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    ("the spec", "version", "there is only one"),
    ("the spec", "app", "another app is another stack: `beside::`"),
    ("the spec", "region", "another region is another stack"),
    (
        "the spec",
        "environments",
        "another environment is another stack; what one overlays is a key with a row",
    ),
    ("a service", "build", "only `wharf deploy` can apply it: `push::`"),
    ("an image", "build", "only `wharf deploy` can apply it: `push::`"),
    ("an entry of `images`", "build", "only `wharf deploy` can apply it: `push::`"),
    ("a balancer", "use", "needs a balancer of somebody else's: `shared::`"),
    ("a build", "context", "only `wharf deploy` can apply it: `push::`"),
    ("a build", "file", "only `wharf deploy` can apply it: `push::`"),
    ("a build", "platform", "only `wharf deploy` can apply it: `push::`"),
    (
        "an image",
        "digest",
        "the digest of an image is known only once it is pushed: `running::` rolls back to one",
    ),
    ("an entry of `images`", "digest", "the digest of an image is known only once it is pushed"),
    (
        "a service",
        "platform",
        "needs an image of the other processor: `push::` refuses the wrong one",
    ),
    (
        "an image",
        "platform",
        "needs an image of the other processor: `push::` refuses the wrong one",
    ),
    ("a job", "build", "only `wharf deploy` can apply it: `push::`"),
    ("a release", "build", "only `wharf deploy` can apply it: `push::`"),
    ("a job", "platform", "needs an image of the other processor: `push::` refuses the wrong one"),
    ("a release", "platform", "needs an image of the other processor: `push::`"),
    ("a sidecar", "depends_on", "the order of containers: `beside::`"),
    ("a service", "renamed_from", "needs two services in one change"),
    ("a reference", "use", "the long form of what is owned elsewhere"),
];
