//! The region this machine uses, without asking AWS.

use std::path::PathBuf;

/// Largest configuration file that is read.
const LIMIT: u64 = 1 << 20;

/// Returns the region and where it is written, looking where the command line tools of AWS look: the
/// variables, then the profile (AWS SDKs and tools reference guide, "AWS Region").
pub(super) fn of_machine(profile: Option<&str>) -> Option<(String, String)> {
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(value) = variable(name) {
            return Some((value, name.to_owned()));
        }
    }
    let chosen = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let profile = chosen.unwrap_or_else(|| "default".to_owned());
    let file = match variable("AWS_CONFIG_FILE") {
        Some(file) => PathBuf::from(file),
        None => {
            PathBuf::from(variable("HOME").or_else(|| variable("USERPROFILE"))?).join(".aws/config")
        }
    };
    // A pipe or a huge file is not read for a convenience.
    let about = std::fs::metadata(&file).ok()?;
    if !about.is_file() || about.len() > LIMIT {
        return None;
    }
    let region = in_profile(&std::fs::read_to_string(file).ok()?, &profile)?;
    Some((region, format!("profile {profile} of the AWS configuration")))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads the region of a profile from the text of a configuration file.
fn in_profile(text: &str, profile: &str) -> Option<String> {
    let mut inside = false;
    let mut region = None;
    for line in text.lines() {
        if let Some(heading) = line.trim_end().strip_prefix('[') {
            let heading = heading.split(']').next().unwrap_or_default().trim();
            let name = heading.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t']));
            inside = match name {
                Some(name) => name.trim() == profile,
                None => heading == "default" && profile == "default",
            };
        } else if inside
            // An indented line belongs to a nested setting.
            && !line.starts_with([' ', '\t'])
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "region"
        {
            let value = value.split(" #").next().unwrap_or_default().trim();
            region = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
    region
}

#[cfg(test)]
mod tests {
    use super::in_profile;

    #[test]
    fn the_region_is_that_of_the_profile() {
        let text = "[default]\nregion = eu-west-1 # home\ns3 =\n  region = no\n\n[profile work]\n\
                    output=json\nregion=us-east-2\n[services work]\nregion = no\n[profile bare]\n";
        let found = |profile| in_profile(text, profile);
        assert_eq!(found("default").as_deref(), Some("eu-west-1"));
        assert_eq!(found("work").as_deref(), Some("us-east-2"));
        assert_eq!(found("bare"), None);
        assert_eq!(found("other"), None);
    }
}
