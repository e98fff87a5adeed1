//! Hashes of props, and the canonical text they are taken over.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Returns the first `length` hexadecimal digits of the SHA-256 of `text`.
pub fn short_hash(text: &str, length: usize) -> String {
    let mut digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest.truncate(length);
    digest
}

/// Hashes props as they are desired, references included, to 16 hexadecimal digits.
///
/// This is the value of the tag `wharf:spec`. `serde_json` keeps object keys sorted, so equal props
/// have equal hashes.
pub fn spec_hash(props: &Value) -> String {
    short_hash(&props.to_string(), 16)
}

/// Shortens `name` to `limit` characters, keeping it unique by a hash of the whole.
pub fn fit(name: &str, limit: usize) -> String {
    const HASH: usize = 6;
    if name.len() <= limit {
        return name.to_owned();
    }
    let keep: String = name.chars().take(limit - HASH - 1).collect();
    format!("{}-{}", keep.trim_end_matches('-'), short_hash(name, HASH))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hash_ignores_the_order_keys_were_written_in() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":[2]}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":[2],"a":1}"#).unwrap();
        assert_eq!(spec_hash(&one), spec_hash(&two));
        assert_ne!(spec_hash(&one), spec_hash(&json!({"a": 1, "b": [3]})));
    }

    #[test]
    fn shortened_names_stay_apart_and_within_the_limit() {
        let long = "a-very-long-application-name-production-web";
        assert_eq!(fit("notes-prod", 32), "notes-prod");
        assert_eq!(fit(long, 32).len(), 32);
        assert_ne!(fit(long, 32), fit(&format!("{long}2"), 32));
    }
}
