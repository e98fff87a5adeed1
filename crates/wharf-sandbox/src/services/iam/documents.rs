//! Policy documents.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{error::AwsError, rules};

/// Everything but RFC 3986's unreserved characters, as documents are returned.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a document as IAM returns it.
pub(super) fn encode(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Counts the characters that count: all but white space (IAM user guide, quotas).
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|ch| !ch.is_whitespace()).count()
}

/// Checks a trust policy: statements with an effect, a principal and an action.
pub(super) fn check_trust(document: &str) -> Result<(), AwsError> {
    for statement in statements(document)? {
        if statement.get("Resource").is_some() {
            return Err(rules::iam::TRUST_WITHOUT_RESOURCE.refuse("Has prohibited field Resource"));
        }
        let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
        let Some(principal) = principal else {
            return Err(rules::iam::TRUST_PRINCIPAL.refuse("Missing required field Principal"));
        };
        check_principal(principal)?;
    }
    Ok(())
}

/// Lists the principals of the kind `AWS` in a trust policy.
pub(super) fn principals(document: &str) -> Vec<String> {
    let statements = statements(document).unwrap_or_default();
    let named = statements.iter().filter_map(|statement| statement.get("Principal")?.get("AWS"));
    named
        .flat_map(|who| match who {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            single => Vec::from_iter(single.as_str()),
        })
        .map(ToOwned::to_owned)
        .collect()
}

/// Checks an inline policy: statements with an effect, an action and a resource.
pub(super) fn check_identity(document: &str) -> Result<(), AwsError> {
    for statement in statements(document)? {
        if statement.get("Principal").is_some() {
            return Err(rules::iam::POLICY_WITHOUT_PRINCIPAL
                .refuse("Policy document should not specify a principal."));
        }
        if statement.get("Resource").is_none() && statement.get("NotResource").is_none() {
            return Err(
                rules::iam::POLICY_RESOURCES.refuse("Policy statement must contain resources.")
            );
        }
    }
    Ok(())
}

fn check_principal(principal: &Value) -> Result<(), AwsError> {
    let Value::Object(kinds) = principal else {
        return if principal == "*" {
            Ok(())
        } else {
            Err(rules::iam::PRINCIPAL_VALID.refuse("Invalid principal in policy"))
        };
    };
    for (kind, who) in kinds {
        if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
            return Err(rules::iam::PRINCIPAL_VALID
                .refuse(format!("Invalid principal in policy: \"{kind}\"")));
        }
        let names: Vec<&str> = match who {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            single => single.as_str().into_iter().collect(),
        };
        let known = |name: &&str| kind != "Service" || name.ends_with(".amazonaws.com");
        if names.is_empty() || !names.iter().all(known) {
            let text = format!("Invalid principal in policy: \"{}\":{who}", kind.to_uppercase());
            return Err(rules::iam::PRINCIPAL_VALID.refuse(text));
        }
    }
    Ok(())
}

fn statements(document: &str) -> Result<Vec<Value>, AwsError> {
    let parsed: Value = serde_json::from_str(document)
        .map_err(|_| rules::iam::POLICY_SYNTAX.refuse("This policy contains invalid Json"))?;
    let Value::Object(members) = &parsed else {
        return Err(rules::iam::POLICY_SYNTAX.refuse("Syntax errors in policy."));
    };
    let allowed = ["Version", "Id", "Statement"];
    if members.keys().any(|key| !allowed.contains(&key.as_str())) {
        return Err(rules::iam::POLICY_SYNTAX.refuse("Syntax errors in policy."));
    }
    if members.get("Version").is_some_and(|it| it != "2012-10-17" && it != "2008-10-17") {
        return Err(rules::iam::POLICY_VERSION
            .refuse("Policy document must be version 2012-10-17 or greater."));
    }
    let statements = match members.get("Statement") {
        Some(Value::Array(items)) => items.clone(),
        Some(single @ Value::Object(_)) => vec![single.clone()],
        _ => return Err(rules::iam::POLICY_SYNTAX.refuse("Syntax errors in policy.")),
    };
    for statement in &statements {
        if statement["Effect"] != "Allow" && statement["Effect"] != "Deny" {
            return Err(rules::iam::STATEMENT_EFFECT.refuse("Missing required field Effect"));
        }
        if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
            return Err(rules::iam::STATEMENT_ACTION.refuse("Missing required field Action"));
        }
    }
    Ok(statements)
}
