//! Names of AWS regions.

/// Regions known when this was written (AWS general reference, "Regions and endpoints").
///
/// A region beyond the list is a warning only: AWS opens new ones.
const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Says whether the region is one of those known.
pub(crate) fn known(region: &str) -> bool {
    KNOWN.contains(&region)
}

/// Says whether a text has the form of a region: words and a number, joined by hyphens.
pub(crate) fn plausible(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let lower = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            (2..=4).contains(&words.len())
                && words.iter().all(lower)
                && words[0].len() == 2
                && (1..=2).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        None => false,
    }
}

/// Finds the known region most like a text.
pub(crate) fn nearest(region: &str) -> Option<&'static str> {
    let lower = region.to_ascii_lowercase().replace(['_', ' '], "-");
    let zone = lower.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if let Some(exact) = KNOWN.iter().find(|known| **known == zone || **known == lower) {
        return Some(exact);
    }
    (lower.len() <= 32)
        .then(|| KNOWN.iter().min_by_key(|known| strsim::levenshtein(&lower, known)))
        .flatten()
        .filter(|known| strsim::levenshtein(&lower, known) <= 3)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_is_plausible() {
        assert!(KNOWN.iter().all(|region| plausible(region)));
        assert!(!plausible("eu-west-1a"));
        assert!(!plausible("Ireland"));
        assert_eq!(nearest("eu-west-1a"), Some("eu-west-1"));
        assert_eq!(nearest("EU_WEST_1"), Some("eu-west-1"));
        assert_eq!(nearest("us-est-1"), Some("us-east-1"));
        assert_eq!(nearest("Frankfurt"), None);
    }
}
