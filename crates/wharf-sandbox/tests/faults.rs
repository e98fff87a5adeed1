//! Calls that go wrong on purpose.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use serde_json::json;
use wharf_sandbox::{
    Broken, Options, Sandbox,
    faults::{Fault, FaultPlan, Odds},
};

use crate::common::{Answer, authorization, json, query, sandbox};

fn create(name: &str) -> Request<Bytes> {
    request("CreateCluster", &json!({"clusterName": name}))
}

fn list() -> Request<Bytes> {
    request("ListClusters", &json!({}))
}

fn request(operation: &str, input: &serde_json::Value) -> Request<Bytes> {
    Request::post("/")
        .header("authorization", authorization("ecs", "eu-west-1"))
        .header("x-amz-target", format!("Any_1.{operation}"))
        .body(Bytes::from(input.to_string()))
        .unwrap()
}

/// The names of the clusters that exist, whatever the interceptor says.
fn clusters(sandbox: &Sandbox) -> Vec<String> {
    sandbox.with_world(|world| world.region("eu-west-1").ecs.clusters.keys().cloned().collect())
}

async fn answer(sandbox: &Sandbox, request: Request<Bytes>) -> Result<Answer, Broken> {
    let response = sandbox.try_call(request).await?;
    let status = response.status().as_u16();
    Ok(Answer { status, body: String::from_utf8(response.into_body().to_vec()).unwrap() })
}

