//! Target health, and the record of what clients of a balancer found.

use std::time::Duration;

use wharf_sandbox::{
    image::App,
    services::elbv2::{availability::GapKind, state::TargetState},
};

use crate::{
    common::query,
    ec2::subnet,
    elbv2::{REGION, elb, seconds, stage},
};

#[tokio::test(start_paused = true)]
async fn a_target_becomes_healthy_and_drains_on_its_way_out() {
    let stage = stage().await;
    let api = stage.target_group("api").await;
    stage.open().await;
    seconds(120).await;
    let ip = stage.start(&api, App::default());
    let unused = stage.health(&api, &ip).unwrap();
    assert_eq!((unused.0, unused.1.as_str()), (TargetState::Unused, "Target.NotInUse"));
    stage.listener(80, &api).await;
    assert_eq!(stage.state(&api, &ip), Some(TargetState::Initial));
    seconds(10).await;
    assert_eq!(stage.state(&api, &ip), Some(TargetState::Healthy));
    let shown = elb(&stage.sandbox, "DescribeTargetHealth", &format!("TargetGroupArn={api}")).await;
    assert_eq!(shown.element("State"), "healthy");
    stage.sandbox.with_world(|world| world.deregister_target(REGION, &api, &ip, 8080));
    assert_eq!(stage.state(&api, &ip), Some(TargetState::Draining));
    seconds(299).await;
    assert_eq!(stage.state(&api, &ip), Some(TargetState::Draining));
    seconds(1).await;
    assert_eq!(stage.state(&api, &ip), None);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_target_from_being_healthy_is_named() {
    let stage = stage().await;
    let api = stage.target_group("api").await;
    stage.listener(80, &api).await;
    seconds(120).await;
    let closed = stage.start(&api, App::default());
    seconds(20).await;
    let explain = |ip: &str| {
        let (how, reason, description) = stage.health(&api, ip).unwrap();
        (how, format!("{reason}: {description}"))
    };
    let ill = |text: &str| (TargetState::Unhealthy, text.to_owned());
    assert_eq!(explain(&closed), ill("Target.Timeout: Request timed out"));
    stage.open().await;
    seconds(50).await;
    assert_eq!(explain(&closed).0, TargetState::Healthy, "five successes after the rule is there");
    let missing = App { other_paths: 404, ..App::default() };
    let elsewhere = App { listens: Some(3000), ..App::default() };
    let inside = App { bind: "127.0.0.1".to_owned(), ..App::default() };
    let slow = App { startup_seconds: 45, ..App::default() };
    let ips = [missing, elsewhere, inside, slow].map(|app| stage.start(&api, app));
    seconds(20).await;
    let code = "Target.ResponseCodeMismatch: Health checks failed with these codes: [404]";
    assert_eq!(explain(&ips[0]), ill(code));
    assert_eq!(explain(&ips[1]), ill("Target.FailedHealthChecks: Health checks failed"));
    assert_eq!(explain(&ips[2]), ill("Target.Timeout: Request timed out"));
    assert_eq!(explain(&ips[3]), ill("Target.FailedHealthChecks: Health checks failed"));
    seconds(80).await;
    assert_eq!(explain(&ips[3]).0, TargetState::Healthy, "slow, but up");
    let third = subnet(&stage.sandbox, "main-private-c").await;
    let away = stage.start_in(&api, &third, App::default());
    let (how, text) = explain(&away);
    assert_eq!(how, TargetState::Unused);
    assert!(text.contains("Availability Zone that is not enabled"), "{text}");
    let form = format!(
        "GroupId={}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0",
        stage.group
    );
    let out = query(&stage.sandbox, "ec2", "RevokeSecurityGroupEgress", &form).await;
    assert_eq!(out.status, 200);
    seconds(20).await;
    assert_eq!(explain(&closed), ill("Target.Timeout: Request timed out"), "no way out");
}

#[tokio::test(start_paused = true)]
async fn swapping_to_healthy_targets_leaves_no_gap() {
    let stage = stage().await;
    let (blue, green) = (stage.target_group("blue").await, stage.target_group("green").await);
    stage.open().await;
    let listener = stage.listener(80, &blue).await.element("ListenerArn");
    let a = "DefaultActions.member.1";
    let weigh = |blue_weight: u32, green_weight: u32| {
        format!(
            "ListenerArn={listener}&{a}.Type=forward\
             &{a}.ForwardConfig.TargetGroups.member.1.TargetGroupArn={blue}\
             &{a}.ForwardConfig.TargetGroups.member.1.Weight={blue_weight}\
             &{a}.ForwardConfig.TargetGroups.member.2.TargetGroupArn={green}\
             &{a}.ForwardConfig.TargetGroups.member.2.Weight={green_weight}"
        )
    };
    let set = |form: String| {
        let sandbox = stage.sandbox.clone();
        async move { assert_eq!(elb(&sandbox, "ModifyListener", &form).await.status, 200) }
    };
    set(weigh(1, 0)).await;
    seconds(120).await;
    stage.start(&blue, App::default());
    seconds(20).await;
    assert!(stage.sandbox.availability().is_empty(), "before it first worked nothing counts");
    let ip = stage.start(&green, App::default());
    seconds(20).await;
    set(weigh(0, 1)).await;
    seconds(20).await;
    assert!(stage.sandbox.availability().is_empty());
    // The other way round: no healthy target behind a weight.
    let from = stage.sandbox.now();
    stage.sandbox.with_world(|world| world.deregister_target(REGION, &green, &ip, 8080));
    seconds(30).await;
    let open = stage.sandbox.availability();
    assert_eq!((open.len(), open[0].from, open[0].to), (1, from, None));
    assert_eq!(
        (open[0].target_group.as_str(), open[0].kind),
        (green.as_str(), GapKind::NoHealthyTarget)
    );
    set(weigh(1, 0)).await;
    let closed = stage.sandbox.availability();
    assert_eq!(closed[0].to, Some(stage.sandbox.now()));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_made_anew_leaves_a_gap_and_one_that_goes_does_not() {
    let stage = stage().await;
    let api = stage.target_group("api").await;
    stage.open().await;
    let made = stage.listener(80, &api).await;
    seconds(120).await;
    stage.start(&api, App::default());
    seconds(20).await;
    let form = format!("ListenerArn={}", made.element("ListenerArn"));
    elb(&stage.sandbox, "DeleteListener", &form).await;
    seconds(5).await;
    assert!(stage.sandbox.availability().is_empty());
    stage.listener(80, &api).await;
    let gaps = stage.sandbox.availability();
    assert_eq!(gaps[0].kind, GapKind::RouteMissing);
    let (from, to) = (gaps[0].from, gaps[0].to.unwrap());
    assert_eq!(to.since(from), Duration::from_secs(5));
}
