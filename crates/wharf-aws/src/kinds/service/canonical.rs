//! Between ECS's form of a service and ours.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DeploymentAlarms, DeploymentCircuitBreaker,
    DeploymentConfiguration, NetworkConfiguration, PropagateTags, Service as EcsService,
    ThresholdConfiguration, ThresholdType,
};
use wharf_graph::{ErrorClass, Input};
use wharf_spec::stack::{Service as Spec, Strategy};

use super::launch::Launch;
use super::shift::{Requests, Routes, Shift};
use super::{Alternate, Deploy, LoadBalancer, Props, Rollout, declare};
use crate::error::AwsError;
use crate::tags::{self, Tags};

pub(super) const LATEST: &str = "LATEST";
pub(super) const SERVICE: &str = "SERVICE";
/// Stands in the tag `wharf:spec` until a rollout is through, so that a run that was killed in the
/// middle of one, or whose rollout failed, is seen by the next.
pub(super) const UNFINISHED: &str = "unfinished";
/// Stands there once somebody saw ECS go back to the release before.
pub(super) const ROLLED_BACK: &str = "rolled back";
/// Stands there once somebody saw the rollout fail without a release to go back to.
pub(super) const FAILED: &str = "failed";

/// What stands in for settings that an endpoint does not show. ECS always returns rollout settings and
/// grace period, but some emulators keep neither, and what is not said cannot be compared.
pub(super) struct Unsaid<'a> {
    /// The service as the spec has it, if it still does.
    pub(super) spec: Option<&'a Spec>,
    /// Whether the endpoint is not AWS's own. Emulators know nothing of the failures to count, and
    /// would be sent them for ever; at AWS, a service that shows none was made without them.
    pub(super) emulated: bool,
    /// Where the stack's listeners and rules lead.
    pub(super) routes: &'a Routes,
}