#[tokio::test(start_paused = true)]
async fn each_fault_before_the_effect_leaves_nothing_behind() {
    for (fault, wanted) in [
        (Fault::Throttle, Ok("ThrottlingException")),
        (Fault::ServerError, Ok("ServerException")),
        (Fault::Reset, Err(Broken::Reset)),
        (Fault::TimeOut, Err(Broken::TimedOut)),
        (Fault::Die, Err(Broken::Dead)),
    ] {
        let sandbox = sandbox();
        sandbox.intercept(Arc::new(FaultPlan::new(0).at_mutating(1, fault)));
        assert_eq!(json(&sandbox, "ecs", "ListClusters", json!({})).await.status, 200);
        let got = answer(&sandbox, create("one")).await.map(|answer| answer.code());
        assert_eq!(got, wanted.map(str::to_owned), "{fault:?}");
        assert_eq!(clusters(&sandbox), Vec::<String>::new(), "{fault:?}");
        assert!(sandbox.calls()[1].fault.is_some_and(|fault| !fault.ends_with("after")));
        sandbox.revive();
        assert_eq!(answer(&sandbox, create("two")).await.unwrap().status, 200, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_after_the_effect_leaves_the_effect_and_no_answer() {
    for (fault, wanted) in [
        (Fault::ServerErrorAfter, Ok("ServerException")),
        (Fault::Lose, Err(Broken::Reset)),
        (Fault::TimeOutAfter, Err(Broken::TimedOut)),
        (Fault::DieAfter, Err(Broken::Dead)),
    ] {
        let sandbox = sandbox();
        let plan = FaultPlan::new(0).at_operation("CreateCluster", 1, fault);
        sandbox.intercept(Arc::new(plan));
        let got = answer(&sandbox, create("one")).await.map(|answer| answer.code());
        assert_eq!(got, wanted.map(str::to_owned), "{fault:?}");
        assert_eq!(clusters(&sandbox), ["one"], "{fault:?}");
        assert!(sandbox.calls()[0].fault.unwrap().ends_with("after"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_dead_stay_dead_until_they_are_revived_and_others_live_on() {
    let sandbox = sandbox();
    let (first, second) = (sandbox.session(), sandbox.session());
    first.intercept(Arc::new(FaultPlan::new(0).at(1, Fault::Die)));
    let ((), broken) = tokio::join!(first.died(), answer(&first, list()));
    assert_eq!(broken.unwrap_err(), Broken::Dead);
    assert!(first.is_dead() && !second.is_dead());
    assert_eq!(answer(&first, list()).await.unwrap_err(), Broken::Dead);
    assert_eq!(answer(&second, list()).await.unwrap().status, 200);
    first.revive();
    assert_eq!(*first.deaths().borrow(), 1);
    assert_eq!(answer(&first, list()).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_takes_its_time_and_then_works() {
    let sandbox = sandbox();
    let delay = Duration::from_secs(7);
    sandbox.intercept(Arc::new(FaultPlan::new(0).at(1, Fault::Delay(delay))));
    let begun = tokio::time::Instant::now();
    assert_eq!(answer(&sandbox, create("one")).await.unwrap().status, 200);
    assert_eq!(begun.elapsed(), delay);
}

#[tokio::test(start_paused = true)]
async fn somebody_else_changes_something_just_before_a_call() {
    let sandbox = sandbox();
    assert_eq!(answer(&sandbox, create("ours")).await.unwrap().status, 200);
    let plan = FaultPlan::new(0).change_at_operation("ListClusters", 2, |world| {
        world.region("eu-west-1").ecs.clusters.clear();
    });
    sandbox.intercept(Arc::new(plan));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = answer(&sandbox, list()).await.unwrap().ok();
        seen.push(answer["clusterArns"].as_array().unwrap().len());
    }
    assert_eq!(seen, [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_the_state_before_the_write_until_it_catches_up() {
    let sandbox = sandbox();
    let plan = FaultPlan::new(0)
        .lag(Duration::from_secs(5))
        .at_operation("ListClusters", 1, Fault::Stale)
        .at_operation("ListClusters", 3, Fault::Stale);
    sandbox.intercept(Arc::new(plan));
    assert_eq!(answer(&sandbox, create("one")).await.unwrap().status, 200);
    let mut seen = Vec::new();
    for wait in [0, 1, 5] {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let answer = answer(&sandbox, list()).await.unwrap().ok();
        seen.push(answer["clusterArns"].as_array().unwrap().len());
    }
    assert_eq!(seen, [0, 1, 1], "stale, fresh, and caught up");
}

#[tokio::test(start_paused = true)]
async fn every_read_of_a_lagging_service_can_be_stale() {
    let stale_reads = Duration::from_secs(3);
    let sandbox = Sandbox::in_memory(Options { stale_reads, ..Options::default() });
    let role = "RoleName=late&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C\
                %22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B\
                %22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%2C%22Action%22%3A\
                %22sts%3AAssumeRole%22%7D%5D%7D";
    let made = query(&sandbox, "iam", "CreateRole", role).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let get = async || query(&sandbox, "iam", "GetRole", "RoleName=late").await;
    assert_eq!(get().await.element("Code"), "NoSuchEntity");
    assert_eq!(
        query(&sandbox, "iam", "CreateRole", role).await.element("Code"),
        "EntityAlreadyExists"
    );
    tokio::time::sleep(stale_reads).await;
    assert_eq!(get().await.element("RoleName"), "late");
}

/// The faults of some calls under a seed.
async fn history(seed: u64) -> Vec<Option<&'static str>> {
    let sandbox = sandbox();
    let odds = Odds { throttle: 0.2, lose: 0.2, reset: 0.2, die: 0.05, ..Odds::default() };
    sandbox.intercept(Arc::new(FaultPlan::new(seed).random(odds).until(150)));
    for number in 0..200 {
        let _outcome = answer(&sandbox, create(&format!("c{number}"))).await;
        sandbox.revive();
    }
    sandbox.calls().iter().map(|call| call.fault).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_faults_and_another_gives_others() {
    let first = history(1).await;
    assert_eq!(first, history(1).await);
    assert_ne!(first, history(2).await);
    let count = |fault| first.iter().filter(|it| **it == Some(fault)).count();
    assert!((10..60).contains(&count("throttle")), "{}", count("throttle"));
    assert!((10..60).contains(&count("reset after")), "{}", count("reset after"));
    assert!((1..25).contains(&count("death")), "{}", count("death"));
    assert!(first[150..].iter().all(Option::is_none));
}

#[tokio::test]
async fn the_server_closes_the_connection_of_a_broken_call() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let sandbox = sandbox();
    let plan = FaultPlan::new(0).at(1, Fault::Lose).at(2, Fault::Reset);
    sandbox.intercept(Arc::new(plan));
    let server = sandbox.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let addr = server.addr();
    let ask = async |name: &str| {
        let body = json!({"clusterName": name}).to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {}\r\n\
             x-amz-target: Any_1.CreateCluster\r\ncontent-length: {}\r\n\r\n{body}",
            authorization("ecs", "eu-west-1"),
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        let _reset_or_closed = stream.read_to_string(&mut text).await;
        text.get(..12).unwrap_or_default().to_owned()
    };
    let asking = async { [ask("one").await, ask("two").await, ask("three").await] };
    let answers = tokio::select! {
        answers = asking => answers,
        () = server.run(std::future::pending()) => unreachable!("nobody ends it"),
    };
    assert_eq!(answers, ["", "", "HTTP/1.1 200"]);
    assert_eq!(clusters(&sandbox), ["one", "three"]);
}

#[tokio::test(start_paused = true)]
async fn calls_over_the_documented_rate_are_refused_until_time_passes() {
    let options = Options { throttling: Some(0.1), ..Options::default() };
    let sandbox = Sandbox::in_memory(options);
    let code = async || match answer(&sandbox, create("one")).await.unwrap() {
        answer if answer.status == 200 => "made".to_owned(),
        answer => answer.code(),
    };
    // A tenth of ECS's 20 at once and one a second (ECS API reference, request throttling).
    let codes = [code().await, code().await, code().await];
    assert_eq!(codes, ["made", "made", "ThrottlingException"]);
    assert_eq!(sandbox.calls()[2].fault, Some("rate"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!([code().await, code().await], ["made", "ThrottlingException"]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_told_in_the_words_of_the_operation_and_passes_where_there_are_none() {
    let sandbox = sandbox();
    let plan = FaultPlan::new(0).random(Odds { conflict: 1.0, ..Odds::default() }).until(2);
    sandbox.intercept(Arc::new(plan));
    let group = json!({"logGroupName": "/notes"});
    let refused = json(&sandbox, "logs", "CreateLogGroup", group.clone()).await;
    assert_eq!(refused.code(), "OperationAbortedException");
    // Making a cluster has no such error.
    assert_eq!(answer(&sandbox, create("one")).await.unwrap().status, 200);
    assert_eq!(json(&sandbox, "logs", "CreateLogGroup", group).await.status, 200);
    let faults: Vec<_> = sandbox.calls().iter().map(|call| call.fault).collect();
    assert_eq!(faults, [Some("conflict"), None, None]);
}
