//! Identity-based policies: read strictly, judged as IAM judges them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::demand::Demand;
use crate::services::iam::lookup::matches;

/// Why a policy document cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy {policy}, statement {statement}: {problem}")]
pub struct PolicyError {
    /// The place of the document, from 1.
    pub policy: usize,
    /// The place of the statement in it, from 1; 0 for the document itself.
    pub statement: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// The statements of all policies of a caller.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

/// What a condition asks (IAM User Guide, "IAM JSON policy elements: Condition operators").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// One of the values is the key's.
    Equals,
    /// One of the patterns fits the key's value.
    Like,
    /// Each value of the key fits one of the patterns; none at all is enough.
    AllLike,
    /// Whether the key is absent.
    Null,
}

impl Policies {
    pub(crate) fn read(documents: &[Value]) -> Result<Self, PolicyError> {
        let mut statements = Vec::new();
        for (policy, document) in documents.iter().enumerate() {
            let wrong = |statement: usize, problem: &str| PolicyError {
                policy: policy + 1,
                statement,
                problem: problem.to_owned(),
            };
            if document["Version"] != "2012-10-17" {
                return Err(wrong(0, "the version must be 2012-10-17"));
            }
            let list = document["Statement"].as_array();
            let list = list.ok_or_else(|| wrong(0, "there is no list of statements"))?;
            for (at, statement) in list.iter().enumerate() {
                let read = Statement::read(statement);
                statements.push(read.map_err(|problem| wrong(at + 1, &problem))?);
            }
        }
        Ok(Self { statements })
    }

    /// Says whether a statement allows it and none denies it.
    pub(super) fn allow(&self, demand: &Demand) -> bool {
        let fits =
            |allow: bool| self.statements.iter().any(|one| one.allow == allow && one.fits(demand));
        fits(true) && !fits(false)
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, String> {
        let members = value.as_object().ok_or("it is not an object")?;
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        if let Some(strange) = members.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("the element {strange} is not known here"));
        }
        let allow = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("the effect must be Allow or Deny".to_owned()),
        };
        let list = |name: &str| {
            let found = texts(members.get(name).unwrap_or(&Value::Null));
            if found.is_empty() { Err(format!("there is no {name}")) } else { Ok(found) }
        };
        let mut conditions = Vec::new();
        let blocks = members.get("Condition").and_then(Value::as_object);
        for (operator, keys) in blocks.into_iter().flatten() {
            let operator = Operator::read(operator)?;
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition { operator, key: key.clone(), values: texts(values) });
            }
        }
        let actions = list("Action")?.into_iter().map(|action| action.to_lowercase()).collect();
        Ok(Self { allow, actions, resources: list("Resource")?, conditions })
    }

    fn fits(&self, demand: &Demand) -> bool {
        let action = demand.action.to_lowercase();
        self.actions.iter().any(|pattern| matches(pattern, &action))
            && self.resources.iter().any(|pattern| matches(pattern, &demand.resource))
            && self.conditions.iter().all(|condition| condition.holds(&demand.context))
    }
}

impl Operator {
    fn read(name: &str) -> Result<Self, String> {
        match name {
            "StringEquals" => Ok(Self::Equals),
            // With ARNs, a pattern stands for itself in both (IAM User Guide, ARN condition operators).
            "StringLike" | "ArnLike" | "ArnEquals" => Ok(Self::Like),
            "ForAllValues:StringLike" | "ForAllValues:StringEquals" => Ok(Self::AllLike),
            "Null" => Ok(Self::Null),
            other => Err(format!("the condition operator {other} is not known here")),
        }
    }
}

impl Condition {
    fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let have = context.get(&self.key).map_or(&[][..], Vec::as_slice);
        let like = |text: &String| self.values.iter().any(|pattern| matches(pattern, text));
        match self.operator {
            Operator::Equals => have.iter().any(|text| self.values.contains(text)),
            Operator::Like => have.iter().any(like),
            Operator::AllLike => have.iter().all(like),
            Operator::Null => self.values.iter().any(|value| (value == "true") == have.is_empty()),
        }
    }
}

/// Lists a member that may be one text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(statement: &Value, resource: &str, context: &[(&str, &str)]) -> bool {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let mut demand = Demand::on("ecs:UpdateService", resource);
        for (key, value) in context {
            demand = demand.with(key, [(*value).to_owned()]);
        }
        Policies::read(&[document]).unwrap().allow(&demand)
    }

    #[test]
    fn action_resource_and_conditions_must_all_fit() {
        let statement = json!({
            "Effect": "Allow", "Action": ["ecs:update*"], "Resource": "arn:x:service/notes/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/wharf:app": "notes"}},
        });
        let ours = ("aws:ResourceTag/wharf:app", "notes");
        assert!(judge(&statement, "arn:x:service/notes/web", &[ours]));
        assert!(!judge(&statement, "arn:x:service/shop/web", &[ours]));
        assert!(!judge(&statement, "arn:x:service/notes/web", &[]));
        assert!(!judge(
            &statement,
            "arn:x:service/notes/web",
            &[("aws:ResourceTag/wharf:app", "shop")]
        ));
    }

    #[test]
    fn a_denial_wins() {
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let not = json!({"Effect": "Deny", "Action": "ecs:*", "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": [all, not]});
        let policies = Policies::read(&[document]).unwrap();
        assert!(!policies.allow(&Demand::on("ecs:UpdateService", "x")));
        assert!(policies.allow(&Demand::on("ecr:PutImage", "x")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (statement, problem) in [
            (json!({"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}), "NotAction"),
            (json!({"Effect": "Allow", "Action": "a:B"}), "no Resource"),
            (
                json!({"Effect": "Allow", "Action": "a:B", "Resource": "*",
                       "Condition": {"DateLessThan": {"aws:CurrentTime": "x"}}}),
                "DateLessThan",
            ),
        ] {
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            let error = Policies::read(&[document]).unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
    }
}
