//! ECS: deployments that stand new tasks beside the old ones and move requests over.

use serde_json::{Value, json};
use wharf_sandbox::image::App;

use crate::common::{json as call, query};
use crate::ecs_stage::{Stage, answering, breaker, merged, open, steady, told};

const ROLE: &str = "arn:aws:iam::111122223333:role/shifter";

/// A listener whose default rule leads to two groups, and the role that may change it.
struct Pair {
    stage: Stage,
    groups: [String; 2],
    rule: String,
}

impl Pair {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let first = stage.balance(5).await;
        open(&stage).await;
        let second = stage.group("second").await;
        let (listener, rule) = stage.sandbox.with_world(|world| {
            let listeners = &world.regions["eu-west-1"].elbv2.listeners;
            let listener = listeners.values().next().unwrap();
            (listener.arn.clone(), listener.default_rule.clone())
        });
        let action = "DefaultActions.member.1";
        let groups = format!("{action}.ForwardConfig.TargetGroups.member");
        let form = format!(
            "ListenerArn={listener}&{action}.Type=forward&{groups}.1.TargetGroupArn={first}\
             &{groups}.1.Weight=100&{groups}.2.TargetGroupArn={second}&{groups}.2.Weight=0"
        );
        query(&stage.sandbox, "elasticloadbalancing", "ModifyListener", &form).await;
        let policy = |statement: Value| {
            let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let trust = policy(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs.amazonaws.com"}}));
        let form = format!("RoleName=shifter&AssumeRolePolicyDocument={trust}");
        query(&stage.sandbox, "iam", "CreateRole", &form).await;
        let may = policy(json!({"Effect": "Allow", "Resource": "*",
            "Action": ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]}));
        let form = format!("RoleName=shifter&PolicyName=own&PolicyDocument={may}");
        query(&stage.sandbox, "iam", "PutRolePolicy", &form).await;
        stage.push("v1", answering(200));
        stage.push("v2", answering(200));
        Self { stage, groups: [first, second], rule }
    }

    fn balancers(&self) -> Value {
        json!([{"targetGroupArn": self.groups[0], "containerName": "web", "containerPort": 3000,
            "advancedConfiguration": {"alternateTargetGroupArn": self.groups[1],
                "productionListenerRule": self.rule, "roleArn": ROLE}}])
    }

    /// Makes the service with a deployment configuration.
    async fn serve(&self, configuration: Value) {
        let configuration = merged(breaker(true), configuration);
        let definition = self.stage.register("v1", json!({})).await;
        let members = json!({"desiredCount": 2, "loadBalancers": self.balancers(),
            "healthCheckGracePeriodSeconds": 20, "deploymentConfiguration": configuration});
        self.stage.create(&definition, members).await;
        self.stage.until(steady).await;
    }

    /// Returns the weights of the two groups.
    fn weights(&self) -> [u32; 2] {
        let rule = self
            .stage
            .sandbox
            .with_world(|world| world.forward_rule("eu-west-1", &self.rule).unwrap().groups);
        [0, 1].map(|at| rule.iter().find(|(arn, _)| *arn == self.groups[at]).unwrap().1)
    }

    /// Describes the newest service deployment.
    async fn deployment(&self) -> Value {
        let list = json!({"cluster": "notes", "service": "web"});
        let list = self.stage.ecs("ListServiceDeployments", list).await.ok();
        let newest = &list["serviceDeployments"][0]["serviceDeploymentArn"];
        let input = json!({"serviceDeploymentArns": [newest]});
        let shown = self.stage.ecs("DescribeServiceDeployments", input).await.ok();
        shown["serviceDeployments"][0].clone()
    }

    /// Lets a deployment go to its end and returns the stages and weights that were seen.
    async fn watch(&self) -> Vec<(String, [u32; 2])> {
        let mut seen = Vec::new();
        for _ in 0..4000 {
            let deployment = self.deployment().await;
            let stage = deployment["lifecycleStage"].as_str().unwrap_or_default().to_owned();
            let now = (stage, self.weights());
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            if deployment["finishedAt"].is_number() {
                return seen;
            }
            self.stage.pass(1).await;
        }
        panic!("it never ended: {seen:?}");
    }

    fn no_gaps(&self) {
        let gaps = self.stage.sandbox.availability();
        assert!(gaps.is_empty(), "{gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn blue_and_green_change_places() {
    let pair = Pair::new().await;
    pair.serve(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3})).await;
    assert_eq!(pair.weights(), [100, 0], "the first deployment moves nothing");
    for (after, tag) in [([0, 100], "v2"), ([100, 0], "v1")] {
        let before = pair.weights();
        let definition = pair.stage.register(tag, json!({})).await;
        pair.stage.update(json!({"taskDefinition": definition})).await;
        let seen = pair.watch().await;
        let stages: Vec<(&str, [u32; 2])> =
            seen.iter().map(|(stage, weights)| (stage.as_str(), *weights)).collect();
        assert_eq!(
            stages,
            [
                ("SCALE_UP", before),
                ("PRODUCTION_TRAFFIC_SHIFT", after),
                ("BAKE_TIME", after),
                ("CLEAN_UP", after),
            ]
        );
        let web = pair.stage.until(steady).await;
        assert_eq!(web["taskDefinition"], definition.as_str());
        assert_eq!(web["runningCount"], 2);
        assert_eq!(web["loadBalancers"][0]["targetGroupArn"], pair.groups[0].as_str());
        let input = json!({"serviceRevisionArns": [web["currentServiceRevisions"][0]["arn"]]});
        let shown = pair.stage.ecs("DescribeServiceRevisions", input).await.ok();
        let live = &shown["serviceRevisions"][0]["resolvedConfiguration"]["loadBalancers"][0];
        let group = &pair.groups[usize::from(after == [0, 100])];
        assert_eq!(live["targetGroupArn"], group.as_str());
    }
    pair.no_gaps();
}

