//! What every code means: those of the spec, and those of the checks against the account.
//!
//! A check of [`crate::checks`] that has no entry here, or an entry without a check, fails a test.

use wharf_spec::Code;

/// Checks against the account.
const ACCOUNT: &[Code] = &[
    Code {
        code: "W201",
        title: "an image elsewhere, without a digest",
        explanation: "The registry did not say within two seconds which digest the tag stands for, so the reference is used as written. A new push under the same tag is then not seen by a plan, and two tasks of one service may run different images.",
        fix: "Name the image by its digest, or keep it in the service's own repository, where every plan resolves the tag.",
        example: Some("image: nginx@sha256:…"),
    },
    Code {
        code: "W202",
        title: "image of another architecture",
        explanation: "The image was built for another processor than the task has. The container would end at once with `exec format error`.",
        fix: "Build it for the task's platform, or set `platform` of the service to the image's.",
        example: Some("platform: linux/arm64"),
    },
];

/// Returns the explanation of every code wharf can show, in the order of the codes.
pub(crate) fn all() -> Vec<Code> {
    let mut codes = wharf_spec::codes();
    codes.extend_from_slice(ACCOUNT);
    codes.sort_by_key(|code| code.code);
    codes
}

/// Says where codes of this kind come from.
pub(crate) fn source(code: &str) -> &'static str {
    match code.as_bytes() {
        [b'C', ..] => "a cause found by wharf doctor",
        [b'E', b'0', ..] => "an error in the spec",
        [b'W', b'1', ..] => "a warning about the spec",
        [b'E', ..] => "an error found in the account",
        _ => "a warning about the account",
    }
}
