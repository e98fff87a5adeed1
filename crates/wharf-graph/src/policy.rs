//! What the planner must know about a kind, as plain data.

use serde_json::Value;

/// Says in which order the two halves of a replacement happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceOrder {
    /// The old object goes first: its name, or its place, cannot be shared.
    DeleteFirst,
    /// The new object stands beside the old one until nothing uses the old one any more.
    CreateFirst,
}

/// Describes how the planner treats one kind. It never decides anything by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "traits of a kind that do not depend on each other"
)]
pub struct Policy {
    /// The kind this policy belongs to.
    pub kind: &'static str,
    /// Words for people, singular: `target group`.
    pub title: &'static str,
    /// Top-level props that AWS cannot change in place, each with the reason to show. The name `*`
    /// stands for every prop (a task definition can never change).
    pub replace_on: &'static [(&'static str, &'static str)],
    /// How a replacement is ordered.
    pub replace_order: ReplaceOrder,
    /// The top-level prop that tells two objects at one address apart (a name), if there is one.
    pub identity: Option<&'static str>,
    /// Top-level props whose values never appear in output.
    pub sensitive: &'static [&'static str],
    /// Top-level props that only making an object uses, because somebody else moves them afterwards
    /// (the number of tasks an autoscaled service starts with). They are never compared or hashed.
    pub initial: &'static [&'static str],
    /// The top-level prop that sends traffic to targets: an array of
    /// `{"target_group": <input>, "weight": <number>}`. When a target in it is replaced, the planner
    /// first adds the new one at weight 0 ("attach") and moves traffic once it is served ("move").
    pub traffic: Option<&'static str>,
    /// The top-level prop that lists the targets it serves: an array of objects with a
    /// `target_group`. While traffic moves to a new target, the planner lets it serve both, so that
    /// the old one is not left empty while it still gets requests.
    pub serves: Option<&'static str>,
    /// What it grants to others who go on using it while they are changed: taken away only afterwards.
    pub grants: Option<Grants>,
    /// Whether deleting destroys data that cannot be made again (images, logs).
    pub holds_data: bool,
    /// Whether replacing or deleting it stops requests from being answered.
    pub serves_traffic: bool,
    /// Whether it is never deleted for its own sake: it is an aspect of something else, with which
    /// it goes (an image of its repository, a validation of its certificate).
    pub never_prune: bool,
    /// Kinds whose steps must be done before one of this kind is deleted, where no value says so: a
    /// log group outlives the service that writes to it, a firewall rule the service it lets in.
    pub delete_after: &'static [&'static str],
    /// Whether AWS goes on by itself with what a step began, so that a run need not wait for it (the
    /// rollout of a service); then the kinds whose steps may follow all the same.
    pub goes_on: Option<&'static [&'static str]>,
    /// The top-level prop that says whether what AWS went on with was seen to succeed.
    pub seen: Option<&'static str>,
    /// Whether it works on the object it refers to (an autoscaler on its service), so that it has to be
    /// gone before that object is changed in its stead.
    pub governs: bool,
    /// What keeps it from being moved or replaced without a gap for the time being.
    pub stays: Option<Stays>,
    /// How long its steps usually take. What runs tasks needs none of it: that is computed.
    pub takes: Takes,
}

impl Policy {
    /// Leaves out of `props` what only making an object uses.
    pub fn lasting(&self, props: &Value) -> Value {
        let mut props = props.clone();
        if let Some(map) = props.as_object_mut() {
            map.retain(|name, _| !self.initial.contains(&name.as_str()));
        }
        props
    }
}

/// Where a resource says what it grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// JSON pointer into the props, to an array of grants in canonical order; its first part is the prop.
    pub list: &'static str,
    /// How many characters AWS takes for the prop, as JSON without blanks.
    pub most: usize,
    /// Kinds whose objects use what is granted, until they have changed or gone.
    pub users: &'static [&'static str],
}

impl Grants {
    /// Returns the name of the top-level prop.
    pub fn prop(&self) -> &'static str {
        self.list.split('/').nth(1).unwrap_or_default()
    }
}

/// A setting under which something can neither be replaced nor be changed in some respects without a gap,
/// so that such a change takes two applies, the first one without the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stays {
    /// JSON pointer into the props, to the setting.
    pub setting: &'static str,
    /// The value with which it can.
    pub free: &'static str,
    /// The top-level prop that then cannot be changed.
    pub prop: &'static str,
    /// Why not, in words.
    pub why: &'static str,
    /// What to do first, in terms of the spec.
    pub first: &'static str,
}

impl Stays {
    /// Says whether these props have the setting.
    pub fn holds(&self, props: &Value) -> bool {
        props.pointer(self.setting).and_then(Value::as_str).is_some_and(|value| value != self.free)
    }
}

/// How long steps usually take, in seconds, when nothing is wrong. Rules of thumb for estimates;
/// nothing waits by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    /// To make one.
    pub create: u64,
    /// To change one.
    pub update: u64,
    /// To delete one.
    pub delete: u64,
}

impl Policy {
    /// Returns the policy of a kind with nothing special about it.
    pub const fn plain(kind: &'static str, title: &'static str) -> Self {
        Self {
            kind,
            title,
            replace_on: &[],
            replace_order: ReplaceOrder::DeleteFirst,
            identity: None,
            sensitive: &[],
            initial: &[],
            traffic: None,
            serves: None,
            grants: None,
            holds_data: false,
            serves_traffic: false,
            never_prune: false,
            delete_after: &[],
            goes_on: None,
            seen: None,
            governs: false,
            stays: None,
            takes: Takes { create: 0, update: 0, delete: 0 },
        }
    }
}
