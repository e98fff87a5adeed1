//! From the table to policy documents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wharf_spec::Stack;

use super::Verb;
use super::need::{On, When};
use super::scope::Scope;
use super::table::TABLE;

/// Most characters of a customer-managed policy; white space does not count (IAM User Guide, "IAM and AWS
/// STS quotas").
pub const LARGEST: usize = 6144;

/// Actions of one service that share a condition, and what they are allowed on.
#[derive(Clone, Debug, Default)]
struct Grant {
    actions: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
}

/// Builds the policies that `verb` takes for `stack`, each small enough to be one managed policy.
pub fn policies(stack: &Stack, verb: Verb) -> Vec<Value> {
    let scope = Scope::new(stack);
    let mut statements = Vec::new();
    for ((service, when), grant) in grants(&scope, verb) {
        statement(&sid(service, when), &grant, &scope.condition(when), &mut statements);
    }
    pack(statements)
}

/// Gathers what the verb's calls need. What is read anywhere is one statement, whatever the service;
/// within one service, an action on a resource of another kind than its own allows nothing.
fn grants(scope: &Scope<'_>, verb: Verb) -> BTreeMap<(&'static str, When), Grant> {
    let mut grants: BTreeMap<(&'static str, When), Grant> = BTreeMap::new();
    let calls = TABLE.iter().filter(|row| row.verbs.contains(&verb));
    for need in calls.flat_map(|row| row.needs) {
        let resources = scope.resources(need.on);
        if resources.is_empty() {
            continue;
        }
        let anywhere = need.on == On::Any && matches!(need.when, When::Here | When::Always);
        let service = need.action.split(':').next().unwrap_or_default();
        let grant = grants.entry((if anywhere { "" } else { service }, need.when)).or_default();
        grant.actions.insert(need.action);
        grant.resources.extend(resources);
    }
    grants
}

/// Names a statement; letters and digits only (IAM User Guide, "IAM JSON policy elements: Sid").
fn sid(service: &str, when: When) -> String {
    let word = match when {
        When::Always if service.is_empty() => "ReadGlobal",
        When::Here => "ReadRegion",
        When::Always => "Named",
        When::Ours => "Ours",
        When::OfApp => "OfApp",
        When::Bringing => "Bringing",
        When::BringingApp => "BringingApp",
        When::Making(call) => call.split(':').nth(1).unwrap_or_default(),
        When::ToTasks => "PassToTasks",
        When::ToEcs => "PassToEcs",
        When::ToScheduler => "PassToScheduler",
        When::For(name) => match name.split('.').next() {
            Some("ecs") if name.contains("autoscaling") => "LinkedScaling",
            Some("ecs") => "LinkedEcs",
            _ => "LinkedElb",
        },
        When::InCluster => "InCluster",
        When::ScalingServices => "Services",
        When::OurNames => "OurNames",
    };
    let service = match service {
        "application-autoscaling" => "scaling",
        "elasticloadbalancing" => "elb",
        "secretsmanager" => "secrets",
        other => other,
    };
    let mut letters = service.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}{}{word}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

/// Adds a statement, cut into several if it alone would be too large.
fn statement(sid: &str, grant: &Grant, condition: &Value, out: &mut Vec<Value>) {
    let mut built = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": grant.actions,
        "Resource": grant.resources,
    });
    if !condition.is_null() {
        built["Condition"] = condition.clone();
    }
    if size(&[built.clone()]) <= LARGEST || grant.resources.len() < 2 {
        return out.push(built);
    }
    let all: Vec<&String> = grant.resources.iter().collect();
    for (place, half) in all.chunks(all.len().div_ceil(2)).enumerate() {
        let resources = half.iter().map(|&one| one.clone()).collect();
        let part = Grant { actions: grant.actions.clone(), resources };
        statement(&format!("{sid}{}", place + 1), &part, condition, out);
    }
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn size(statements: &[Value]) -> usize {
    let text = document(statements).to_string();
    text.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// Fills one document after another.
fn pack(statements: Vec<Value>) -> Vec<Value> {
    let mut documents = Vec::new();
    let mut open: Vec<Value> = Vec::new();
    for statement in statements {
        open.push(statement);
        if open.len() > 1 && size(&open) > LARGEST {
            let last = open.split_off(open.len() - 1);
            documents.push(document(&open));
            open = last;
        }
    }
    if !open.is_empty() {
        documents.push(document(&open));
    }
    documents
}

#[cfg(test)]
mod tests {
    use wharf_spec::stack::SecretRef;

    use super::*;
    use crate::testing;

    #[test]
    fn every_document_is_small_enough_however_much_there_is() {
        let mut stack = testing::stack();
        let service = stack.services.values_mut().next().unwrap();
        for number in 0..300 {
            let name = format!("notes/prod/a-secret-with-a-long-name/{number}");
            let secret = SecretRef::SecretsManager { name, key: None };
            service.secrets.insert(format!("S{number}"), secret);
        }
        let documents = policies(&stack, Verb::Apply);
        assert!(documents.len() > 4, "{}", documents.len());
        let mut sids = BTreeSet::new();
        for document in documents {
            let statements = document["Statement"].as_array().unwrap().clone();
            assert!(size(&statements) <= LARGEST);
            for statement in statements {
                let sid = statement["Sid"].as_str().unwrap().to_owned();
                assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{sid}");
                assert!(sids.insert(sid.clone()), "{sid} twice");
            }
        }
    }

    #[test]
    fn planning_is_allowed_to_change_nothing() {
        for document in policies(&testing::stack(), Verb::Plan) {
            for statement in document["Statement"].as_array().unwrap() {
                for action in statement["Action"].as_array().unwrap() {
                    let name = action.as_str().unwrap().split_once(':').unwrap().1;
                    let reads = ["BatchGet", "Describe", "Filter", "Get", "List"];
                    assert!(reads.iter().any(|start| name.starts_with(start)), "{action}");
                }
            }
        }
    }

    #[test]
    fn what_is_changed_is_bound_by_name_or_tag() {
        // These take neither resource nor tag.
        let free = ["ecs:DeregisterTaskDefinition"];
        for verb in [Verb::Apply, Verb::Destroy] {
            for document in policies(&testing::stack(), verb) {
                for statement in document["Statement"].as_array().unwrap() {
                    let anywhere = statement["Resource"] == json!(["*"]);
                    for action in statement["Action"].as_array().unwrap() {
                        let action = action.as_str().unwrap();
                        let name = action.split_once(':').unwrap().1;
                        let reads = ["Describe", "Get", "List"];
                        let reads = reads.iter().any(|start| name.starts_with(start));
                        // Bound by what the request brings, and by what is scaled.
                        let conditioned = ["AcmBringing", "ScalingServices"]
                            .iter()
                            .any(|sid| statement["Sid"] == *sid);
                        let bound = !anywhere || conditioned;
                        assert!(reads || bound || free.contains(&action), "{action}");
                    }
                }
            }
        }
    }
}
