//! Owner tags: who an object belongs to, and what it was last made from.

use std::collections::BTreeMap;

use wharf_graph::{Address, StackId};

/// Name of the application.
pub const APP: &str = "wharf:app";
/// Name of the environment; `-` without environments.
pub const ENV: &str = "wharf:env";
/// Hash of the props last applied.
pub const SPEC: &str = "wharf:spec";
/// The address the object was made for.
pub const RESOURCE: &str = "wharf:resource";
/// What was desired when the last complete apply ended; on the cluster only.
pub const SEAL: &str = "wharf:seal";

/// Tags as AWS keeps them.
pub type Tags = BTreeMap<String, String>;

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This stack's.
    Ours,
    /// Somebody else's, in words.
    Other(String),
}

/// Reads ownership off an object's tags.
pub fn owner(tags: &Tags, stack: &StackId) -> Owner {
    match (tags.get(APP), tags.get(ENV)) {
        (None, _) => Owner::Other("not tagged by wharf".to_owned()),
        (Some(app), env) => {
            let env = env.map_or(StackId::NO_ENV, String::as_str);
            if *app == stack.app && env == stack.env_tag() {
                Owner::Ours
            } else {
                let env = (env != StackId::NO_ENV).then(|| env.to_owned());
                Owner::Other(format!("belongs to stack {}", StackId { app: app.clone(), env }))
            }
        }
    }
}

/// Builds the complete set of tags for one object: the spec's own and wharf's.
pub fn full(stack: &StackId, address: &Address, spec_hash: &str, own: &Tags) -> Tags {
    let mut tags = own.clone();
    tags.insert(APP.to_owned(), stack.app.clone());
    tags.insert(ENV.to_owned(), stack.env_tag().to_owned());
    tags.insert(RESOURCE.to_owned(), address.to_string());
    tags.insert(SPEC.to_owned(), spec_hash.to_owned());
    tags
}

/// Keeps of `live` only the keys the spec manages, so that tags put there by others are not drift.
pub fn managed(live: &Tags, spec: &Tags) -> Tags {
    live.iter()
        .filter(|(key, _)| spec.contains_key(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Returns the address an object was made for, if its tag is well formed and of `kind`.
pub fn address(tags: &Tags, kind: &str) -> Option<Address> {
    tags.get(RESOURCE)?.parse().ok().filter(|address: &Address| address.kind() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> StackId {
        StackId { app: "notes".into(), env: Some("prod".into()) }
    }

    #[test]
    fn ownership_needs_both_app_and_environment() {
        let address = Address::new("service", "api");
        let ours = full(&stack(), &address, "abc", &Tags::new());
        assert_eq!(owner(&ours, &stack()), Owner::Ours);
        let staging = StackId { app: "notes".into(), env: Some("staging".into()) };
        assert_eq!(owner(&ours, &staging), Owner::Other("belongs to stack notes-prod".into()));
        assert_eq!(owner(&Tags::new(), &stack()), Owner::Other("not tagged by wharf".into()));
    }

    #[test]
    fn foreign_tags_are_not_managed() {
        let live = Tags::from([("team".into(), "a".into()), ("aws:x".into(), "y".into())]);
        let spec = Tags::from([("team".into(), "b".into())]);
        assert_eq!(managed(&live, &spec), Tags::from([("team".into(), "a".into())]));
    }
}
