//! What all describing operations of EC2 share: ids, filters, pages, tags on creation.

use serde_json::{Value, json};

use super::super::Reply;
use crate::{
    error::AwsError,
    input::Input,
    rules::{Rule, ec2 as rules},
    services::iam::lookup::matches,
    tags::{self, Tags},
};

/// What a describing operation needs to know of a kind of resource.
pub(super) struct Described<'a> {
    /// The id.
    pub(super) id: &'a str,
    /// The tags.
    pub(super) tags: &'a Tags,
    /// The members of the answer.
    pub(super) shown: Value,
}

/// How a kind of resource is described.
pub(super) struct Kind {
    /// The member that holds the list in the answer.
    pub(super) set: &'static str,
    /// The member of the request that lists ids.
    pub(super) ids: &'static str,
    /// The rule that an id must be of something that exists.
    pub(super) missing: &'static Rule,
    /// What the resource is called in messages.
    pub(super) noun: &'static str,
    /// The filters it knows, besides those on tags, each with the place of the values it compares.
    pub(super) filters: &'static [(&'static str, &'static str)],
}

/// Answers a describing operation.
pub(super) fn describe(input: &Input<'_>, kind: &Kind, all: &[Described<'_>]) -> Reply {
    let ids = input.strings(kind.ids);
    for id in &ids {
        if !all.iter().any(|item| item.id == id) {
            return Err(not_found(kind.missing, kind.noun, id));
        }
    }
    let filters = filters(input, kind)?;
    let mut chosen: Vec<&Described<'_>> = all
        .iter()
        .filter(|item| ids.is_empty() || ids.iter().any(|id| id == item.id))
        .filter(|item| filters.iter().all(|(name, values)| passes(item, name, values)))
        .collect();
    let limit = input.int_in("MaxResults", 5, 1000)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    if let Some(after) = input.str("NextToken") {
        chosen.retain(|item| item.id > after);
    }
    let more = chosen.len() > limit;
    chosen.truncate(limit);
    let token = if more { chosen.last().map(|item| item.id.to_owned()) } else { None };
    let shown: Vec<&Value> = chosen.iter().map(|item| &item.shown).collect();
    Ok(json!({kind.set: shown, "nextToken": token}))
}

/// EC2's answer for an id that does not exist.
pub(super) fn not_found(rule: &'static Rule, noun: &str, id: &str) -> AwsError {
    rule.refuse(format!("The {noun} '{id}' does not exist"))
}

/// A filter: the place of the values it compares, or a filter on tags, and what it accepts.
type Filter = (String, Vec<String>);

fn filters(input: &Input<'_>, kind: &Kind) -> Result<Vec<Filter>, AwsError> {
    let mut filters = Vec::new();
    for filter in input.list("Filter") {
        let name = filter.required("Name")?;
        let values = filter.strings("Value");
        if values.is_empty() {
            let text = format!("The filter '{name}' must have values");
            return Err(rules::FILTER_VALUES.refuse(text));
        }
        let known = kind.filters.iter().find(|(known, _)| *known == name);
        if let Some((_, path)) = known {
            filters.push(((*path).to_owned(), values));
        } else if name.starts_with("tag:") || name == "tag-key" {
            filters.push((name.to_owned(), values));
        } else {
            return Err(rules::FILTER_KNOWN.refuse(format!("The filter '{name}' is invalid")));
        }
    }
    Ok(filters)
}

fn passes(item: &Described<'_>, name: &str, wanted: &[String]) -> bool {
    let fits = |value: &str| wanted.iter().any(|pattern| matches(pattern, value));
    if let Some(key) = name.strip_prefix("tag:") {
        return item.tags.get(key).is_some_and(|value| fits(value));
    }
    if name == "tag-key" {
        return item.tags.keys().any(|key| fits(key));
    }
    let mut found = Vec::new();
    values_at(&item.shown, name, &mut found);
    found.iter().any(|value| fits(value))
}

/// Collects the values at a dotted path, through lists.
fn values_at(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| values_at(item, path, found)),
        Value::Object(members) => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(inner) = members.get(first) {
                values_at(inner, rest, found);
            }
        }
        Value::Null => {}
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

/// Reads the tags that a new resource gets.
pub(super) fn new_tags(input: &Input<'_>, resource_type: &str) -> Result<Tags, AwsError> {
    let mut all = Tags::new();
    for specification in input.list("TagSpecification") {
        let given = specification.required("ResourceType")?;
        if given != resource_type {
            let text =
                format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(rules::TAG_TYPE.refuse(text));
        }
        all.extend(tags::from_list(&specification, "Tag"));
    }
    tags::check(&all, "InvalidParameterValue")?;
    Ok(all)
}
