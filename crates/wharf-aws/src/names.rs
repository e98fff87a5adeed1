//! Physical names: deterministic, so that nearly everything can be asked for by name at once.

use wharf_graph::StackId;
use wharf_graph::props::{fit, short_hash};
use wharf_spec::Stack;

/// Longest name of a balancer or target group (ELB API reference).
const ELB: usize = 32;
/// Longest name of a role (IAM API reference).
const ROLE: usize = 64;
/// Longest name of a group of schedules (EventBridge Scheduler API reference).
const SCHEDULES: usize = 64;
/// Longest name of clusters, services, families and security groups (ECS, EC2 API references).
const LONG: usize = 255;

/// Name of the one inline policy of each role.
pub const INLINE_POLICY: &str = "wharf";

/// Name of the cluster that a stack makes for itself.
pub fn own_cluster(stack: &StackId) -> String {
    fit(&stack.to_string(), LONG)
}

/// Name of the cluster that the stack's tasks run in: its own, or one owned elsewhere.
pub fn cluster(stack: &Stack) -> String {
    match &stack.cluster {
        Some(elsewhere) => elsewhere.rsplit('/').next().unwrap_or(elsewhere).to_owned(),
        None => own_cluster(&StackId { app: stack.app.clone(), env: stack.env.clone() }),
    }
}

/// What the names of all services of the stack begin with.
pub fn service_prefix(stack: &StackId) -> String {
    format!("{stack}-")
}

/// Name of the balancer.
pub fn load_balancer(stack: &StackId) -> String {
    fit(&stack.to_string(), ELB)
}

/// Name of a security group; `role` is `balancer` or `tasks`.
pub fn security_group(stack: &StackId, role: &str) -> String {
    fit(&format!("{stack}-{role}"), LONG)
}

/// What the names of the groups around the tasks match, in all environments of the app, and in apps whose names
/// begin like it. EC2 takes such patterns (EC2 API reference, `Filter`).
pub fn task_groups_pattern(stack: &StackId) -> [String; 2] {
    ["", "-*"].map(|env| format!("{}{env}-tasks", stack.app))
}

/// What every target group of a service begins with; the rest is a hash of its immutable fields.
pub fn target_group_prefix(stack: &StackId, service: &str) -> String {
    format!("{}-", fit(&format!("{stack}-{service}"), ELB - 1 - IMMUTABLE))
}

/// Hexadecimal digits of the hash of immutable fields.
const IMMUTABLE: usize = 4;

/// Name of a target group: a replacement has another name, so both can exist for a while.
pub fn target_group(stack: &StackId, service: &str, immutable: &str) -> String {
    format!("{}{}", target_group_prefix(stack, service), short_hash(immutable, IMMUTABLE))
}

/// What the names of all target groups of the stack match: a name that had to be shortened keeps at least
/// these first characters.
pub fn target_group_pattern(stack: &StackId) -> String {
    pattern(stack, ELB - 1 - IMMUTABLE)
}

/// What the names of all roles of the stack match, in the same way.
pub fn role_pattern(stack: &StackId) -> String {
    pattern(stack, ROLE)
}

fn pattern(stack: &StackId, limit: usize) -> String {
    let kept = format!("{stack}-");
    match kept.char_indices().nth(limit - SHORTENED) {
        Some((end, _)) => format!("{}*", kept[..end].trim_end_matches('-')),
        None => format!("{kept}*"),
    }
}

/// How much shortening adds at the end of a name: a dash and six digits.
const SHORTENED: usize = 7;

/// Name of an ECS service. One that is behind a balancer is tied to its target group, and is
/// replaced together with it: `target_group` is that group's name.
pub fn service(stack: &StackId, service: &str, target_group: Option<&str>) -> String {
    match target_group.and_then(|name| name.rsplit_once('-')) {
        Some((_, hash)) => {
            format!("{}-{hash}", fit(&format!("{stack}-{service}"), LONG - 1 - IMMUTABLE))
        }
        None => fit(&format!("{stack}-{service}"), LONG),
    }
}

/// Family of a service's task definitions.
pub fn family(stack: &StackId, service: &str) -> String {
    fit(&format!("{stack}-{service}"), LONG)
}

/// Name of a service's repository, shared by all environments of the app.
pub fn repository(stack: &StackId, service: &str) -> String {
    format!("{}/{service}", stack.app)
}

/// Name of a service's log group.
pub fn log_group(stack: &StackId, service: &str) -> String {
    format!("{}{service}", log_group_prefix(stack))
}

/// What every log group of the stack begins with.
pub fn log_group_prefix(stack: &StackId) -> String {
    path(stack)
}

/// Name of the group of the stack's schedules.
pub fn schedule_group(stack: &StackId) -> String {
    fit(&stack.to_string(), SCHEDULES)
}

/// Name of a role; IAM is global, so the region is part of it. `role` is `execution`,
/// `task` or `scheduler`.
pub fn role(stack: &StackId, region: &str, service: &str, role: &str) -> String {
    fit(&format!("{stack}-{service}-{role}-{region}"), ROLE)
}

/// IAM path of the stack's roles.
pub fn role_path(stack: &StackId) -> String {
    path(stack)
}

/// What every lease of the stack begins with, as SSM parameter names.
pub fn lease_prefix(stack: &StackId) -> String {
    format!("{}lease/", path(stack))
}

/// Without environments the path is shorter by one part, so it never equals one with an environment;
/// whoever lists below it filters for exactly one further part.
fn path(stack: &StackId) -> String {
    match &stack.env {
        Some(env) => format!("/wharf/{}/{env}/", stack.app),
        None => format!("/wharf/{}/", stack.app),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(env: Option<&str>) -> StackId {
        StackId { app: "notes".into(), env: env.map(str::to_owned) }
    }

    #[test]
    fn service_and_target_group_share_the_hash() {
        let group = target_group(&stack(Some("prod")), "web", "3000");
        assert!(group.starts_with("notes-prod-web-"), "{group}");
        let name = service(&stack(Some("prod")), "web", Some(&group));
        assert_eq!(name, group);
        assert_ne!(group, target_group(&stack(Some("prod")), "web", "3001"));
    }

    #[test]
    fn a_service_without_a_port_has_a_plain_name() {
        assert_eq!(service(&stack(None), "worker", None), "notes-worker");
    }

    #[test]
    fn long_names_fit() {
        let long = StackId { app: "a".repeat(32), env: Some("b".repeat(32)) };
        assert!(load_balancer(&long).len() <= 32);
        assert!(target_group(&long, &"c".repeat(32), "x").len() <= 32);
        assert!(role(&long, "ap-southeast-2", &"c".repeat(32), "execution").len() <= 64);
    }

    #[test]
    fn every_target_group_matches_the_pattern_of_its_stack() {
        for length in 1..=32 {
            let id = StackId { app: "a".repeat(length), env: Some("b-c".repeat(length / 3 + 1)) };
            let pattern = target_group_pattern(&id);
            let start = pattern.strip_suffix('*').unwrap();
            for service in ["w", "a-long-name-of-a-service"] {
                let name = target_group(&id, service, "x");
                assert!(name.starts_with(start), "{name} {pattern}");
            }
        }
    }

    #[test]
    fn paths_with_and_without_environment_differ() {
        assert_eq!(role_path(&stack(None)), "/wharf/notes/");
        assert_eq!(log_group(&stack(Some("prod")), "web"), "/wharf/notes/prod/web");
    }
}