/// Brings what ECS returns into canonical form.
pub(super) fn props(
    live: &EcsService,
    live_tags: &Tags,
    spec_tags: &Tags,
    unsaid: &Unsaid<'_>,
) -> Props {
    let spec = unsaid.spec;
    let network = live.network_configuration().and_then(|network| network.awsvpc_configuration());
    let deploy = match live.deployment_configuration() {
        Some(config) => live_deploy(config, spec.filter(|_| unsaid.emulated)),
        None => spec.map_or_else(no_deploy, declare::deploy),
    };
    let grace = match live.health_check_grace_period_seconds() {
        Some(grace) => u32::try_from(grace).unwrap_or_default(),
        None => spec.map_or(0, declare::grace),
    };
    let fewest = spec.and_then(declare::fewest);
    let scaled = fewest.is_some();
    let desired = u32::try_from(live.desired_count()).unwrap_or_default();
    Props {
        name: live.service_name().unwrap_or_default().to_owned(),
        cluster: live.cluster_arn().unwrap_or_default().into(),
        task_definition: live.task_definition().unwrap_or_default().into(),
        // Under a range the number is nobody's business but the autoscaler's.
        count: (!scaled).then_some(desired),
        start: scaled.then_some(desired),
        at_least: fewest.map(|fewest| fewest.min(desired)),
        swapped: unsaid.routes.lead_to_second(live).then_some(true),
        // Of interest where rollouts are to move them.
        requests: spec.filter(|spec| declare::moves(spec)).map(|_| unsaid.routes.requests(live)),
        launch: Launch::of_live(live),
        platform: live.platform_version().unwrap_or(LATEST).to_owned(),
        subnets: network
            .map(|network| network.subnets().iter().cloned().collect())
            .unwrap_or_default(),
        public_ip: network
            .is_some_and(|network| network.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
        security_groups: network
            .map(|network| network.security_groups().iter().cloned().map(Input::Known).collect())
            .unwrap_or_default(),
        load_balancer: live.load_balancers().first().map(|balancer| LoadBalancer {
            target_group: balancer.target_group_arn().unwrap_or_default().into(),
            container: balancer.container_name().unwrap_or_default().to_owned(),
            port: balancer
                .container_port()
                .and_then(|port| u16::try_from(port).ok())
                .unwrap_or_default(),
            alternate: balancer
                .advanced_configuration()
                .map(|advanced| Alternate::of_live(advanced, unsaid.routes)),
        }),
        deploy,
        grace,
        exec: live.enable_execute_command(),
        propagate_tags: live.propagate_tags().map_or_else(
            || PropagateTags::None.as_str().to_owned(),
            |from| from.as_str().to_owned(),
        ),
        rolled_out: match live_tags.get(tags::SPEC).map(String::as_str) {
            Some(UNFINISHED) => Rollout::Unfinished,
            Some(ROLLED_BACK) => Rollout::RolledBack,
            Some(FAILED) => Rollout::Failed,
            Some(_) | None => Rollout::Complete,
        },
        tags: tags::managed(live_tags, spec_tags),
    }
}

/// ECS's own defaults (ECS API reference, `DeploymentConfiguration`).
fn no_deploy() -> Deploy {
    Deploy {
        min_percent: 100,
        max_percent: 200,
        breaker: false,
        rollback: false,
        max_failures: None,
        reset: true,
        alarms: BTreeSet::new(),
        shift: Shift::default(),
    }
}

/// Reads the rollout settings. `unsaid` is the service as the spec has it, where the endpoint may keep
/// the circuit breaker's threshold to itself.
fn live_deploy(config: &DeploymentConfiguration, unsaid: Option<&Spec>) -> Deploy {
    let percent = |value: Option<i32>, default: u32| {
        value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default)
    };
    let breaker = config.deployment_circuit_breaker();
    let default = no_deploy();
    let threshold = breaker.and_then(DeploymentCircuitBreaker::threshold_configuration);
    let shift = match unsaid {
        Some(spec) if config.strategy().is_none() => Shift::of_spec(spec.deploy.strategy),
        _ => Shift::of_live(config),
    };
    let unsaid = unsaid.filter(|_| threshold.is_none()).map(declare::deploy);
    let (max_failures, reset) = match unsaid {
        Some(wanted) => (wanted.max_failures, wanted.reset),
        None => (
            threshold.and_then(count),
            breaker
                .and_then(DeploymentCircuitBreaker::reset_on_healthy_task)
                .unwrap_or(default.reset),
        ),
    };
    Deploy {
        min_percent: percent(config.minimum_healthy_percent(), default.min_percent),
        max_percent: percent(config.maximum_percent(), default.max_percent),
        breaker: breaker.is_some_and(DeploymentCircuitBreaker::enable),
        rollback: breaker.is_some_and(DeploymentCircuitBreaker::rollback),
        max_failures,
        reset,
        alarms: config.alarms().map(alarms).unwrap_or_default(),
        shift,
    }
}

/// Returns the alarms that are watched and roll back; one that only fails a rollout is none.
fn alarms(live: &DeploymentAlarms) -> BTreeSet<String> {
    let names = live.alarm_names().iter().cloned();
    names.filter(|_| live.enable() && live.rollback()).collect()
}

/// Returns a threshold that is a plain number of tasks.
fn count(threshold: &ThresholdConfiguration) -> Option<u32> {
    let plain = *threshold.r#type() == ThresholdType::Count;
    plain.then(|| u32::try_from(threshold.value()).ok()).flatten()
}

/// Builds the rollout settings. Alarms that are to be watched no longer are switched off; where none ever were,
/// none are spoken of.
pub(super) fn deployment(deploy: &Deploy, exists: bool) -> DeploymentConfiguration {
    let watch = !deploy.alarms.is_empty();
    let alarms = (watch || exists).then(|| {
        DeploymentAlarms::builder()
            .set_alarm_names(Some(deploy.alarms.iter().cloned().collect()))
            .enable(watch)
            .rollback(watch)
            .build()
    });
    // Type and value are both set, which is all that building asks for.
    let threshold = deploy.max_failures.and_then(|count| {
        let threshold = ThresholdConfiguration::builder().r#type(ThresholdType::Count);
        threshold.value(signed(count)).build().ok()
    });
    let config = DeploymentConfiguration::builder();
    // That a service is to roll goes without saying, unless it did not so far.
    let named = exists || !deploy.shift.is_rolling();
    let config = if named { deploy.shift.write(config) } else { config };
    config
        // Names and both switches are set, which is all that building asks for.
        .set_alarms(alarms.and_then(Result::ok))
        .minimum_healthy_percent(signed(deploy.min_percent))
        .maximum_percent(signed(deploy.max_percent))
        .deployment_circuit_breaker(
            DeploymentCircuitBreaker::builder()
                .enable(deploy.breaker)
                .rollback(deploy.rollback)
                .set_threshold_configuration(threshold)
                .reset_on_healthy_task(deploy.reset)
                .build(),
        )
        .build()
}

