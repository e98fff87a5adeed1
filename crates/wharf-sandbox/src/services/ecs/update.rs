//! Changing a service.

use serde_json::json;

use super::{cluster, preconditions, rollout, service_show, services, strategy, wake};
use crate::{
    input::Input,
    rules,
    services::{Ctx, Reply},
};

/// Members that are absent leave things as they are (ECS API reference, `UpdateService`).
pub(super) fn update(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster(ctx, input)?.clone();
    let mut service = services::to_change(ctx, input)?;
    let settings = services::Settings::read(input)?;
    let force = input.bool("forceNewDeployment")?.unwrap_or(false);
    let before = service.current().cloned();
    let revision = preconditions::revision(ctx, input, &cluster, before.as_ref())?;
    let exec = settings.exec.unwrap_or(service.exec);
    preconditions::may_exec(ctx, exec, &revision, "updated")?;
    let configuration = preconditions::configuration(input, &service.configuration)?;
    strategy::may_have(&configuration, &revision)?;
    strategy::may_move(&service, &configuration)?;
    let desired = input.int_in("desiredCount", 0, 5000)?;
    let grace = services::grace(input, !revision.balancers.is_empty())?;
    let changed = before.as_ref().is_none_or(|before| revision.differs_from(before));
    let moves = before.as_ref().is_some_and(|before| {
        before.strategy != revision.strategy || before.launch_type != revision.launch_type
    });
    if moves && !force {
        return Err(rules::ecs::STRATEGY_CHANGE_FORCED.refuse(
            "The capacity provider strategy can only be changed together with a forced new \
             deployment.",
        ));
    }
    service.configuration = configuration;
    if let Some(desired) = desired {
        service.desired = desired;
    }
    if let Some(grace) = grace {
        service.grace_seconds = grace;
    } else if revision.balancers.is_empty() {
        service.grace_seconds = 0;
    }
    service.exec = exec;
    service.managed_tags = settings.managed_tags.unwrap_or(service.managed_tags);
    service.propagate = settings.propagate.unwrap_or(service.propagate);
    service.zone_rebalancing = settings.zone_rebalancing.unwrap_or(service.zone_rebalancing);
    let region = ctx.region.clone();
    if changed || force {
        rollout::begin(ctx.world, &region, &mut service, revision);
    }
    service.steady = false;
    let key = service.key();
    ctx.here().ecs.services.insert(key.clone(), service);
    wake(ctx.world, &region, &key);
    let account = ctx.world.account.clone();
    let shown = service_show::service(&account, &ctx.here().ecs, &key, true);
    Ok(json!({"service": shown}))
}
