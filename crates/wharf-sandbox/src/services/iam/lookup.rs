//! What other services ask about roles.

use serde_json::Value;

use super::{
    managed,
    state::{IamState, Role},
};
use crate::world::World;

impl World {
    /// Finds a role by its ARN.
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.global.iam.by_arn(arn)
    }

    /// Says whether a service (such as `ecs-tasks.amazonaws.com`) can assume a role: it exists,
    /// the services have heard of it, and its trust policy names the service.
    pub fn role_assumable(&self, arn: &str, principal: &str) -> bool {
        self.role(arn).is_some_and(|role| role.propagated && trusts(&role.trust, principal))
    }

    /// Says whether a role's policies allow an action on a resource: an `Allow` matches and no
    /// `Deny` does. Conditions are taken as met; of the managed policies only well-known ones
    /// allow anything.
    pub fn role_allows(&self, arn: &str, action: &str, resource: &str) -> bool {
        self.role_verdict(arn, action, resource) == Verdict::Allowed
    }

    /// Returns what a role's policies say of an action on a resource.
    pub(super) fn role_verdict(&self, arn: &str, action: &str, resource: &str) -> Verdict {
        let Some(role) = self.role(arn) else { return Verdict::Silent };
        let inline = role.inline.values().map(String::as_str);
        let attached = role.attached.values().filter_map(|name| managed::document(name));
        let mut allowed = false;
        for document in inline.chain(attached) {
            let document: Value = serde_json::from_str(document).unwrap_or_default();
            for statement in members(&document, "Statement") {
                if !(names(&statement, "Action", action, true)
                    && names(&statement, "Resource", resource, false))
                {
                    continue;
                }
                if statement["Effect"] == "Deny" {
                    return Verdict::Denied;
                }
                allowed |= statement["Effect"] == "Allow";
            }
        }
        if allowed { Verdict::Allowed } else { Verdict::Silent }
    }
}

/// What policies say of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One allows it, none denies it.
    Allowed,
    /// One denies it.
    Denied,
    /// None speaks of it.
    Silent,
}

impl IamState {
    fn by_arn(&self, arn: &str) -> Option<&Role> {
        let name = arn.rsplit('/').next()?.to_lowercase();
        self.roles.get(&name).filter(|role| role.arn == arn)
    }
}

/// Says whether a trust policy lets a service assume the role.
fn trusts(policy: &str, principal: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    members(&policy, "Statement").iter().any(|statement| {
        statement["Effect"] == "Allow"
            && names(statement, "Action", "sts:AssumeRole", true)
            && members(&statement["Principal"], "Service").iter().any(|it| it == principal)
    })
}

/// Lists a member that may be one value or a list of them.
fn members(value: &Value, name: &str) -> Vec<Value> {
    match value.get(name) {
        Some(Value::Array(items)) => items.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    }
}

fn names(statement: &Value, member: &str, wanted: &str, ignore_case: bool) -> bool {
    members(statement, member).iter().filter_map(Value::as_str).any(|pattern| {
        if ignore_case {
            matches(&pattern.to_lowercase(), &wanted.to_lowercase())
        } else {
            matches(pattern, wanted)
        }
    })
}

/// Matches text against a pattern with `*` and `?`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut retry) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&ch) if ch == '?' || ch == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (p, t) = (star + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|ch| *ch == '*')
}

#[cfg(test)]
mod tests {
    use super::{matches, trusts};

    #[test]
    fn patterns_match_as_in_policies() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("ecr:*", "ecr:BatchGetImage", true),
            ("arn:*:secret:a-??????", "arn:x:secret:a-AbCdEf", true),
            ("arn:*:secret:a-??????", "arn:x:secret:a-AbCdE", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn trust_policies_name_services() {
        let policy = r#"{"Statement":{"Effect":"Allow","Action":["sts:AssumeRole"],
            "Principal":{"Service":["ecs-tasks.amazonaws.com"]}}}"#;
        assert!(trusts(policy, "ecs-tasks.amazonaws.com"));
        assert!(!trusts(policy, "ecs.amazonaws.com"));
        assert!(!trusts("", "ecs.amazonaws.com"));
    }
}
