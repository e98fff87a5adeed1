//! Names as AWS will see them.

use sha2::{Digest, Sha256};

/// Longest name of a load balancer or target group (ELB API reference, `CreateLoadBalancer`).
pub const BALANCER_LIMIT: usize = 32;
/// Longest part of a target group's name before its own hash and hyphen.
pub const TARGET_GROUP_LIMIT: usize = BALANCER_LIMIT - 5;
/// Longest name of a role (IAM API reference, `CreateRole`).
pub const ROLE_LIMIT: usize = 64;

/// Shortens `name` to `limit` characters, keeping it unique by a hash of the whole.
pub fn fit(name: &str, limit: usize) -> String {
    const HASH: usize = 6;
    if name.len() <= limit {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    let number = u32::from_be_bytes([0, digest[0], digest[1], digest[2]]);
    let hash = format!("{number:06x}");
    let keep: String = name.chars().take(limit.saturating_sub(HASH + 1)).collect();
    format!("{}-{hash}", keep.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_beginning_and_stay_apart() {
        let long = "a-very-long-application-name-production-web";
        let short = fit(long, 32);
        assert_eq!(short.len(), 32);
        // Names must not change from one version to the next: objects would be made anew.
        assert_eq!(short, "a-very-long-application-n-f345de");
        assert_ne!(short, fit(&format!("{long}2"), 32));
        assert_eq!(fit("notes-prod", 32), "notes-prod");
    }
}
