//! The conditions of rules.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{error::AwsError, input::Input, rules::elbv2 as rules, services::ec2::cidr::Cidr};

/// Reads and checks conditions; returns them as they are read back.
pub(super) fn read(input: &Input<'_>) -> Result<Vec<Value>, AwsError> {
    let given = input.list("Conditions");
    if given.is_empty() {
        return Err(input.missing("Conditions"));
    }
    let (mut all, mut fields, mut values, mut wildcards) = (Vec::new(), BTreeSet::new(), 0, 0);
    for condition in &given {
        let field = condition.required("Field")?;
        let once = !["http-header", "query-string"].contains(&field);
        if !fields.insert(field) && once {
            let text = format!("A rule can only have one '{field}' condition");
            return Err(rules::CONDITION_ONCE.refuse(text));
        }
        let (texts, shown) = match field {
            "host-header" => patterns(condition, "HostHeaderConfig", field)?,
            "path-pattern" => patterns(condition, "PathPatternConfig", field)?,
            "http-request-method" => listed(condition, "HttpRequestMethodConfig", field)?,
            "source-ip" => listed(condition, "SourceIpConfig", field)?,
            "http-header" => header(condition)?,
            "query-string" => query(condition)?,
            _ => {
                let text = format!("Condition field '{field}' is not supported");
                return Err(rules::CONDITION_FIELD.refuse(text));
            }
        };
        if texts.is_empty() {
            let text = format!("A condition value must be specified for {field}");
            return Err(rules::CONDITION_GIVEN.refuse(text));
        }
        for text in &texts {
            check_value(field, text)?;
            wildcards += text.matches(['*', '?']).count();
        }
        values += texts.len();
        all.push(shown);
    }
    // Quotas of application load balancers: five values and five wildcards a rule.
    if values > 5 {
        let text = "A rule can have at most five condition values";
        return Err(rules::FIVE_VALUES.refuse(text));
    }
    if wildcards > 5 {
        let text = "A rule can have at most five condition wildcards";
        return Err(rules::FIVE_WILDCARDS.refuse(text));
    }
    Ok(all)
}

type Read = (Vec<String>, Value);

/// Host and path are given, and read back, in two forms.
fn patterns(condition: &Input<'_>, config: &str, field: &str) -> Result<Read, AwsError> {
    let old = condition.strings("Values");
    let new = condition.structure(config).map(|it| it.strings("Values")).unwrap_or_default();
    if !old.is_empty() && !new.is_empty() && old != new {
        let text = format!("You cannot specify both values and a different {config}");
        return Err(rules::CONDITION_FORMS_AGREE.refuse(text));
    }
    let texts = if new.is_empty() { old } else { new };
    let shown = json!({"Field": field, "Values": texts, config: {"Values": texts}});
    Ok((texts, shown))
}

fn listed(condition: &Input<'_>, config: &str, field: &str) -> Result<Read, AwsError> {
    let inner = condition.structure(config).ok_or_else(|| condition.missing(config))?;
    let texts = inner.strings("Values");
    let shown = json!({"Field": field, config: {"Values": texts}});
    Ok((texts, shown))
}

fn header(condition: &Input<'_>) -> Result<Read, AwsError> {
    let inner = condition.structure("HttpHeaderConfig");
    let inner = inner.ok_or_else(|| condition.missing("HttpHeaderConfig"))?;
    let name = inner.required("HttpHeaderName")?;
    inner.length("HttpHeaderName", 1, 40)?;
    let texts = inner.strings("Values");
    let shown = json!({
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": name, "Values": texts},
    });
    Ok((texts, shown))
}

fn query(condition: &Input<'_>) -> Result<Read, AwsError> {
    let inner = condition.structure("QueryStringConfig");
    let inner = inner.ok_or_else(|| condition.missing("QueryStringConfig"))?;
    let (mut texts, mut pairs) = (Vec::new(), Vec::new());
    for pair in inner.list("Values") {
        let value = pair.required("Value")?;
        texts.push(value.to_owned());
        pairs.push(json!({"Key": pair.str("Key"), "Value": value}));
    }
    Ok((texts, json!({"Field": "query-string", "QueryStringConfig": {"Values": pairs}})))
}

fn check_value(field: &str, text: &str) -> Result<(), AwsError> {
    let good = match field {
        "host-header" => {
            text.contains('.')
                && text.chars().all(|ch| ch.is_ascii_alphanumeric() || "-.*?".contains(ch))
        }
        "path-pattern" => text
            .chars()
            .all(|ch| ch.is_ascii_alphanumeric() || "_-.$/~\"'@:+&()!,;=%*?".contains(ch)),
        "http-request-method" => {
            text.chars().all(|ch| ch.is_ascii_uppercase() || "-_".contains(ch))
        }
        "source-ip" => Cidr::parse(text).is_some(),
        _ => true,
    };
    let length = if field == "http-request-method" { 40 } else { 128 };
    if good && (1..=length).contains(&text.chars().count()) {
        return Ok(());
    }
    let text = format!("The value '{text}' of the {field} condition is not valid");
    Err(rules::CONDITION_VALUE.refuse(text))
}
