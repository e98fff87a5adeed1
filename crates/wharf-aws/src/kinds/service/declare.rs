//! What a service is to be.

use std::collections::BTreeSet;

use wharf_graph::{Address, Declare, Facts, Input, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::{Service as Spec, Strategy};

use super::launch::Launch;
use super::shift::{Requests, Shift};
use super::{Alternate, Deploy, LoadBalancer, Props, Rollout, Service, canonical};
use crate::kind::Kind;
use crate::kinds::listener_rule::priority;
use crate::kinds::target_group::Role;
use crate::kinds::{cluster, listener, release, target_group};
use crate::reads::iam::SHIFTER;
use crate::{names, placement};

/// Fargate gives two minutes' notice (Amazon ECS Developer Guide, "Amazon ECS clusters for Fargate").
const SPOT_NOTE: &str = "at two minutes' notice AWS may take back";

/// Declares one service.
pub(super) fn service(stack: &Stack, facts: &Facts, spec: &Spec, out: &mut Declare) {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let placed = match placement::tasks(stack, facts) {
        Ok(placed) => placed,
        Err(lack) => {
            let address = Address::new(Service::POLICY.kind, spec.name.clone());
            out.problem(lack.code, address, lack.text);
            return;
        }
    };
    let of = |kind: &str, name: &str, output: &str| Input::of(&Address::new(kind, name), output);
    let group = target_group::physical_name(stack, facts, &spec.name);
    let leads_here = if listener::is_default(spec) && stack.balancer.shared.is_none() {
        listener::serving(stack)
    } else {
        Address::new("listener_rule", spec.home())
    };
    if let Some(problem) = several_rules(stack, spec) {
        out.problem("E211", Address::new(Service::POLICY.kind, spec.name.clone()), problem);
    }
    let load_balancer = spec.routing.as_ref().map(|routing| LoadBalancer {
        target_group: of("target_group", &spec.name, "arn"),
        container: spec.name.clone(),
        port: routing.port,
        alternate: moves(spec).then(|| Alternate {
            target_group: of("target_group", &Role::Alternate.address(&spec.name), "arn"),
            rule: Input::of(&leads_here, "arn"),
            role: of("role", SHIFTER, "arn"),
        }),
    });
    let props = Props {
        name: names::service(&id, &spec.name, group.as_deref()),
        cluster: cluster::arn(stack, facts),
        task_definition: of("task_definition", &spec.name, "arn"),
        count: spec.scaling.is_none().then_some(spec.count),
        start: spec.scaling.is_some().then_some(spec.count),
        at_least: fewest(spec),
        swapped: None,
        requests: moves(spec).then_some(Requests::ToItsTasks),
        launch: Launch::of_spot(spec.spot),
        platform: canonical::LATEST.to_owned(),
        subnets: placed.subnets,
        public_ip: placed.public_ip,
        security_groups: BTreeSet::from([of("security_group", "tasks", "id")]),
        load_balancer,
        deploy: deploy(spec),
        grace: grace(spec),
        exec: spec.exec,
        propagate_tags: canonical::SERVICE.to_owned(),
        rolled_out: Rollout::Complete,
        tags: stack.tags.clone(),
    };
    let arn = arn(stack, facts, &spec.name);
    let node = out.add(&Service::POLICY, spec.name.clone(), &props);
    node.known_outputs.insert("arn".to_owned(), arn);
    node.note = Some(match spec.spot {
        0 => placed.note,
        100 => format!("{}; {SPOT_NOTE} all of its tasks", placed.note),
        _ => format!("{}; {SPOT_NOTE} its tasks on Spot, never the first", placed.note),
    });
    node.after.insert(Address::new("log_group", spec.home()));
    // A service's step ends with its rollout, so this is the order of rollouts.
    let earlier = spec.after.iter().map(|name| Address::new(Service::POLICY.kind, name.clone()));
    node.after.extend(earlier);
    node.after.extend(release::address(stack));
    let Some(routing) = &spec.routing else { return };
    // ECS refuses a target group that no listener leads to (ECS API reference, CreateService).
    node.after.insert(leads_here);
    node.after.insert(Address::new("ingress_rule", format!("tasks:{}", routing.port)));
}

/// Says why the requests of a service cannot move at once: ECS moves the weights of one rule
/// (ECS API reference, `AdvancedConfiguration`).
fn several_rules(stack: &Stack, spec: &Spec) -> Option<String> {
    let own = priority::rules(stack).into_iter().filter(|rule| rule.service == spec.name).count();
    (moves(spec) && own > 1).then(|| {
        format!(
            "the paths of service {} take {own} listener rules, since those of other services belong between \
             them, and ECS moves the requests of one",
            spec.name
        )
    })
}

/// Returns the ARN a service has, or will have (Amazon ECS Developer Guide, "Amazon Resource Names").
pub(crate) fn arn(stack: &Stack, facts: &Facts, service: &str) -> String {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let group = target_group::physical_name(stack, facts, service);
    let (cluster, name) = (names::cluster(stack), names::service(&id, service, group.as_deref()));
    let Facts { partition, region, account, .. } = facts;
    format!("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{name}")
}

/// Says whether rollouts of a service move its requests between two target groups.
pub(super) fn moves(spec: &Spec) -> bool {
    spec.deploy.strategy != Strategy::Rolling && spec.routing.is_some()
}

/// Returns how the spec wants rollouts. Failures are counted over the whole rollout: a task that was
/// healthy for a moment does not make up for those that failed (ECS API reference,
/// `DeploymentCircuitBreaker`).
pub(super) fn deploy(spec: &Spec) -> Deploy {
    Deploy {
        min_percent: spec.deploy.min_healthy,
        max_percent: spec.deploy.max_running,
        breaker: true,
        rollback: true,
        max_failures: Some(spec.deploy.max_failures),
        reset: false,
        alarms: spec.deploy.alarms.clone(),
        shift: Shift::of_spec(spec.deploy.strategy),
    }
}

/// Returns the fewest tasks a service has under a range, at whatever time.
pub(super) fn fewest(spec: &Spec) -> Option<u32> {
    let scaling = spec.scaling.as_ref()?;
    scaling.schedule.values().map(|range| range.min).chain([scaling.min]).min()
}

/// Returns the grace period; ECS takes none for a service without a balancer.
pub(super) fn grace(spec: &Spec) -> u32 {
    spec.routing.as_ref().map_or(0, |routing| routing.health.grace)
}

#[cfg(test)]
mod tests {
    use wharf_graph::Desired;
    use wharf_graph::facts::{Egress, Subnet, Vpc};

    use super::*;
    use crate::testing;

    fn facts() -> Facts {
        let subnet = |id: &str, zone: &str| Subnet {
            id: id.to_owned(),
            zone: zone.to_owned(),
            egress: Egress::InternetGateway,
            free_addresses: 100,
            layers_free: false,
        };
        Facts {
            region: "eu-west-1".to_owned(),
            vpc: Some(Vpc {
                id: "vpc-1".to_owned(),
                cidr: "10.0.0.0/16".to_owned(),
                default: true,
            }),
            subnets: vec![subnet("subnet-a", "eu-west-1a"), subnet("subnet-b", "eu-west-1b")],
            ..Facts::default()
        }
    }

    fn declared(stack: &Stack) -> Desired {
        let mut out = Declare::new();
        Service::declare(stack, &facts(), &mut out);
        let (mut nodes, problems) = out.finish();
        assert!(problems.is_empty(), "{problems:?}");
        nodes.remove(0)
    }

    fn after(node: &Desired) -> Vec<String> {
        node.after.iter().map(Address::to_string).collect()
    }

    #[test]
    fn a_routed_service_waits_for_what_leads_to_it() {
        let mut stack = testing::stack();
        let node = declared(&stack);
        assert_eq!(after(&node), ["ingress_rule.tasks:3000", "listener.http", "log_group.web"]);
        let name = node.props["name"].as_str().unwrap();
        assert!(name.starts_with("notes-prod-web-"), "{name}");

        let web = stack.services.get_mut("web").unwrap();
        web.routing.as_mut().unwrap().paths = vec!["/api/*".to_owned()];
        let node = declared(&stack);
        assert_eq!(after(&node), ["ingress_rule.tasks:3000", "listener_rule.web", "log_group.web"]);
    }

    #[test]
    fn a_worker_has_neither_balancer_nor_grace() {
        let mut stack = testing::stack();
        stack.services.get_mut("web").unwrap().routing = None;
        let node = declared(&stack);
        assert_eq!(node.props["name"], "notes-prod-web");
        assert_eq!(node.props["load_balancer"], serde_json::Value::Null);
        assert_eq!(node.props["grace"], 0);
        assert_eq!(after(&node), ["log_group.web"]);
    }

    #[test]
    fn a_service_waits_for_those_it_comes_after() {
        let mut stack = testing::stack();
        let web = stack.services.get_mut("web").unwrap();
        web.routing = None;
        web.after = BTreeSet::from(["api".to_owned()]);
        assert_eq!(after(&declared(&stack)), ["log_group.web", "service.api"]);
    }

    #[test]
    fn without_a_vpc_there_is_a_problem_and_no_service() {
        let mut out = Declare::new();
        Service::declare(&testing::stack(), &Facts::default(), &mut out);
        let (nodes, problems) = out.finish();
        assert!(nodes.is_empty());
        assert_eq!(problems.len(), 1);
    }
}
