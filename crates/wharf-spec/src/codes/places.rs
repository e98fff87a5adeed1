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
        code: "E090",
        title: "not applied yet",
        explanation: "The format has this, and this version of wharf cannot carry it out. It is refused, because ignoring it would make something else than what the file says.",
        fix: "Follow the help of the message, or remove it for now.",
        example: None,
    },
];