/// Builds the network settings.
pub(super) fn network(want: &Props) -> Result<NetworkConfiguration, AwsError> {
    let groups = want
        .security_groups
        .iter()
        .map(|group| group.get().cloned())
        .collect::<Result<Vec<_>, _>>()?;
    let public = if want.public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let vpc = AwsVpcConfiguration::builder()
        .set_subnets(Some(want.subnets.iter().cloned().collect()))
        .set_security_groups(Some(groups))
        .assign_public_ip(public)
        .build()
        .map_err(|error| {
            AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
        })?;
    Ok(NetworkConfiguration::builder().awsvpc_configuration(vpc).build())
}

/// The SDK counts in signed numbers.
pub(super) fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Props in which every field has a value.
pub(super) fn example() -> Props {
    let arn = |rest: &str| format!("arn:aws:ecs:eu-west-1:123456789012:{rest}");
    Props {
        name: "notes-web-1a2b".to_owned(),
        cluster: arn("cluster/notes").into(),
        task_definition: arn("task-definition/notes-web:3").into(),
        count: Some(2),
        start: None,
        at_least: None,
        swapped: None,
        requests: Some(Requests::ToItsTasks),
        launch: Launch::of_spot(50),
        platform: LATEST.to_owned(),
        subnets: BTreeSet::from(["subnet-a".to_owned(), "subnet-b".to_owned()]),
        public_ip: true,
        security_groups: BTreeSet::from(["sg-1".into()]),
        load_balancer: Some(LoadBalancer {
            target_group: "arn:aws:elasticloadbalancing:targetgroup/notes-web-1a2b/1".into(),
            container: "web".to_owned(),
            port: 3000,
            alternate: Some(Alternate {
                target_group: "arn:aws:elasticloadbalancing:targetgroup/notes-web-2b3c/1".into(),
                rule: "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/x/1/2".into(),
                role: "arn:aws:iam::123456789012:role/notes-main-shifter".into(),
            }),
        }),
        deploy: Deploy {
            min_percent: 100,
            max_percent: 200,
            breaker: true,
            rollback: true,
            max_failures: Some(3),
            reset: false,
            alarms: BTreeSet::from(["notes-5xx".to_owned()]),
            shift: Shift::of_spec(Strategy::Canary { step: 10, interval: 300, bake: 600 }),
        },
        grace: 60,
        exec: true,
        propagate_tags: SERVICE.to_owned(),
        rolled_out: Rollout::Complete,
        tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{AdvancedConfiguration, LoadBalancer as EcsLoadBalancer};

    use super::*;
    use crate::testing;

    static NOWHERE: Routes = Routes::NONE;
    const AT_AWS: Unsaid<'static> = Unsaid { spec: None, emulated: false, routes: &NOWHERE };

    /// Returns what ECS shows of the target groups: the default rule of a listener by its own ARN.
    fn balancers(want: &Props) -> Vec<EcsLoadBalancer> {
        let balancer = want.load_balancer.as_ref().unwrap();
        let alternate = balancer.alternate.as_ref().unwrap();
        let listener = alternate.rule.get().unwrap();
        let rule = format!("{}/3", listener.replace(":listener/", ":listener-rule/"));
        let advanced = AdvancedConfiguration::builder()
            .alternate_target_group_arn(alternate.target_group.get().unwrap())
            .production_listener_rule(rule)
            .role_arn(alternate.role.get().unwrap())
            .build();
        let one = EcsLoadBalancer::builder()
            .target_group_arn(balancer.target_group.get().unwrap())
            .container_name(&balancer.container)
            .container_port(balancer.port.into())
            .advanced_configuration(advanced)
            .build();
        vec![one]
    }

    /// Returns what ECS shows after `want` was created.
    fn created(want: &Props) -> EcsService {
        EcsService::builder()
            .service_name(&want.name)
            .cluster_arn(want.cluster.get().unwrap())
            .task_definition(want.task_definition.get().unwrap())
            .desired_count(signed(want.count.unwrap()))
            .set_capacity_provider_strategy(Some(want.launch.strategy().unwrap()))
            .platform_version(&want.platform)
            .network_configuration(network(want).unwrap())
            .set_load_balancers(Some(balancers(want)))
            .deployment_configuration(deployment(&want.deploy, false))
            .health_check_grace_period_seconds(signed(want.grace))
            .enable_execute_command(want.exec)
            .propagate_tags(PropagateTags::Service)
            .build()
    }

    /// Without a spec that moves requests it is of no interest where they go.
    fn rolling() -> Props {
        Props { requests: None, ..example() }
    }

    #[test]
    fn reading_back_gives_what_was_wanted() {
        let want = rolling();
        assert_eq!(props(&created(&want), &want.tags, &want.tags, &AT_AWS), want);
    }

    #[test]
    fn order_of_subnets_means_nothing() {
        let want = rolling();
        let mut live = created(&want);
        let network = live.network_configuration.as_mut().unwrap();
        network.awsvpc_configuration.as_mut().unwrap().subnets.reverse();
        assert_eq!(props(&live, &want.tags, &want.tags, &AT_AWS), want);
    }

    #[test]
    fn what_an_endpoint_does_not_say_is_not_compared() {
        let spec = testing::service("web");
        let mut want = rolling();
        want.deploy = declare::deploy(&spec);
        want.grace = declare::grace(&spec);
        let mut live = created(&want);
        live.deployment_configuration = None;
        live.health_check_grace_period_seconds = None;
        assert_eq!(props(&live, &want.tags, &want.tags, &unsaid(&spec, false)), want);
    }

    fn unsaid(spec: &Spec, emulated: bool) -> Unsaid<'_> {
        Unsaid { spec: Some(spec), emulated, routes: &NOWHERE }
    }

    #[test]
    fn a_threshold_that_is_not_shown_is_none_at_aws_and_unknown_elsewhere() {
        let spec = testing::service("web");
        let mut want = example();
        want.deploy = declare::deploy(&spec);
        assert_eq!((want.deploy.max_failures, want.deploy.reset), (Some(3), false));
        let mut live = created(&want);
        let config = live.deployment_configuration.as_mut().unwrap();
        let breaker = config.deployment_circuit_breaker.as_mut().unwrap();
        breaker.threshold_configuration = None;
        breaker.reset_on_healthy_task = None;
        let read = |emulated| {
            let props = props(&live, &want.tags, &want.tags, &unsaid(&spec, emulated));
            (props.deploy.max_failures, props.deploy.reset)
        };
        assert_eq!(read(false), (None, true));
        assert_eq!(read(true), (Some(3), false));
    }

    #[test]
    fn a_share_of_the_count_is_no_number_of_tasks() {
        let share = ThresholdConfiguration::builder()
            .r#type(ThresholdType::BoundedPercent)
            .value(50)
            .build()
            .unwrap();
        assert_eq!(count(&share), None);
    }

    #[test]
    fn an_unfinished_rollout_is_seen() {
        let want = example();
        let mut live_tags = want.tags.clone();
        live_tags.insert(tags::SPEC.to_owned(), UNFINISHED.to_owned());
        let read =
            |live_tags: &Tags| props(&created(&want), live_tags, &want.tags, &AT_AWS).rolled_out;
        assert_eq!(read(&live_tags), Rollout::Unfinished);
        for (word, wanted) in [(FAILED, Rollout::Failed), (ROLLED_BACK, Rollout::RolledBack)] {
            live_tags.insert(tags::SPEC.to_owned(), word.to_owned());
            assert_eq!(read(&live_tags), wanted);
        }
    }
}
