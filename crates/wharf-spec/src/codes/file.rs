//! E000 to E009: the file as YAML, its keys and the types of its values.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E000",
        title: "a bug in wharf",
        explanation: "The spec was refused and no reason was found. That must not happen, whatever the file holds.",
        fix: "Report it together with the file.",
        example: None,
    },
    Code {
        code: "E001",
        title: "not YAML, or not text",
        explanation: "The file cannot be read as YAML: a quote or bracket is not closed, the indentation does not fit, a tab stands where spaces must, or the file is not text at all. Nothing behind the first such place can be trusted, so only that one is reported.",
        fix: "Look at the place and the line above it. Indent with two spaces, and put quotes around values that contain `: ` or begin with one of `{ [ * & ! | > % @`.",
        example: Some("env: { GREETING: \"hello: world\" }"),
    },
    Code {
        code: "E002",
        title: "too large, too deep or too many",
        explanation: "A spec may have 1 MiB, 64 levels and 20 000 values, where values repeated by aliases count each time, and a hundred services and fifty environments. These limits keep a broken or hostile file from costing time; no real spec comes near them.",
        fix: "Check that this is the right file. A stack that has outgrown the limit is better split into several.",
        example: None,
    },
    Code {
        code: "E003",
        title: "a key twice",
        explanation: "The same key stands twice in one map, or `env` beside its other name `environment`. Readers of YAML disagree on which of the two counts.",
        fix: "Keep one of them.",
        example: None,
    },
    Code {
        code: "E004",
        title: "YAML that is not accepted",
        explanation: "Tags (`!name`), merge keys (`<<`), several documents in a file, keys that are no names, and aliases that hold themselves are legal YAML, but make a file hard to review.",
        fix: "Write the value out. What all services share belongs under `defaults`.",
        example: Some("defaults:\n  env: { LOG_FORMAT: json }"),
    },
    Code {
        code: "E005",
        title: "unknown key",
        explanation: "The format has no such key at this place. An unknown key is never ignored, because it is usually a slip of the pen, and the setting that was meant would silently not be there.",
        fix: "Use the name that the message suggests, or look the keys of this place up in docs/spec.md.",
        example: None,
    },
    Code {
        code: "E006",
        title: "something is missing",
        explanation: "A key that this place cannot do without is not there.",
        fix: "Add it; the message shows an example.",
        example: Some(
            "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web:\n    image: { tag: v1 }",
        ),
    },
    Code {
        code: "E007",
        title: "wrong type",
        explanation: "A map, a list, a number or a text stands where another of these is expected. Quotes make a number a text.",
        fix: "Write the form that the message names.",
        example: Some("port: 8080\ncommand: [\"bin/serve\", \"--verbose\"]"),
    },
    Code {
        code: "E008",
        title: "must be quoted, or must not",
        explanation: "Readers of YAML disagree on what this word is: `yes` and `on` are booleans to some, `0755` is a number in base 8, `12:30` one in base 60, `1.10` loses its zero. wharf does not guess.",
        fix: "Put quotes around it where a text is meant. A boolean is `true` or `false`, without quotes.",
        example: Some("env: { COUNTRY: \"no\", VERSION: \"1.10\" }"),
    },
    Code {
        code: "E009",
        title: "nothing behind a key",
        explanation: "The key has no value, or an empty list where at least one word is needed. Whether the default or nothing at all is meant cannot be known.",
        fix: "Give it a value, or remove the line to have the default. In an environment, `null` removes what the base says.",
        example: None,
    },
];
