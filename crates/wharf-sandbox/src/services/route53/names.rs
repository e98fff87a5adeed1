//! Domain names as Route 53 writes them.

use std::fmt::Write;

/// Returns a name in lower case, with a final dot, and with octal escapes for all characters but
/// letters, digits, `-`, `_` and `.` (Route 53 developer guide, "DNS domain name format").
pub(super) fn canonical(name: &str) -> String {
    let mut out = String::new();
    for byte in name.trim_end_matches('.').bytes() {
        match byte.to_ascii_lowercase() {
            // An escape that is there already stays.
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'\\') => {
                out.push(char::from(plain));
            }
            other => {
                // Writing to text does not fail.
                let _written = write!(out, "\\{other:03o}");
            }
        }
    }
    out.push('.');
    out
}

/// Returns the labels of a name from the right.
pub(super) fn reversed(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect()
}

/// Says whether a name is a zone's or lies below it; both in canonical form.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

/// Says whether every label of a canonical name is between 1 and 63 long, and all at most 255.
pub(super) fn is_valid(name: &str) -> bool {
    let labels = name.trim_end_matches('.').split('.');
    let good = |label: &str| (1..=63).contains(&label.replace("\\052", "*").len());
    name.len() <= 255 && labels.into_iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::{canonical, is_within, reversed};

    #[test]
    fn names_are_lowered_dotted_and_escaped() {
        assert_eq!(canonical("WWW.Example.com"), "www.example.com.");
        assert_eq!(canonical("*.example.com."), "\\052.example.com.");
        assert_eq!(canonical("\\052.example.com."), "\\052.example.com.");
        assert_eq!(canonical("_x.a@b.com"), "_x.a\\100b.com.");
    }

    #[test]
    fn zones_end_at_labels() {
        assert!(is_within("a.example.com.", "example.com."));
        assert!(is_within("example.com.", "example.com."));
        assert!(!is_within("notexample.com.", "example.com."));
        assert!(reversed("b.a.com.") < reversed("a.b.com."));
    }
}
