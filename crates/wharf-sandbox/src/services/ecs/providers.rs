//! Capacity providers and strategies over them.

use serde_json::{Value, json};

use super::{clusters, no_cluster, short};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
};

/// The providers every account has.
const PREDEFINED: &[&str] = &["FARGATE", "FARGATE_SPOT"];

/// Reads the capacity providers of a cluster.
pub(super) fn names(input: &Input<'_>) -> Result<Vec<String>, AwsError> {
    let names = input.strings("capacityProviders");
    match names.iter().find(|name| !PREDEFINED.contains(&name.as_str())) {
        Some(name) => Err(unknown(name)),
        None => Ok(names),
    }
}

/// Reads a strategy and fills in the defaults (ECS API reference, `CapacityProviderStrategyItem`).
pub(super) fn strategy(input: &Input<'_>, member: &str) -> Result<Vec<Value>, AwsError> {
    let items = input.list(member);
    if items.len() > 20 {
        return Err(rules::ecs::STRATEGY_SIZE
            .refuse("A capacity provider strategy can have at most 20 items."));
    }
    let mut strategy = Vec::new();
    let (mut bases, mut weights) = (0, 0);
    for item in items {
        let provider = item.required("capacityProvider")?;
        let weight = item.int_in("weight", 0, 1000)?.unwrap_or(0);
        let base = item.int_in("base", 0, 100_000)?.unwrap_or(0);
        bases += i64::from(base > 0);
        weights += weight;
        strategy.push(json!({"capacityProvider": provider, "weight": weight, "base": base}));
    }
    if bases > 1 {
        return Err(rules::ecs::STRATEGY_BASE.refuse(
            "The specified capacity provider strategy cannot contain more than one item with a \
             base value.",
        ));
    }
    if !strategy.is_empty() && weights == 0 {
        return Err(rules::ecs::STRATEGY_WEIGHT.refuse(
            "The specified capacity provider strategy must contain at least one item with a \
             weight greater than 0.",
        ));
    }
    Ok(strategy)
}

/// Refuses a strategy over providers that the cluster does not have.
pub(super) fn check(strategy: &[Value], providers: &[String]) -> Result<(), AwsError> {
    for item in strategy {
        let name = item["capacityProvider"].as_str().unwrap_or_default();
        if !providers.iter().any(|provider| provider == name) {
            return Err(unknown(name));
        }
    }
    Ok(())
}

fn unknown(name: &str) -> AwsError {
    rules::ecs::PROVIDER_KNOWN.refuse(format!(
        "The specified capacity provider '{name}' was not found. Specify a valid name or ARN \
             and try again."
    ))
}

pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = short(input.required("cluster")?).to_owned();
    for member in ["capacityProviders", "defaultCapacityProviderStrategy"] {
        if !input.has(member) {
            return Err(input.missing(member));
        }
    }
    let providers = names(input)?;
    let strategy = strategy(input, "defaultCapacityProviderStrategy")?;
    check(&strategy, &providers)?;
    let ecs = &mut ctx.here().ecs;
    let found = ecs.clusters.get(&name).ok_or_else(|| no_cluster(false))?;
    if !found.active {
        return Err(no_cluster(true));
    }
    let removed = found.providers.iter().filter(|provider| !providers.contains(provider));
    for provider in removed {
        let used = ecs.services.values().any(|service| {
            let uses = |item: &Value| item["capacityProvider"] == **provider;
            service.cluster == name
                && service.status != "INACTIVE"
                && service.current().is_some_and(|revision| revision.strategy.iter().any(uses))
        });
        if used {
            return Err(rules::ecs::PROVIDER_UNUSED
                .refuse("The specified capacity provider is in use and cannot be removed."));
        }
    }
    if let Some(found) = ecs.clusters.get_mut(&name) {
        (found.providers, found.strategy) = (providers, strategy);
    }
    let everything = ["SETTINGS", "CONFIGURATIONS", "TAGS"].map(ToOwned::to_owned);
    let ecs = &ctx.here().ecs;
    let found = ecs.clusters.get(&name).map(|found| clusters::show(ecs, found, &everything));
    Ok(json!({"cluster": found}))
}
