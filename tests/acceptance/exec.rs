//! A command in a running task: what the plugin that carries the session is handed, and what is said when something
//! is missing. The plugin is a script here that writes down what it gets.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::role;
use crate::world::{Run, World};

const OFF: &str = "port: 3000";
const ON: &str = "exec: true\n    port: 3000";

/// Puts a plugin of some version beside the spec; it ends with `code`.
fn plugin(world: &World, version: &str, code: u8) {
    let bin = world.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let file = bin.join("session-manager-plugin");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo {version}; exit 0; }}\n\
         for one in \"$@\"; do printf '%s\\n' \"$one\"; done > handed\n\
         printf '%s' \"$AWS_SSM_START_SESSION_RESPONSE\" > variable\nexit {code}\n"
    );
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn exec(world: &World, args: &[&str], code: i32) -> Run {
    let args = [&["exec"], args].concat();
    let mut command: Command = world.command(&args, "1000");
    command.env("PATH", world.path().join("bin"));
    // The script itself is run by an absolute path, and uses what the shell has built in.
    Run::of(command.output().unwrap(), &args).expect(code)
}

fn handed(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.path().join("handed")).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_plugin_is_handed_the_session_and_no_token_is_shown() {
    let world = World::sample("minimal");
    world.edit(OFF, ON);
    world.apply();
    plugin(&world, "1.2.707.0", 0);
    let run = exec(&world, &["web", "--", "ls", "-l", "a b"], 0);
    assert!(run.stderr.contains("ls -l 'a b'"), "{}", run.stderr);
    let got = handed(&world);
    assert_eq!(got.len(), 6, "{got:?}");
    assert_eq!(
        (got[0].as_str(), got[1].as_str(), got[2].as_str(), got[3].as_str()),
        ("AWS_SSM_START_SESSION_RESPONSE", "ap-southeast-2", "StartSession", "")
    );
    let target: Value = serde_json::from_str(&got[4]).unwrap();
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    let task = status["services"][0]["tasks"][0]["id"].as_str().unwrap();
    let start = format!("ecs:notes_{task}_");
    let target = target["Target"].as_str().unwrap();
    assert!(target.starts_with(&start) && target.len() > start.len(), "{target}");
    assert_eq!(got[5], "https://ssm.ap-southeast-2.amazonaws.com");
    let response = std::fs::read_to_string(world.path().join("variable")).unwrap();
    let response: Value = serde_json::from_str(&response).unwrap();
    let token = response["TokenValue"].as_str().unwrap();
    assert!(response["StreamUrl"].as_str().unwrap().starts_with("wss://"), "{response}");
    assert!(token.len() > 20 && !format!("{}{}", run.stdout, run.stderr).contains(token));

    // An older one takes the session as an argument only.
    plugin(&world, "1.2.463.0", 7);
    exec(&world, &["web", "--task", &task[..6]], 7);
    let response: Value = serde_json::from_str(&handed(&world)[0]).unwrap();
    assert!(response["SessionId"].as_str().unwrap().starts_with("ecs-execute-command-"));
    world.converged();
}

#[test]
fn what_is_missing_is_said() {
    let world = World::sample("minimal");
    let run = exec(&world, &["web"], 1);
    assert!(run.stderr.contains("is not installed"), "{}", run.stderr);
    assert!(run.stderr.contains("install-plugin"), "{}", run.stderr);
    plugin(&world, "1.2.707.0", 0);
    assert!(exec(&world, &["web"], 1).stderr.contains("does not exist yet"));
    world.apply();
    let off = exec(&world, &["web"], 1);
    assert!(off.stderr.contains("add `exec: true`"), "{}", off.stderr);
    world.edit(OFF, ON);
    let early = exec(&world, &["web"], 1);
    assert!(early.stderr.contains("not applied yet"), "{}", early.stderr);
    world.apply();
    let wrong = exec(&world, &["web", "--task", "nothing"], 1);
    assert!(wrong.stderr.contains("its tasks:"), "{}", wrong.stderr);
    exec(&world, &["web"], 0);
    exec(&world, &["nobody"], 3);
}

/// Breaks something, with whatever output.
fn broken(world: &World, case: &str) {
    world.wharf(&["sandbox", "break", case]).expect(0);
}

