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
/// What was desired when the last complete apply ended; on the group around the tasks only.
pub const SEAL: &str = "wharf:seal";

/// The names of a stack on a balancer owned elsewhere; on the group around the tasks.
pub const NAMES: &str = "wharf:names";

/// The declared environment that an environment which the spec does not declare is made like; on the group around
/// the tasks only, like the next one.
pub const FROM: &str = "wharf:from";
/// When such an environment may go, RFC 3339.
pub const EXPIRES: &str = "wharf:expires";

/// The commit a release was applied from; on revisions of task definitions only, like the next one.
pub const COMMIT: &str = "wharf:commit";
/// Who applied a release.
pub const BY: &str = "wharf:by";
/// Longest value of a tag, in characters (AWS General Reference, "Tagging AWS resources").
pub(crate) const VALUE: usize = 256;

/// Tags as AWS keeps them.
pub type Tags = BTreeMap<String, String>;

/// What is said of an object that carries nobody's tags; only such a one can be taken over.
pub const NOBODYS: &str = "not tagged by wharf";

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
        (None, _) => Owner::Other(maker(tags).unwrap_or_else(|| NOBODYS.to_owned())),
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

/// Says which other tool looks after an object, if its tags tell. `CloudFormation`, and what is built on
/// it, marks everything it makes (its User Guide, "Resource tags"); so does AWS Load Balancer Controller
/// (its guide, "Resource tags"). Terraform has no tag of its own, but many people set one.
fn maker(tags: &Tags) -> Option<String> {
    if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
        return Some(format!("belongs to the CloudFormation stack {stack}"));
    }
    if let Some(cluster) = tags.get("elbv2.k8s.aws/cluster") {
        return Some(format!("belongs to the Kubernetes cluster {cluster}"));
    }
    let (_, tool) = tags.iter().find(|(key, _)| {
        let plain = key.to_lowercase().replace(['-', '_', ':'], "");
        plain == "managedby" || plain == "terraform"
    })?;
    Some(format!("looked after by another tool, as its tags say ({tool})"))
}

/// Builds the tags by which an object is taken over. Repositories belong to all environments.
pub(crate) fn claim(stack: &StackId, address: &Address) -> Tags {
    let mut tags = Tags::from([
        (APP.to_owned(), stack.app.clone()),
        (RESOURCE.to_owned(), address.to_string()),
    ]);
    if address.kind() != "repository" {
        tags.insert(ENV.to_owned(), stack.env_tag().to_owned());
    }
    tags
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

/// Makes a text one that a tag may hold: letters, digits, spaces and `_ . : / = + - @` (AWS General
/// Reference, "Tagging AWS resources").
pub(crate) fn value(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars().map(|c| if allowed(c) { c } else { '-' }).take(VALUE).collect()
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
        assert_eq!(owner(&Tags::new(), &stack()), Owner::Other(NOBODYS.into()));
    }

    #[test]
    fn other_tools_are_known_by_their_tags() {
        for (key, value, words) in [
            ("aws:cloudformation:stack-name", "web", "the CloudFormation stack web"),
            ("elbv2.k8s.aws/cluster", "blue", "the Kubernetes cluster blue"),
            ("managed-by", "terraform", "(terraform)"),
        ] {
            let tags = Tags::from([(key.to_owned(), value.to_owned())]);
            let Owner::Other(said) = owner(&tags, &stack()) else { panic!("{key}") };
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn values_hold_what_aws_allows() {
        assert_eq!(value("Deploy/anna@example.com"), "Deploy/anna@example.com");
        assert_eq!(value("a{b}\n\u{1f600}c"), "a-b---c");
        assert_eq!(value(&"é".repeat(300)).chars().count(), 256);
    }

    #[test]
    fn foreign_tags_are_not_managed() {
        let live = Tags::from([("team".into(), "a".into()), ("aws:x".into(), "y".into())]);
        let spec = Tags::from([("team".into(), "b".into())]);
        assert_eq!(managed(&live, &spec), Tags::from([("team".into(), "a".into())]));
    }
}
