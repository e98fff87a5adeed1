//! What an identity must be allowed to do for a verb to work, no more.
//!
//! Everything is derived from one table of the calls the code makes; a test fails when a call is made
//! that is not in it.

mod document;
mod need;
mod scope;
mod table;
mod widen;

pub use document::{LARGEST, policies};
pub use widen::widen;

/// What somebody wants to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reading only: `plan`, and likewise `drift` and `status`.
    Plan,
    /// Making, changing and, where the spec says so, deleting.
    Apply,
    /// Deleting.
    Destroy,
    /// Pushing images: `push`, and `deploy` besides what `apply` takes.
    Push,
}

impl Verb {
    /// Returns the word of the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Push => "push",
        }
    }
}

/// Says what a refused call takes, and where to get all of it.
pub(crate) fn hint(call: &str) -> Option<String> {
    let row = table::TABLE.iter().find(|row| row.call == call)?;
    let actions: std::collections::BTreeSet<&str> =
        row.needs.iter().map(|need| need.action).collect();
    let actions: Vec<&str> = actions.into_iter().collect();
    let takes = format!("this takes {}", actions.join(" and "));
    Some(match row.verbs.first() {
        Some(verb) => format!(
            "{takes}; `wharf iam {}` prints a policy with all that is needed",
            verb.as_str()
        ),
        None => takes,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::table::TABLE;

    /// Collects the operations named where calls are made: the first text after `call(` or `once(`.
    fn made(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                made(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("call(").chain(text.split("once(")).skip(1) {
                let head: String = part.chars().take(120).collect();
                let Some(name) = head.split('"').nth(1) else { continue };
                let operation = name.split_once(':').is_some_and(|(service, operation)| {
                    service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                        && operation.starts_with(|first: char| first.is_ascii_uppercase())
                        && operation.bytes().all(|byte| byte.is_ascii_alphanumeric())
                });
                if operation {
                    found.insert(name.to_owned());
                }
            }
        }
    }

    #[test]
    fn the_table_has_every_call_the_code_makes_and_no_other() {
        let mut found = BTreeSet::new();
        made(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 80, "only {} calls were found", found.len());
        let listed: BTreeSet<String> = TABLE.iter().map(|row| row.call.to_owned()).collect();
        assert_eq!(listed.len(), TABLE.len(), "a call is listed twice");
        let missing: Vec<_> = found.difference(&listed).collect();
        assert!(missing.is_empty(), "add to permissions/table.rs: {missing:?}");
        let idle: Vec<_> = listed.difference(&found).collect();
        assert!(idle.is_empty(), "nothing makes these calls: {idle:?}");
    }
}
