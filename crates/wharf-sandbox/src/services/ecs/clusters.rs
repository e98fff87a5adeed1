//! Clusters.

use serde_json::{Value, json};

use super::{
    cluster, is_name, no_cluster, page, providers, short,
    state::{Cluster, EcsState},
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags,
};

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.str_or("clusterName", "default");
    if !is_name(name) {
        return Err(rules::ecs::CLUSTER_NAME.refuse("Invalid cluster name"));
    }
    let tags = tags::from_list(input, "tags");
    tags::check(&tags, "InvalidParameterException")?;
    let insights = insights(input)?.unwrap_or("disabled").to_owned();
    let providers = providers::names(input)?;
    let strategy = providers::strategy(input, "defaultCapacityProviderStrategy")?;
    providers::check(&strategy, &providers)?;
    let arn = ctx.arn("ecs", &format!("cluster/{name}"));
    let clusters = &mut ctx.here().ecs.clusters;
    // The same name again is the same cluster (ECS API reference is silent; observed).
    if !clusters.get(name).is_some_and(|found| found.active) {
        let made = Cluster {
            name: name.to_owned(),
            arn,
            active: true,
            insights,
            configuration: input.get("configuration").cloned(),
            namespace: namespace(input),
            providers,
            strategy,
            tags,
        };
        clusters.insert(name.to_owned(), made);
    }
    let everything = ["SETTINGS", "CONFIGURATIONS", "TAGS"].map(ToOwned::to_owned);
    let ecs = &ctx.here().ecs;
    Ok(json!({"cluster": ecs.clusters.get(name).map(|found| show(ecs, found, &everything))}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let include = input.strings("include");
    let mut names = input.strings("clusters");
    if names.len() > 100 {
        return Err(
            rules::ecs::HUNDRED_CLUSTERS.refuse("Clusters cannot have more than 100 elements")
        );
    }
    if names.is_empty() {
        names.push("default".to_owned());
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let name = short(&name).to_owned();
        let arn = ctx.arn("ecs", &format!("cluster/{name}"));
        let ecs = &ctx.here().ecs;
        match ecs.clusters.get(&name) {
            Some(cluster) => found.push(show(ecs, cluster, &include)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"clusters": found, "failures": failures}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let clusters = ctx.here().ecs.clusters.values().filter(|found| found.active);
    let arns = clusters.map(|found| found.arn.clone()).collect();
    let (arns, next) = page(input, arns, 100, 100)?;
    Ok(json!({"clusterArns": arns, "nextToken": next}))
}

pub(super) fn update(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    input.required("cluster")?;
    let insights = insights(input)?.map(ToOwned::to_owned);
    let configuration = input.get("configuration").cloned();
    let changes_namespace = input.has("serviceConnectDefaults");
    let found = cluster(ctx, input)?;
    if let Some(insights) = insights {
        found.insights = insights;
    }
    if configuration.is_some() {
        found.configuration = configuration;
    }
    if changes_namespace {
        found.namespace = namespace(input);
    }
    let name = found.name.clone();
    let everything = ["SETTINGS", "CONFIGURATIONS", "TAGS"].map(ToOwned::to_owned);
    let ecs = &ctx.here().ecs;
    Ok(json!({"cluster": ecs.clusters.get(&name).map(|found| show(ecs, found, &everything))}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = short(input.required("cluster")?).to_owned();
    let ecs = &mut ctx.here().ecs;
    let known = ecs.clusters.get(&name).ok_or_else(|| no_cluster(false))?.active;
    if known {
        // Draining services count as services (ECS API reference, DeleteCluster).
        let service = ecs
            .services
            .values()
            .any(|service| service.cluster == name && service.status != "INACTIVE");
        if service {
            return Err(rules::ecs::CLUSTER_WITHOUT_SERVICES
                .refuse("The Cluster cannot be deleted while Services are active."));
        }
        if ecs.tasks.values().any(|task| task.cluster == name && !task.has_stopped()) {
            return Err(rules::ecs::CLUSTER_WITHOUT_TASKS
                .refuse("The Cluster cannot be deleted while Tasks are active."));
        }
        ecs.services.retain(|_, service| service.cluster != name);
        if let Some(found) = ecs.clusters.get_mut(&name) {
            found.active = false;
            found.tags.clear();
        }
    }
    let ecs = &ctx.here().ecs;
    Ok(json!({"cluster": ecs.clusters.get(&name).map(|found| show(ecs, found, &[]))}))
}

/// Writes a cluster as ECS describes it.
pub(super) fn show(ecs: &EcsState, found: &Cluster, include: &[String]) -> Value {
    let with = |what: &str| include.iter().any(|member| member == what);
    let tasks = |wanted: &str| {
        let of = |task: &&super::state::Task| {
            task.cluster == found.name && task.last_status == wanted && !task.has_stopped()
        };
        ecs.tasks.values().filter(of).count()
    };
    let services = ecs
        .services
        .values()
        .filter(|service| service.cluster == found.name && service.status == "ACTIVE")
        .count();
    let settings = json!([{"name": "containerInsights", "value": found.insights}]);
    let namespace = found.namespace.as_ref().map(|name| json!({"namespace": name}));
    json!({
        "clusterArn": found.arn,
        "clusterName": found.name,
        "status": if found.active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": tasks("RUNNING"),
        "pendingTasksCount": tasks("PENDING") + tasks("PROVISIONING") + tasks("ACTIVATING"),
        "activeServicesCount": services,
        "statistics": [],
        "tags": if with("TAGS") { tags::lower(&found.tags) } else { json!([]) },
        "settings": if with("SETTINGS") { settings } else { json!([]) },
        "configuration": if with("CONFIGURATIONS") { json!(found.configuration) } else { Value::Null },
        "capacityProviders": found.providers,
        "defaultCapacityProviderStrategy": found.strategy,
        "serviceConnectDefaults": namespace,
    })
}

/// Reads the one cluster setting there is (ECS API reference, `ClusterSetting`).
fn insights<'i>(input: &Input<'i>) -> Result<Option<&'i str>, AwsError> {
    let mut value = None;
    for setting in input.list("settings") {
        setting.required("name")?;
        setting.one_of("name", &["containerInsights"])?;
        value = setting.one_of("value", &["enabled", "disabled", "enhanced"])?;
    }
    Ok(value)
}

fn namespace(input: &Input<'_>) -> Option<String> {
    let name = input.structure("serviceConnectDefaults")?.str("namespace")?;
    (!name.is_empty()).then(|| name.to_owned())
}
