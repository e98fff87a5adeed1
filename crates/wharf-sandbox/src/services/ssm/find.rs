//! Finding parameters.

use serde_json::{Value, json};

use super::{
    parameters::metadata,
    state::{Parameter, SsmState, split_arn},
};
use crate::{
    error::AwsError,
    image::digest_of,
    input::Input,
    rules::ssm as rules,
    services::{Ctx, Reply},
};

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let decrypt = input.bool("WithDecryption")?.unwrap_or(false);
    let found = select(&ctx.here().ssm, name)?;
    let found = found.ok_or_else(|| rules::PARAMETER_EXISTS.refuse(""))?;
    Ok(json!({"Parameter": show(found, decrypt)}))
}

pub(super) fn get_many(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("Names");
    let decrypt = input.bool("WithDecryption")?.unwrap_or(false);
    let state = &ctx.here().ssm;
    let (mut found, mut absent) = (Vec::new(), Vec::new());
    for name in names {
        match select(state, &name) {
            Ok(Some(item)) => found.push(show(item, decrypt)),
            _ => absent.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": absent}))
}

/// Finds a parameter by name or ARN, either with a version appended.
fn select<'s>(state: &'s SsmState, text: &str) -> Result<Option<&'s Parameter>, AwsError> {
    let by_name = |name: &str| {
        let parameters = &state.parameters;
        match split_arn(name) {
            Some((_, rest)) => parameters.get(rest).or_else(|| parameters.get(&format!("/{rest}"))),
            None => parameters.get(name),
        }
    };
    if let Some(found) = by_name(text) {
        return Ok(Some(found));
    }
    let Some((name, selector)) = text.rsplit_once(':') else { return Ok(None) };
    let Some(found) = by_name(name) else { return Ok(None) };
    if selector == found.version.to_string() {
        return Ok(Some(found));
    }
    let message = format!("Systems Manager could not find version {selector} of {name}.");
    Err(rules::VERSION_EXISTS.refuse(message))
}

pub(super) fn by_path(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let path = input.required("Path")?;
    if !path.starts_with('/') {
        return Err(rules::PATH_FORM.refuse(
            "The parameter doesn't meet the parameter name requirements. The parameter name must \
             begin with a forward slash \"/\".",
        ));
    }
    let recursive = input.bool("Recursive")?.unwrap_or(false);
    let decrypt = input.bool("WithDecryption")?.unwrap_or(false);
    let found: Vec<&Parameter> =
        ctx.here().ssm.parameters.values().filter(|item| under(item, path, recursive)).collect();
    let (page, next) = page(input, &found, 10)?;
    let shown: Vec<Value> = page.iter().map(|item| show(item, decrypt)).collect();
    Ok(json!({"Parameters": shown, "NextToken": next}))
}

fn under(item: &Parameter, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let rest = item.name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| recursive || !rest.contains('/'))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let user = ctx.world.arn("iam", "", "user/sandbox");
    let filters = input.list("ParameterFilters");
    let mut found = Vec::new();
    for item in ctx.here().ssm.parameters.values() {
        let mut fits = true;
        for filter in &filters {
            fits &= fits_filter(item, filter)?;
        }
        if fits {
            found.push(item);
        }
    }
    let (page, next) = page(input, &found, 50)?;
    let shown: Vec<Value> = page.iter().map(|item| metadata(item, &user)).collect();
    Ok(json!({"Parameters": shown, "NextToken": next}))
}

fn fits_filter(item: &Parameter, filter: &Input<'_>) -> Result<bool, AwsError> {
    let key = filter.required("Key")?;
    let option = filter.str("Option");
    let values = filter.strings("Values");
    let compare = |text: &str| match option {
        Some("BeginsWith") => values.iter().any(|value| text.starts_with(value.as_str())),
        Some("Contains") => values.iter().any(|value| text.contains(value.as_str())),
        _ => values.iter().any(|value| value == text),
    };
    match key {
        "Name" => Ok(compare(&item.name)),
        "Type" => Ok(compare(&item.kind)),
        "Tier" => Ok(compare(&item.tier)),
        "KeyId" => Ok(item.key.as_deref().is_some_and(compare)),
        "Path" => {
            let recursive = option == Some("Recursive");
            Ok(values.iter().any(|path| under(item, path, recursive)))
        }
        _ => {
            let Some(tag) = key.strip_prefix("tag:") else {
                let message = format!("The filter key '{key}' isn't valid.");
                return Err(rules::FILTER_KNOWN.refuse(message));
            };
            let value = item.tags.get(tag);
            Ok(value.is_some_and(|value| values.is_empty() || compare(value)))
        }
    }
}

/// Cuts the page a request asks for out of everything found.
fn page<'p>(
    input: &Input<'_>,
    found: &[&'p Parameter],
    most: i64,
) -> Result<(Vec<&'p Parameter>, Option<String>), AwsError> {
    let limit = input.int_in("MaxResults", 1, most)?.unwrap_or(most);
    let limit = usize::try_from(limit).unwrap_or(10);
    let start = match input.str("NextToken") {
        Some(token) => token
            .parse()
            .map_err(|_| rules::PAGE_TOKEN.refuse("The specified token isn't valid."))?,
        None => 0,
    };
    let next = (found.len() > start + limit).then(|| (start + limit).to_string());
    Ok((found.iter().skip(start).take(limit).copied().collect(), next))
}

fn show(item: &Parameter, decrypt: bool) -> Value {
    let value = if item.kind == "SecureString" && !decrypt {
        // What is stored is ciphertext; it must not give the value away.
        format!("AQICAH{}", digest_of(&item.value).trim_start_matches("sha256:"))
    } else {
        item.value.clone()
    };
    json!({
        "Name": item.name,
        "Type": item.kind,
        "Value": value,
        "Version": item.version,
        "LastModifiedDate": item.modified.epoch_seconds(),
        "ARN": item.arn,
        "DataType": "text",
    })
}
