//! What ECS refuses of deployments that move requests.

use serde_json::{Value, json};

use super::{Row, Step, ecs, elbv2::elb, row};
use crate::ecs_stage::{merged, on};

/// Makes the listener's default rule lead to both groups, and keeps its ARN as `$rule`.
fn both() -> [Step; 2] {
    let form = "ListenerArn=$listener&DefaultActions.member.1.Type=forward\
        &DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=$tg\
        &DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=100\
        &DefaultActions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn=$loose\
        &DefaultActions.member.1.ForwardConfig.TargetGroups.member.2.Weight=0";
    [
        elb("ModifyListener", form),
        elb("DescribeRules", "ListenerArn=$listener").keep("$rule", "RuleArn"),
    ]
}

fn paired(members: Value) -> Value {
    let advanced = json!({
        "alternateTargetGroupArn": "$loose",
        "productionListenerRule": "$rule",
        "roleArn": "arn:aws:iam::111122223333:role/notes-exec",
    });
    let mut list = on("$tg");
    list[0]["advancedConfiguration"] = merged(advanced, members);
    list
}

fn strategy(members: &Value) -> Value {
    json!({"deploymentConfiguration": members})
}

fn after_both(rule: &'static str, last: Step) -> Row {
    let mut steps = Vec::from(both());
    steps.push(last);
    row(rule, steps)
}

pub(super) fn rows() -> Vec<Row> {
    let of = |list: Value| ecs::create(json!({"loadBalancers": list}));
    let mut mixed = paired(json!({}));
    mixed.as_array_mut().unwrap().push(on("$loose")[0].clone());
    let settled = {
        let mut steps = Vec::from(both());
        steps.push(of(paired(json!({}))));
        let green = strategy(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}));
        steps.push(ecs::service("UpdateService", green));
        row("ecs/strategy-change-settled", steps)
    };
    vec![
        after_both("ecs/advanced-given", of(paired(json!({"roleArn": null})))),
        after_both("ecs/advanced-for-all", of(mixed)),
        after_both("ecs/alternate-differs", of(paired(json!({"alternateTargetGroupArn": "$tg"})))),
        row(
            "ecs/production-rule-form",
            [of(paired(json!({"productionListenerRule": "$listener"})))],
        ),
        row(
            "ecs/production-rule-leads-to-both",
            [
                elb("DescribeRules", "ListenerArn=$listener").keep("$rule", "RuleArn"),
                elb(
                    "CreateRule",
                    "ListenerArn=$listener&Priority=7&Conditions.member.1.Field=path-pattern\
                     &Conditions.member.1.PathPatternConfig.Values.member.1=%2Fx\
                     &Actions.member.1.Type=forward&Actions.member.1.TargetGroupArn=$loose",
                ),
                of(paired(json!({}))),
            ],
        ),
        row(
            "ecs/strategy-needs-advanced",
            [ecs::create(merged(
                json!({"loadBalancers": on("$tg")}),
                strategy(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})),
            ))],
        ),
        settled,
        row("ecs/bake-given", [ecs::create(strategy(&json!({"strategy": "BLUE_GREEN"})))]),
        row(
            "ecs/bake-range",
            [ecs::create(strategy(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441})))],
        ),
        row(
            "ecs/step-range",
            [ecs::create(strategy(&json!({
                "strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0},
            })))],
        ),
    ]
}