#[test]
fn why_commands_do_not_get_in_is_named() {
    let world = World::sample("minimal");
    world.edit(OFF, ON);
    world.apply();
    plugin(&world, "1.2.707.0", 0);
    // The channels are lost while the agent runs: ECS says no more than that an internal error happened.
    broken(&world, "exec-denied");
    let lost = exec(&world, &["web"], 1);
    assert!(lost.stderr.contains("C961: the task's role may not open"), "{}", lost.stderr);
    assert!(
        lost.stderr
            .contains("  = fact   notes-web-task-ap-southeast-2 does not allow ssmmessages:"),
        "{}",
        lost.stderr
    );
    assert!(lost.stderr.contains("wharf restart"), "{}", lost.stderr);
    // A task that starts without them has an agent that stops.
    world.wharf(&["restart", "web"]).expect(0);
    let stopped = exec(&world, &["web"], 1);
    assert!(stopped.stderr.contains("C961"), "{}", stopped.stderr);
    // What is said to help does.
    world.apply();
    assert!(exec(&world, &["web"], 1).stderr.contains("C966"), "an agent does not start again");
    world.wharf(&["restart", "web"]).expect(0);
    exec(&world, &["web"], 0);
}

#[test]
fn a_task_without_a_way_to_systems_manager_says_so() {
    let world = World::sample("minimal");
    world.edit(OFF, ON);
    world.edit(
        "region: ap-southeast-2",
        "region: ap-southeast-2\nnetwork: { vpc: \"tag:Name=main\", tasks: private }",
    );
    world.apply();
    plugin(&world, "1.2.707.0", 0);
    exec(&world, &["web"], 0);
    broken(&world, "exec-unreachable");
    world.wharf(&["restart", "web"]).expect(0);
    let lost = exec(&world, &["web"], 1);
    assert!(
        lost.stderr.contains("C962: the task does not reach Systems Manager"),
        "{}",
        lost.stderr
    );
    assert!(lost.stderr.contains("no interface endpoint for ssmmessages"), "{}", lost.stderr);
    world.wharf(&["sandbox", "mend"]).expect(0);
    world.wharf(&["restart", "web"]).expect(0);
    exec(&world, &["web"], 0);
}

#[test]
fn a_role_owned_elsewhere_is_judged_by_iam_itself() {
    let world = World::sample("minimal");
    let own = format!("exec: true\n    permissions: {}\n    port: 3000", role::ARN);
    world.edit(OFF, &own);
    role::role(&world, "ecs-tasks.amazonaws.com");
    let allow = |statements: &[&str]| {
        world.sandbox().with_world(|inside| {
            let inline = &mut inside.global.iam.roles.get_mut("notes-web").unwrap().inline;
            let statements = statements.join(",");
            inline.insert("own".to_owned(), format!("{{\"Statement\": [{statements}]}}"));
        });
    };
    let all = r#"{"Effect": "Allow", "Action": "ssmmessages:*", "Resource": "*"}"#;
    // Nobody sees from one policy alone that another takes something back.
    allow(&[all, r#"{"Effect": "Deny", "Action": "ssmmessages:Open*", "Resource": "*"}"#]);
    world.apply();
    plugin(&world, "1.2.707.0", 0);
    let lost = exec(&world, &["web"], 1);
    let said =
        "notes-web does not allow ssmmessages:OpenControlChannel, ssmmessages:OpenDataChannel\n";
    assert!(lost.stderr.contains("C961") && lost.stderr.contains(said), "{}", lost.stderr);
    allow(&[all]);
    world.wharf(&["restart", "web"]).expect(0);
    exec(&world, &["web"], 0);
}

#[test]
fn credentials_in_the_variables_are_warned_of() {
    let world = World::sample("minimal");
    world.edit(OFF, "exec: true\n    secrets: { AWS_ACCESS_KEY_ID: sm:notes#id }\n    port: 3000");
    let said = world.wharf(&["check"]).expect(0);
    assert!(said.stderr.contains("warning[W122]"), "{}{}", said.stdout, said.stderr);
    // With a whole pair of them the agent in the container is somebody else than the task role.
    let key = "AWS_ACCESS_KEY_ID: local";
    world.edit(
        "secrets: { AWS_ACCESS_KEY_ID: sm:notes#id }",
        &format!("env: {{ {key}, AWS_SECRET_ACCESS_KEY: x }}"),
    );
    world.apply();
    plugin(&world, "1.2.707.0", 0);
    let lost = exec(&world, &["web"], 1);
    assert!(lost.stderr.contains("C964: the agent takes credentials"), "{}", lost.stderr);
    assert!(
        lost.stderr.contains("gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
        "{}",
        lost.stderr
    );
    world.edit(&format!("    env: {{ {key}, AWS_SECRET_ACCESS_KEY: x }}\n"), "");
    world.apply();
    exec(&world, &["web"], 0);
    world.edit("exec: true\n", "exec: false\n");
    let said = world.wharf(&["check"]).expect(0);
    assert!(!said.stderr.contains("W122"), "{}{}", said.stdout, said.stderr);
}