#[tokio::test(start_paused = true)]
async fn steps_are_taken_one_after_another() {
    for (configuration, shares) in [
        (
            json!({"strategy": "LINEAR", "bakeTimeInMinutes": 1,
                "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 1}}),
            &[30, 60, 90, 100][..],
        ),
        (
            json!({"strategy": "CANARY", "bakeTimeInMinutes": 1,
                "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 2}}),
            &[5, 100][..],
        ),
    ] {
        let pair = Pair::new().await;
        pair.serve(configuration).await;
        let definition = pair.stage.register("v2", json!({})).await;
        pair.stage.update(json!({"taskDefinition": definition})).await;
        let seen = pair.watch().await;
        let shifting = seen.iter().filter(|(stage, _)| stage == "PRODUCTION_TRAFFIC_SHIFT");
        let moved: Vec<u32> = shifting.map(|(_, weights)| weights[1]).collect();
        assert_eq!(moved, shares);
        pair.stage.until(steady).await;
        pair.no_gaps();
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_never_gets_a_request() {
    let pair = Pair::new().await;
    pair.serve(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3})).await;
    pair.stage.push("bad", App { exit_code: Some(1), exit_after_seconds: 2, ..App::default() });
    let good = pair.stage.web().await["taskDefinition"].clone();
    let bad = pair.stage.register("bad", json!({})).await;
    pair.stage.update(json!({"taskDefinition": bad})).await;
    let seen = pair.watch().await;
    assert!(seen.iter().all(|(_, weights)| *weights == [100, 0]), "{seen:?}");
    let deployment = pair.deployment().await;
    assert_eq!(deployment["status"], "ROLLBACK_SUCCESSFUL");
    let web = pair.stage.until(steady).await;
    assert_eq!(web["taskDefinition"], good);
    pair.no_gaps();
}

#[tokio::test(start_paused = true)]
async fn stopping_a_deployment_sends_requests_back_at_once() {
    let pair = Pair::new().await;
    pair.serve(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 30})).await;
    let definition = pair.stage.register("v2", json!({})).await;
    pair.stage.update(json!({"taskDefinition": definition})).await;
    while pair.weights() == [100, 0] {
        pair.stage.pass(2).await;
    }
    let arn = pair.deployment().await["serviceDeploymentArn"].clone();
    let input = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    pair.stage.ecs("StopServiceDeployment", input).await.ok();
    assert_eq!(pair.weights(), [100, 0], "the old tasks are still there");
    let web = pair.stage.until(steady).await;
    assert_ne!(web["taskDefinition"], definition.as_str());
    pair.no_gaps();
}

#[tokio::test(start_paused = true)]
async fn weights_and_roles_that_are_not_as_they_should_be_end_a_deployment() {
    let pair = Pair::new().await;
    pair.serve(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})).await;
    pair.stage.sandbox.with_world(|world| {
        world.weigh("eu-west-1", &pair.rule, &[(pair.groups[1].clone(), 1)]);
    });
    let definition = pair.stage.register("v2", json!({})).await;
    pair.stage.update(json!({"taskDefinition": definition})).await;
    pair.watch().await;
    let reason = pair.deployment().await["statusReason"].as_str().unwrap().to_owned();
    assert!(reason.contains("found 2 target groups which are serving traffic"), "{reason}");
    pair.stage.until(steady).await;
    pair.stage.sandbox.with_world(|world| {
        world.weigh("eu-west-1", &pair.rule, &[(pair.groups[1].clone(), 0)]);
    });
    let form = "RoleName=shifter&PolicyName=own";
    query(&pair.stage.sandbox, "iam", "DeleteRolePolicy", form).await;
    pair.stage.update(json!({"taskDefinition": definition})).await;
    pair.watch().await;
    let reason = pair.deployment().await["statusReason"].as_str().unwrap().to_owned();
    let words = format!("missing permissions on ECS Infrastructure Role '{ROLE}'");
    assert!(reason.contains(&words), "{reason}");
    assert!(told(&pair.stage.until(steady).await, "deployment failed: invalid networking"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_ends_a_deployment_that_bakes() {
    let pair = Pair::new().await;
    let alarms = json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
    pair.serve(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 30, "alarms": alarms})).await;
    let definition = pair.stage.register("v2", json!({})).await;
    pair.stage.update(json!({"taskDefinition": definition})).await;
    while pair.weights() == [100, 0] {
        pair.stage.pass(2).await;
    }
    let alarm = json!({
        "AlarmName": "errors",
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    call(&pair.stage.sandbox, "monitoring", "PutMetricAlarm", alarm).await.ok();
    let ring = json!({"AlarmName": "errors", "StateValue": "ALARM", "StateReason": "a test"});
    call(&pair.stage.sandbox, "monitoring", "SetAlarmState", ring).await.ok();
    pair.watch().await;
    assert_eq!(pair.weights(), [100, 0]);
    assert_eq!(pair.deployment().await["status"], "ROLLBACK_SUCCESSFUL");
    pair.no_gaps();
}
