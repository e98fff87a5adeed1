//! The registry of resource kinds: a file each, a line each.

use wharf_graph::{ErrorClass, Policy};

use crate::error::AwsError;
use crate::kind::{AnyKind, Of, Write};
use crate::tags::{self, Owner, Tags};

mod certificate;
mod certificate_validation;
pub(crate) mod cluster;
pub(crate) mod dns_record;
pub(crate) mod forward;
mod image;
mod ingress_rule;
mod listener;
mod listener_rule;
mod load_balancer;
mod log_group;
pub(crate) mod release;
pub(crate) mod repository;
mod role;
mod scalable_target;
mod scaling_policy;
mod schedule;
mod schedule_group;
mod scheduled_action;
mod security_group;
mod service;
pub(crate) mod shared;
pub(crate) mod target_group;
pub(crate) mod task_definition;

pub use repository::SHARED_WITH;
pub(crate) use scalable_target::suspended;
pub use service::on_demand;

/// Every kind. Order means nothing: the graph decides what comes first.
pub(crate) static KINDS: &[&dyn AnyKind] = &[
    &Of::<certificate::Certificate>::new(),
    &Of::<certificate_validation::CertificateValidation>::new(),
    &Of::<cluster::Cluster>::new(),
    &Of::<dns_record::DnsRecord>::new(),
    &Of::<image::Image>::new(),
    &Of::<ingress_rule::IngressRule>::new(),
    &Of::<listener::Listener>::new(),
    &Of::<listener_rule::ListenerRule>::new(),
    &Of::<load_balancer::LoadBalancer>::new(),
    &Of::<log_group::LogGroup>::new(),
    &Of::<release::Release>::new(),
    &Of::<repository::Repository>::new(),
    &Of::<role::Role>::new(),
    &Of::<scalable_target::ScalableTarget>::new(),
    &Of::<scaling_policy::ScalingPolicy>::new(),
    &Of::<scheduled_action::ScheduledAction>::new(),
    &Of::<schedule::Schedule>::new(),
    &Of::<schedule_group::ScheduleGroup>::new(),
    &Of::<security_group::SecurityGroup>::new(),
    &Of::<service::Service>::new(),
    &Of::<target_group::TargetGroup>::new(),
    &Of::<task_definition::Definition>::new(),
];

/// Returns the kind called `name`.
pub(crate) fn find(name: &str) -> Option<&'static dyn AnyKind> {
    KINDS.iter().copied().find(|kind| kind.policy().kind == name)
}

/// Returns the policy of the kind called `name`.
pub fn policy(name: &str) -> Option<&'static Policy> {
    find(name).map(AnyKind::policy)
}

/// Refuses an object that stands under a name that is wanted and is not the stack's. Planning refuses
/// those too; this is for one that appeared since.
fn refuse_foreign(cx: &Write<'_>, found: &Tags, what: &str) -> Result<(), AwsError> {
    match tags::owner(found, cx.stack) {
        Owner::Ours => Ok(()),
        Owner::Other(owner) => {
            Err(AwsError::own(ErrorClass::Foreign, format!("{what} exists already: {owner}")))
        }
    }
}

/// Returns how many listener rules a stack makes.
pub(crate) fn planned_rules(stack: &wharf_spec::Stack) -> usize {
    listener_rule::priority::rules(stack).len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_kinds_are_unique_and_can_stand_in_an_address() {
        let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.policy().kind).collect();
        assert_eq!(names.len(), KINDS.len());
        for name in names {
            assert!(format!("{name}.x").parse::<wharf_graph::Address>().is_ok(), "{name}");
        }
    }

    #[test]
    fn examples_lose_nothing_on_the_way_through_their_types() {
        for kind in KINDS {
            let example = kind.example();
            assert_eq!(kind.round_trip(&example).unwrap(), example, "{}", kind.policy().kind);
        }
    }

    #[test]
    fn policies_speak_of_props_that_exist() {
        for kind in KINDS {
            let (policy, example) = (kind.policy(), kind.example());
            let named = policy.replace_on.iter().map(|(prop, _)| *prop);
            let named = named.chain(policy.identity).chain(policy.traffic);
            for prop in named.chain(policy.sensitive.iter().copied()) {
                // A star stands for every prop.
                let exists = prop == "*" || example.get(prop).is_some();
                assert!(exists, "{} has no prop {prop}", policy.kind);
            }
        }
    }
}
