//! Network, balancer, cluster, and what is kept.

use super::{Key, Map, Shape, TEXTS, key};

const PLACEMENT: &[&str] = &["auto", "private", "public"];

pub(super) const NETWORK: &Map = &Map {
    id: "network",
    what: "a network",
    keys: &[
        key(
            "vpc",
            Shape::Any(&[Shape::Match("^(default|vpc-[0-9a-f]+|tag:[^=]+=.+)$"), Shape::Map(USE)]),
            "The VPC: the region's default one, one by its id, or the only one with a tag",
        )
        .default("default", "every region has a default VPC unless somebody removed it")
        .examples(&["\"default\"", "\"tag:Name=main\"", "\"vpc-0123456789abcdef0\""]),
        key(
            "tasks",
            Shape::Any(&[TEXTS, Shape::Word(PLACEMENT)]),
            "Subnets of the tasks: chosen by what they are, or listed",
        )
        .default(
            "auto",
            "private subnets if they have a way out, else public ones with public addresses",
        )
        .examples(&["\"private\"", "[\"subnet-0123456789abcdef0\"]"]),
        key(
            "balancer",
            Shape::Any(&[TEXTS, Shape::Word(PLACEMENT)]),
            "Subnets of the balancer: chosen by what they are, or at least two listed",
        )
        .default("auto", "public subnets for an internet-facing balancer, else private ones")
        .examples(&["\"public\""]),
    ],
};

pub(super) const BALANCER: &Map = &Map {
    id: "balancer",
    what: "a balancer",
    keys: &[
        key(
            "use",
            Shape::Text,
            "A balancer owned elsewhere, by name, ARN or tag; wharf only adds its own rules to it",
        )
        .absent("wharf makes a balancer for the stack")
        .examples(&["\"shared\"", "\"tag:Name=shared\""]),
        key(
            "scheme",
            Shape::Word(&["internet-facing", "internal"]),
            "Whether it has public addresses; a change replaces it",
        )
        .default("internet-facing", "a service with a port is usually meant to be reached"),
        key("allow", TEXTS, "Ranges of addresses that may connect, in CIDR form")
            .default("[\"0.0.0.0/0\", \"::/0\"]", "anybody may connect")
            .examples(&["[\"10.0.0.0/8\"]"]),
        key(
            "idle_timeout",
            Shape::Duration,
            "How long an idle connection stays open, from 1s to 4000s",
        )
        .default("60s", "the default of the balancer")
        .examples(&["\"60s\""]),
    ],
};

pub(super) const CLUSTER: &Map = &Map { id: "cluster", what: "a cluster", keys: &[USE_KEY] };

/// The long form of a value that names something owned elsewhere.
pub(super) const USE: &Map = &Map { id: "use", what: "a reference", keys: &[USE_KEY] };

const USE_KEY: Key =
    key("use", Shape::Text, "Name, ARN or tag of something owned elsewhere, which is only read")
        .required();

pub(super) const DESTROY: &Map = &Map {
    id: "destroy",
    what: "a destroy setting",
    keys: &[
        fate("repository", "The services' repositories and their images"),
        fate("logs", "The log groups"),
        fate("certificate", "The certificate"),
    ],
};

const fn fate(name: &'static str, about: &'static str) -> Key {
    key(name, Shape::Word(&["delete", "keep"]), about)
        .default("delete", "destroy removes everything the stack owns")
}
