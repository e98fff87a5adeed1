//! Target group, balancer and listeners.

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, TargetGroup};
use wharf_doctor::{BalancerEvidence, GroupEvidence, Intent, Seen};
use wharf_graph::StackId;

use crate::aws::Aws;
use crate::names;
use crate::rollout::Goal;

/// Reads the target group a service registers its tasks in.
pub(super) async fn group(
    aws: &Aws,
    arn: Option<&str>,
) -> (Seen<GroupEvidence>, Option<TargetGroup>) {
    let Some(arn) = arn else { return (Seen::Unread, None) };
    let got = aws.caller.call("elasticloadbalancing:DescribeTargetGroups", || {
        aws.elb.describe_target_groups().target_group_arns(arn).send()
    });
    let found = match got.await {
        Ok(got) => got.target_groups().first().cloned(),
        Err(error) if error.is(&["TargetGroupNotFound"]) => None,
        Err(_) => return (Seen::Unread, None),
    };
    let Some(found) = found else { return (Seen::Absent, None) };
    let evidence = GroupEvidence {
        name: found.target_group_name().unwrap_or_default().to_owned(),
        reached: !found.load_balancer_arns().is_empty(),
        port: port(found.port()),
        astray: None,
    };
    (Seen::There(evidence), Some(found))
}

fn port(value: Option<i32>) -> u16 {
    value.and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

/// Fills in what is known from the target group alone.
pub(super) fn complete(intent: &mut Intent, group: &TargetGroup) {
    if intent.health_path.is_empty() {
        group.health_check_path().unwrap_or_default().clone_into(&mut intent.health_path);
        let codes = group.matcher().and_then(|it| it.http_code());
        codes.unwrap_or_default().clone_into(&mut intent.health_codes);
        let timeout = group.health_check_timeout_seconds().and_then(|it| u32::try_from(it).ok());
        intent.health_timeout = timeout.unwrap_or_default();
    }
}

/// Reads the stack's balancer and its listeners; subnets and security groups come later.
pub(super) async fn balancer(
    aws: &Aws,
    stack: &StackId,
    goal: &Goal,
    group: Option<&TargetGroup>,
) -> Seen<BalancerEvidence> {
    if goal.target_groups.is_empty() {
        return Seen::Unread;
    }
    let of_group = group.and_then(|group| group.load_balancer_arns().first());
    let name = names::load_balancer(stack);
    let got = aws.caller.call("elasticloadbalancing:DescribeLoadBalancers", || {
        let ask = aws.elb.describe_load_balancers();
        match of_group {
            Some(arn) => ask.load_balancer_arns(arn),
            None => ask.names(&name),
        }
        .send()
    });
    match got.await {
        Ok(got) => match got.load_balancers().first() {
            Some(found) => Seen::There(evidence(aws, found).await),
            None => Seen::Absent,
        },
        Err(error) if error.is(&["LoadBalancerNotFound"]) => Seen::Absent,
        Err(_) => Seen::Unread,
    }
}

async fn evidence(aws: &Aws, found: &LoadBalancer) -> BalancerEvidence {
    let arn = found.load_balancer_arn().unwrap_or_default();
    let got = aws.caller.call("elasticloadbalancing:DescribeListeners", || {
        aws.elb.describe_listeners().load_balancer_arn(arn).send()
    });
    let mut listeners: Vec<u16> = match got.await {
        Ok(got) => got.listeners().iter().map(|it| port(it.port())).collect(),
        Err(_) => Vec::new(),
    };
    listeners.sort_unstable();
    let zones = found.availability_zones();
    BalancerEvidence {
        dns: found.dns_name().unwrap_or_default().to_lowercase(),
        state: found
            .state()
            .and_then(|state| state.code())
            .map_or("", |code| code.as_str())
            .to_owned(),
        zones: zones.iter().filter_map(|zone| zone.zone_name()).map(str::to_owned).collect(),
        subnets: zones
            .iter()
            .filter_map(|zone| zone.subnet_id())
            .map(|id| wharf_doctor::SubnetEvidence {
                id: id.to_owned(),
                ..wharf_doctor::SubnetEvidence::default()
            })
            .collect(),
        groups: found.security_groups().to_vec(),
        lets_in: Vec::new(),
        lets_out: Vec::new(),
        listeners,
    }
}
