//! E080 to E099: network, permissions, protection, single words, and what is not applied yet.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E080",
        title: "network",
        explanation: "A VPC is named by `default`, its id or a tag; subnets by `auto`, `public`, `private` or a list of their ids. A balancer needs at least two subnets, in different zones.",
        fix: "Write one of these forms.",
        example: Some("network:\n  vpc: \"tag:Name=main\"\n  tasks: private"),
    },
    Code {
        code: "E081",
        title: "range of addresses",
        explanation: "Ranges are written in CIDR form, as AWS writes them back: no bits set behind the prefix, no spare zeros. Written another way, every plan would show a difference.",
        fix: "Write the form that the message names.",
        example: Some("balancer:\n  allow: [\"10.0.0.0/8\"]"),
    },
    Code {
        code: "E082",
        title: "permissions",
        explanation: "A statement allows actions, written `SERVICE:Action`, on resources, written as ARNs; in both, `*` and `?` match. Neither list may be empty.",
        fix: "Correct the statement.",
        example: Some(
            "permissions:\n  - { allow: [\"s3:GetObject\"], on: [\"arn:aws:s3:::notes-files/*\"] }",
        ),
    },
    Code {
        code: "E083",
        title: "`protect` names nothing",
        explanation: "What is protected is a kind of thing, such as `balancer`, or one thing by its address, such as `repository.web`. A name that fits nothing would protect nothing.",
        fix: "Use a name that the message suggests.",
        example: Some("protect: [balancer, repository.web]"),
    },
    Code {
        code: "E084",
        title: "a word that is not among the choices",
        explanation: "This key takes one of a few words, and the value is none of them.",
        fix: "Write one of the words in the message.",
        example: None,
    },
    Code {
        code: "E086",
        title: "requests that are left over",
        explanation: "On a balancer that belongs to somebody else, wharf adds rules and changes nothing else. A service without a name and without a path takes whatever no rule takes, which is the default action of the listener, and that is the owner's.",
        fix: "Give the service a `domain`, or `route` with a host or path.",
        example: Some("route: { path: /notes/* }"),
    },
    Code {
        code: "E085",
        title: "something owned elsewhere",
        explanation: "`use:` names something that exists and belongs to somebody else, in the same region. wharf reads it and changes nothing of it, so that what would describe it cannot stand beside.",
        fix: "Correct the name or ARN, or remove one of the two keys.",
        example: Some("balancer: { use: shared }"),
    },
    Code {
        code: "E100",
        title: "`waive`",
        explanation: "`waive` lists warnings about the spec, W101 to W199, that somebody has read and lives with. Errors cannot be waived, because the spec could not be applied; warnings about the account can be different on every run.",
        fix: "Correct the code, or remove it.",
        example: Some("waive: [W104]"),
    },
];
