//! ECS: deployments.

use serde_json::json;
use wharf_sandbox::image::App;

use crate::ecs_stage::{Stage, answering, breaker, definition, merged, on, open, steady, told};

#[tokio::test(start_paused = true)]
async fn a_rolling_update_never_falls_below_the_minimum() {
    let stage = Stage::new().await;
    let group = stage.balance(5).await;
    open(&stage).await;
    stage.push("v2", answering(200));
    for (minimum, maximum) in [(100, 200), (50, 100), (100, 150)] {
        let arn = stage.register("v2", json!({})).await;
        let configuration = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
        let members = json!({"desiredCount": 2, "loadBalancers": on(&group),
            "deploymentConfiguration": configuration});
        if stage.web().await.is_null() {
            stage.create(&arn, members).await;
        } else {
            stage.update(merged(members, json!({"taskDefinition": arn}))).await;
        }
        let first = stage.until(steady).await;
        let next = stage.register("v2", json!({})).await;
        stage.update(json!({"taskDefinition": next})).await;
        let (mut fewest, mut most, mut rows) = (9, 0, 0);
        for _ in 0..300 {
            let web = stage.web().await;
            let healthy = stage.sandbox.with_world(|world| {
                let group = world.target_group("eu-west-1", &group).unwrap();
                let well = |name: &&str| *name == "healthy";
                let states = group.targets.values().map(|it| it.health.state.as_str());
                states.filter(well).count()
            });
            fewest = fewest.min(healthy);
            most = most.max(stage.tasks("RUNNING").await.len());
            rows = rows.max(web["deployments"].as_array().unwrap().len());
            if steady(&web) && web["taskDefinition"] == next.as_str() {
                let old = stage.tasks("STOPPED").await;
                assert!(old.iter().all(|task| task["lastStatus"] == "STOPPED"), "still draining");
                break;
            }
            stage.pass(1).await;
        }
        let web = stage.web().await;
        assert!(steady(&web) && web["taskDefinition"] == next.as_str(), "{web:#}");
        assert_ne!(web["deployments"][0]["id"], first["deployments"][0]["id"]);
        assert_eq!(rows, 2);
        assert!(fewest >= 2 * minimum / 100, "{minimum}/{maximum}: {fewest} healthy");
        assert!(most <= 2 * maximum / 100, "{minimum}/{maximum}: {most} running");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_that_fails_has_nothing_to_go_back_to() {
    let stage = Stage::new().await;
    let arn = stage.register("missing", json!({})).await;
    stage.create(&arn, json!({"deploymentConfiguration": breaker(true)})).await;
    let web = stage.until(|web| web["deployments"][0]["rolloutState"] == "FAILED").await;
    assert_eq!(web["status"], "ACTIVE");
    assert!(told(&web, "deployment failed: tasks failed to start."));
    let reason = &web["deployments"][0]["rolloutStateReason"];
    assert_eq!(reason, "ECS deployment circuit breaker: tasks failed to start.");
    let tasks = stage.tasks("STOPPED").await;
    assert_eq!(tasks.len(), 3, "the threshold is three");
    assert_eq!(tasks[0]["stopCode"], "TaskFailedToStart");
    let reason = tasks[0]["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert!(reason.ends_with(":missing: not found"), "{reason}");
    stage.pass(900).await;
    let web = stage.web().await;
    assert_eq!((&web["runningCount"], &web["pendingCount"]), (&json!(0), &json!(0)));
    let list = json!({"cluster": "notes", "service": "web"});
    let list = stage.ecs("ListServiceDeployments", list).await.ok();
    assert_eq!(list["serviceDeployments"][0]["status"], "ROLLBACK_FAILED");
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_goes_back() {
    let stage = Stage::new().await;
    let good = stage.register("v1", json!({})).await;
    stage.create(&good, json!({"deploymentConfiguration": breaker(true)})).await;
    stage.until(steady).await;
    stage.push("broken", App { exit_code: Some(1), exit_after_seconds: 2, ..App::default() });
    let bad = stage.register("broken", json!({})).await;
    stage.update(json!({"taskDefinition": bad})).await;
    let web = stage.until(|web| told(web, "rolling back to deployment ecs-svc/")).await;
    assert!(web["runningCount"].as_i64().unwrap() >= 1, "the old task runs on");
    let stopped = &stage.tasks("STOPPED").await[0];
    assert_eq!(stopped["stopCode"], "EssentialContainerExited");
    assert_eq!(stopped["stoppedReason"], "Essential container in task exited");
    assert_eq!(stopped["containers"][0]["exitCode"], 1);
    let web = stage.until(steady).await;
    assert_eq!(web["taskDefinition"], good.as_str(), "stable, but not what was asked for");
    let list = json!({"cluster": "notes", "service": "web"});
    let list = stage.ecs("ListServiceDeployments", list).await.ok();
    let newest = &list["serviceDeployments"][0];
    assert_eq!(newest["status"], "ROLLBACK_SUCCESSFUL");
    let input = json!({"serviceDeploymentArns": [newest["serviceDeploymentArn"]]});
    let shown = stage.ecs("DescribeServiceDeployments", input).await.ok();
    let shown = &shown["serviceDeployments"][0];
    assert_eq!(
        shown["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    );
    assert!(shown["rollback"]["serviceRevisionArn"].is_string());
}

#[tokio::test(start_paused = true)]
async fn unhealthy_targets_fail_the_deployment() {
    let stage = Stage::new().await;
    let group = stage.balance(5).await;
    open(&stage).await;
    stage.push("v2", answering(404));
    let arn = stage.register("v2", json!({})).await;
    let threshold = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false,
        "thresholdConfiguration": {"type": "COUNT", "value": 2}}});
    let members = json!({"loadBalancers": on(&group), "deploymentConfiguration": threshold,
        "healthCheckGracePeriodSeconds": 60});
    stage.create(&arn, members).await;
    stage.pass(75).await;
    assert!(stage.tasks("STOPPED").await.is_empty(), "the grace period is not over");
    let web = stage.until(|web| web["deployments"][0]["rolloutState"] == "FAILED").await;
    assert!(told(&web, "due to (reason Health checks failed with these codes: [404])"));
    let tasks = stage.tasks("STOPPED").await;
    assert_eq!(tasks.len(), 2, "the threshold is two");
    let reason = format!("Task failed ELB health checks in (target-group {group})");
    assert_eq!(tasks[0]["stoppedReason"], reason);
}

#[tokio::test(start_paused = true)]
async fn container_checks_decide_too() {
    let stage = Stage::new().await;
    stage.push("v2", answering(500));
    let check = |path: &str| {
        json!({"healthCheck": {"interval": 5,
        "command": ["CMD-SHELL", format!("curl -f http://localhost:3000{path}")]}})
    };
    let good = stage.register("v2", check("/")).await;
    stage.create(&good, json!({"deploymentConfiguration": breaker(true)})).await;
    let web = stage.until(steady).await;
    assert_eq!(stage.tasks("RUNNING").await[0]["healthStatus"], "HEALTHY");
    let bad = stage.register("v2", check("/ok")).await;
    let before = web["createdAt"].clone();
    stage.update(json!({"taskDefinition": bad})).await;
    let web = stage.until(|web| told(web, "failed container health checks.")).await;
    assert_eq!(web["createdAt"], before);
    let web = stage.until(|web| steady(web) && web["taskDefinition"] == good.as_str()).await;
    assert!(told(&web, "rolling back to deployment"));
}

#[tokio::test(start_paused = true)]
async fn only_what_matters_starts_a_deployment() {
    let stage = Stage::new().await;
    // Commands can be run only with a task role.
    let role = json!({"taskRoleArn": "arn:aws:iam::111122223333:role/notes-exec"});
    let input = merged(definition("v1", json!({})), role);
    let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
    let arn = made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap();
    let first = stage.create(arn, json!({})).await["deployments"][0]["id"].clone();
    for members in [
        json!({}),
        json!({"taskDefinition": "web"}),
        json!({"desiredCount": 2}),
        json!({"enableExecuteCommand": true, "propagateTags": "SERVICE"}),
        json!({"deploymentConfiguration": {"maximumPercent": 150}}),
    ] {
        let web = stage.update(members.clone()).await;
        assert_eq!(web["deployments"][0]["id"], first, "{members}");
    }
    let web = stage.web().await;
    assert_eq!(web["desiredCount"], 2);
    assert_eq!(web["deploymentConfiguration"]["minimumHealthyPercent"], 100, "absent is unchanged");
    let mut last = first;
    let network = json!({"awsvpcConfiguration": {"subnets": [stage.subnets[0]], "assignPublicIp": "ENABLED"}});
    for members in [
        json!({"forceNewDeployment": true}),
        json!({"platformVersion": "1.4.0"}),
        json!({"networkConfiguration": network}),
    ] {
        let web = stage.update(members.clone()).await;
        assert_ne!(web["deployments"][0]["id"], last, "{members}");
        last = web["deployments"][0]["id"].clone();
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_can_be_stopped_and_tasks_protected() {
    let stage = Stage::new().await;
    let good = stage.register("v1", json!({})).await;
    stage.create(&good, json!({"desiredCount": 2})).await;
    stage.until(steady).await;
    let tasks = stage.tasks("RUNNING").await;
    let protect = json!({"cluster": "notes", "protectionEnabled": true,
        "tasks": [tasks[0]["taskArn"], tasks[1]["taskArn"]]});
    let shown = stage.ecs("UpdateTaskProtection", protect).await.ok();
    assert_eq!(shown["protectedTasks"][0]["protectionEnabled"], true);
    stage.update(json!({"desiredCount": 1})).await;
    stage.pass(60).await;
    assert_eq!(stage.tasks("RUNNING").await.len(), 2);
    assert!(told(&stage.web().await, "unable to scale in"));
    let protect =
        json!({"cluster": "notes", "protectionEnabled": false, "tasks": [tasks[0]["taskArn"]]});
    stage.ecs("UpdateTaskProtection", protect).await.ok();
    stage.pass(60).await;
    let left = stage.tasks("RUNNING").await;
    assert_eq!((left.len(), &left[0]["taskArn"]), (1, &tasks[1]["taskArn"]));

    let next = stage.register("v1", json!({})).await;
    stage.update(json!({"taskDefinition": next})).await;
    stage.pass(5).await;
    let current = stage.web().await["currentServiceDeployment"].clone();
    let stop = json!({"serviceDeploymentArn": current, "stopType": "ROLLBACK"});
    stage.ecs("StopServiceDeployment", stop).await.ok();
    stage.until(|web| steady(web) && web["taskDefinition"] == good.as_str()).await;
    let input = json!({"serviceDeploymentArns": [current]});
    let shown = stage.ecs("DescribeServiceDeployments", input).await.ok();
    assert_eq!(shown["serviceDeployments"][0]["status"], "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn percentages_that_leave_no_room_are_reported() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let configuration = json!({"minimumHealthyPercent": 100, "maximumPercent": 100});
    stage.create(&arn, json!({"deploymentConfiguration": configuration})).await;
    stage.until(steady).await;
    let next = stage.register("v1", json!({})).await;
    stage.update(json!({"taskDefinition": next})).await;
    stage.pass(300).await;
    let web = stage.web().await;
    assert!(told(&web, "was unable to stop or start tasks during a deployment"), "{web:#}");
    assert_eq!(web["deployments"][0]["rolloutState"], "IN_PROGRESS");
}
