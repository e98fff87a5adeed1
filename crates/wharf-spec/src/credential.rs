//! Finds literals that look like credentials.
//!
//! Guessing has two costs: a secret in a repository, and a person who cannot write a harmless value.
//! The first is worse, but a rule that fires on ordinary settings gets worked around; so a value is
//! suspicious for what it is, and a name only adds to a value that is long and random.

/// Beginnings that the issuers of tokens chose so that tools can find them.
const PREFIXES: &[(&str, &str)] = &[
    ("ghp_", "a GitHub token"),
    ("gho_", "a GitHub token"),
    ("ghs_", "a GitHub token"),
    ("github_pat_", "a GitHub token"),
    ("glpat-", "a GitLab token"),
    ("sk_live_", "a Stripe key"),
    ("rk_live_", "a Stripe key"),
    ("sk_test_", "a Stripe key"),
    ("whsec_", "a webhook secret"),
    ("xoxb-", "a Slack token"),
    ("xoxp-", "a Slack token"),
    ("xapp-", "a Slack token"),
    ("SG.", "a SendGrid key"),
    ("AIza", "a Google key"),
    ("npm_", "an npm token"),
    ("sk-ant-", "an API key"),
    ("sk-proj-", "an API key"),
    ("dop_v1_", "a DigitalOcean token"),
    ("hvs.", "a Vault token"),
];

/// Says what a value looks like, if it looks like a credential.
pub(crate) fn looks_like(name: &str, value: &str) -> Option<&'static str> {
    by_value(value).or_else(|| by_name(name, value))
}

/// Judges a value by itself.
pub(crate) fn by_value(value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if has_access_key(value) {
        return Some("an AWS access key");
    }
    if let Some((_, what)) = PREFIXES
        .iter()
        .find(|(prefix, _)| value.starts_with(prefix) && value.len() >= prefix.len() + 12)
    {
        return Some(what);
    }
    if value.starts_with("eyJ") && value.len() > 40 && value.matches('.').count() == 2 {
        return Some("a signed token (JWT)");
    }
    has_password_in_url(value).then_some("a URL with a password in it")
}

fn by_name(name: &str, value: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '-', '.']).collect();
    let last = words.last().copied().unwrap_or_default();
    let harmless = value.is_empty()
        || value.contains(char::is_whitespace)
        || matches!(value, "true" | "false")
        || ["/", "./", "arn:", "http://", "https://"].iter().any(|start| value.starts_with(start));
    if harmless {
        return None;
    }
    if ["PASSWORD", "PASSWD", "PASSPHRASE"].contains(&last) || upper == "PGPASSWORD" {
        return Some("a password");
    }
    let secretive =
        ["KEY", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS", "PWD", "APIKEY", "AUTH"];
    let named = secretive.contains(&last)
        || words.iter().any(|word| ["SECRET", "PASSWORD", "APIKEY"].contains(word));
    (named && value.len() >= 16 && random(value)).then_some("a key or token")
}

/// Finds `AKIA…` or `ASIA…` with its sixteen characters.
fn has_access_key(value: &str) -> bool {
    ["AKIA", "ASIA"].iter().any(|start| {
        value.match_indices(start).any(|(at, _)| {
            let rest = value.as_bytes().get(at + 4..at + 20);
            rest.is_some_and(|rest| {
                rest.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            })
        })
    })
}

/// Finds `scheme://user:password@host`.
fn has_password_in_url(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
}

/// Says whether a value is as mixed as a generated one: at least three bits per character, and not
/// words joined by hyphens.
fn random(value: &str) -> bool {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum();
    let letters = value.bytes().any(|b| b.is_ascii_alphabetic());
    let digits = value.bytes().any(|b| b.is_ascii_digit());
    let upper = value.bytes().any(|b| b.is_ascii_uppercase());
    let lower = value.bytes().any(|b| b.is_ascii_lowercase());
    entropy >= 3.0 && letters && (digits || (upper && lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found() {
        for (name, value) in [
            ("ANY", "AKIAABCDEFGHIJKLMNOP"),
            ("ANY", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            ("DATABASE_URL", "postgres://notes:hunter2@db.internal:5432/notes"),
            ("DB_PASSWORD", "hunter2"),
            ("SESSION_SECRET", "9f86d081884c7d659a2feaa0c55ad015"),
            ("API_KEY", "Zm9vYmFyYmF6cXV4MTIzNDU2"),
            ("ANY", "ghp_0123456789abcdefABCD"),
        ] {
            assert!(looks_like(name, value).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn settings_are_left_alone() {
        for (name, value) in [
            ("DATABASE_URL", "postgres://db.internal:5432/notes"),
            ("DATABASE_URL", "postgres://notes@db.internal/notes"),
            ("PUBLIC_KEY_PATH", "/etc/keys/public.pem"),
            ("TOKEN_TTL", "3600"),
            ("PASSWORD_MIN_LENGTH", "12"),
            ("PARTITION_KEY", "user_id"),
            ("CACHE_KEY", "notes-production-cache"),
            ("LOG_LEVEL", "info"),
            ("DB_PASSWORD", ""),
            ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf"),
        ] {
            assert_eq!(looks_like(name, value), None, "{name}={value}");
        }
    }
}
