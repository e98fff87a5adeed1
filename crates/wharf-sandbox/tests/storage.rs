//! Worlds kept in a directory, and the server.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wharf_sandbox::{Options, Sandbox};

use crate::common::{authorization, json, sandbox};

#[tokio::test]
async fn two_handles_on_a_directory_see_each_others_changes() {
    let dir = tempfile::tempdir().unwrap();
    let one = Sandbox::open(dir.path(), Options::default()).unwrap();
    let two = Sandbox::open(dir.path(), Options::default()).unwrap();
    for (sandbox, name) in [(&one, "a1"), (&two, "b1"), (&one, "c1")] {
        json(sandbox, "ecr", "CreateRepository", json!({"repositoryName": name})).await.ok();
    }
    for sandbox in [&one, &two, &Sandbox::open(dir.path(), Options::default()).unwrap()] {
        let listed = json(sandbox, "ecr", "DescribeRepositories", json!({})).await.ok();
        assert_eq!(listed["repositories"].as_array().unwrap().len(), 3);
    }
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "world and lock, no leftovers: {left:?}");
}

#[tokio::test]
async fn calls_from_many_handles_at_once_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut threads = Vec::new();
    for thread in 0..4 {
        let path = dir.path().to_owned();
        threads.push(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let sandbox = Sandbox::open(path, Options::default()).unwrap();
                for n in 0..5 {
                    let input = json!({"repositoryName": format!("r{thread}-{n}")});
                    json(&sandbox, "ecr", "CreateRepository", input).await.ok();
                }
            });
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let sandbox = Sandbox::open(dir.path(), Options::default()).unwrap();
    let listed = json(&sandbox, "ecr", "DescribeRepositories", json!({})).await.ok();
    assert_eq!(listed["repositories"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn reset_forgets_everything_even_for_open_handles() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(dir.path(), Options::default()).unwrap();
    json(&sandbox, "ecr", "CreateRepository", json!({"repositoryName": "a1"})).await.ok();
    Sandbox::reset(dir.path()).unwrap();
    let listed = json(&sandbox, "ecr", "DescribeRepositories", json!({})).await.ok();
    assert_eq!(listed["repositories"], json!([]));
}

#[tokio::test]
async fn a_world_that_cannot_be_read_is_an_error_not_an_empty_world() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("world.json"), "{").unwrap();
    let error = Sandbox::open(dir.path(), Options::default()).unwrap_err();
    assert!(error.to_string().contains("world.json"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_make_the_same_world() {
    let mut worlds = Vec::new();
    for _ in 0..2 {
        let sandbox = sandbox();
        json(&sandbox, "ecr", "CreateRepository", json!({"repositoryName": "a1"})).await.ok();
        json(&sandbox, "secretsmanager", "CreateSecret", json!({"Name": "s"})).await.ok();
        worlds.push(sandbox.world_json());
    }
    assert_eq!(worlds[0], worlds[1]);
}

#[tokio::test]
async fn the_summary_names_what_exists() {
    let sandbox = sandbox();
    json(&sandbox, "ecr", "CreateRepository", json!({"repositoryName": "a1"})).await.ok();
    let shown = sandbox.show();
    assert_eq!(shown["account"], "111122223333");
    assert_eq!(shown["regions"]["eu-west-1"]["ecr"]["repositories"], json!(["a1"]));
}

#[tokio::test(start_paused = true)]
async fn time_runs_as_fast_as_asked() {
    let sandbox = Sandbox::in_memory(Options { speed: 20.0, ..Options::default() });
    let before = sandbox.now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sandbox.now().since(before), Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn every_call_can_be_made_to_take_time() {
    let latency = Duration::from_millis(50);
    let sandbox = Sandbox::in_memory(Options { latency, ..Options::default() });
    let before = tokio::time::Instant::now();
    json(&sandbox, "ecr", "DescribeRepositories", json!({})).await.ok();
    assert!(before.elapsed() >= latency);
}

#[tokio::test]
async fn the_server_answers_and_stops() {
    let sandbox = sandbox();
    let server = sandbox.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let addr = server.addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(server.run(async { stopped.await.unwrap() }));

    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        authorization("sts", "eu-west-1"),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("<Account>111122223333</Account>"), "{answer}");

    stop.send(()).unwrap();
    tasks.join_next().await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "the port is free again");
}

/// Names the directory to a process that writes until it is killed.
const WRITE_IN: &str = "WHARF_TEST_WRITE_IN";

/// Not a test by itself: what [`a_process_killed_while_it_saves_loses_nothing`] starts and kills.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(WRITE_IN) else { return };
    let dir = std::path::PathBuf::from(dir);
    let sandbox = Sandbox::open(dir.join("world"), Options::default()).unwrap();
    let mut kept = std::fs::File::options().append(true).open(dir.join("kept")).unwrap();
    loop {
        let name = format!("{}-{}", std::process::id(), sandbox.calls().len());
        let input = json!({"repositoryName": name});
        json(&sandbox, "ecr", "CreateRepository", input).await.ok();
        // One write for a line: being killed cannot split it.
        std::io::Write::write_all(&mut kept, format!("{name}\n").as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn a_process_killed_while_it_saves_loses_nothing() {
    const KILLS: u64 = 25;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kept"), "").unwrap();
    let (mut unfinished, mut known) = (0, 0);
    for round in 0..KILLS {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "storage::writes_until_it_is_killed"])
            .env(WRITE_IN, dir.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let promised = || std::fs::read_to_string(dir.path().join("kept")).unwrap();
        // It is killed at another moment each time, but not before it has written something.
        while promised().lines().count() == known {
            assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 700));
        child.kill().unwrap();
        child.wait().unwrap();

        let files = std::fs::read_dir(dir.path().join("world")).unwrap();
        unfinished += files.count() - 2;
        let text = std::fs::read(dir.path().join("world/world.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).expect("the world is whole");
        let sandbox = Sandbox::open(dir.path().join("world"), Options::default()).unwrap();
        let repositories = &sandbox.world_json()["regions"]["eu-west-1"]["ecr"]["repositories"];
        let promised = promised();
        let lost = promised.lines().find(|name| repositories.get(name).is_none());
        assert_eq!(lost, None, "what was answered is there");
        known = promised.lines().count();
        let files = std::fs::read_dir(dir.path().join("world")).unwrap();
        assert_eq!(files.count(), 2, "what was unfinished is swept");
    }
    // Otherwise no kill fell into a save, and nothing was shown.
    assert!(unfinished > 0, "{known} saves, none of them broken off");
}
