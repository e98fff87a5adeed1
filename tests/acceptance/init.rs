//! A first spec, from Dockerfiles of many kinds.

use std::process::Command;

use serde_json::Value;

use crate::schemas::follows;
use crate::world::{Run, World};

/// An empty directory called `notes`, with a Dockerfile if there is to be one.
fn place(dockerfile: Option<&str>) -> World {
    let world = World::new("");
    let notes = world.path().join("notes");
    std::fs::create_dir(&notes).unwrap();
    if let Some(text) = dockerfile {
        std::fs::write(notes.join("Dockerfile"), text).unwrap();
    }
    world
}

fn command(world: &World, args: &[&str]) -> Command {
    let mut command = world.command(args, "1000");
    command.current_dir(world.path().join("notes"));
    command
}

fn wharf(world: &World, args: &[&str]) -> Run {
    Run::of(command(world, args).output().unwrap(), args)
}

/// What init makes of a Dockerfile, with the flags that answer the rest.
#[track_caller]
fn init(dockerfile: &str, flags: &[&str]) -> Value {
    let world = place(Some(dockerfile));
    let mut args = vec!["init", "--format", "json", "--region", "eu-west-1", "--yes"];
    args.extend(flags);
    let document = wharf(&world, &args).expect(0).json();
    follows("init", &document);
    usable(&world);
    document
}

/// Checks that the spec is good, canonical and can be planned.
#[track_caller]
fn usable(world: &World) {
    let check = wharf(world, &["check"]).expect(0);
    assert!(!check.stderr.contains("warning"), "{}", check.stderr);
    wharf(world, &["fmt", "--check"]).expect(0);
    let plan = wharf(world, &["plan", "--format", "json"]).expect(0).json();
    assert!(plan["summary"]["create"].as_u64().unwrap() > 10, "{plan}");
}

#[track_caller]
fn refused(dockerfile: Option<&str>, flags: &[&str]) -> String {
    let world = place(dockerfile);
    let mut args = vec!["init"];
    args.extend(flags);
    let run = wharf(&world, &args).expect(3);
    assert!(!world.path().join("notes/wharf.yaml").exists());
    run.stderr
}

#[test]
fn a_dockerfile_answers_most() {
    let dockerfile = "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nUSER node\nEXPOSE 3000\n\
                      HEALTHCHECK --interval=5s CMD curl -f http://localhost:3000/healthz || exit 1\n\
                      CMD [\"node\", \"server.js\"]\n";
    let world = place(Some(dockerfile));
    let mut run = command(&world, &["init"]);
    let run = Run::of(run.env("AWS_REGION", "ap-southeast-2").output().unwrap(), &["init"]);
    let run = run.expect(0);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("wharf plan --sandbox"), "{}", run.stderr);
    assert!(run.stderr.contains("`wharf deploy` does it"), "{}", run.stderr);
    assert!(run.stderr.contains("EXPOSE, Dockerfile:5"), "{}", run.stderr);
    let spec = std::fs::read_to_string(world.path().join("notes/wharf.yaml")).unwrap();
    for line in [
        "app: notes\n",
        "region: ap-southeast-2\n",
        "  web:\n",
        "    # It runs node server.js, as user node.\n",
        "    build: .\n",
        "    port: 3000 ",
        "    health: /healthz ",
    ] {
        assert!(spec.contains(line), "{line:?} in\n{spec}");
    }
    usable(&world);
}

#[test]
fn what_can_be_built_is_built() {
    let flags = ["init", "--region", "eu-west-1", "--yes", "--dockerfile"];
    let with = |dockerfile: &str, file: &str| {
        let world = place(None);
        for folder in ["notes/docker", "notes/deploy", "else"] {
            std::fs::create_dir(world.path().join(folder)).unwrap();
        }
        let text = "FROM a\nEXPOSE 80\n";
        std::fs::write(world.path().join("notes").join(dockerfile), text).unwrap();
        let mut args = flags.to_vec();
        args.extend([dockerfile, "--file", file]);
        let run = wharf(&world, &args).expect(0);
        wharf(&world, &["check", "--file", file]).expect(0);
        let plan = wharf(&world, &["plan", "--file", file]).expect(0).stdout;
        let spec = std::fs::read_to_string(world.path().join("notes").join(file)).unwrap();
        (spec, run.stderr, plan)
    };
    let (spec, next, plan) = with("Dockerfile", "wharf.yaml");
    assert!(spec.contains("    build: .\n"), "{spec}");
    assert!(next.contains("`wharf deploy` does it"), "{next}");
    assert!(plan.contains("web  notes/web\n"), "{plan}");
    let (spec, next, _) = with("docker/web.Dockerfile", "wharf.yaml");
    let build = "    build: { context: ., file: docker/web.Dockerfile }\n";
    assert!(spec.contains(build), "{spec}");
    assert!(next.contains("`wharf deploy` does it"), "{next}");
    // A build sees the folder of the spec, and what is outside of it is not in there.
    for (dockerfile, file) in
        [("../else/Dockerfile", "wharf.yaml"), ("Dockerfile", "deploy/w.yaml")]
    {
        let (spec, next, plan) = with(dockerfile, file);
        assert!(spec.contains("    image: { tag: v1 }\n"), "{spec}");
        assert!(next.contains("wharf apply"), "{next}");
        assert!(plan.contains("web  notes/web:v1\n"), "{plan}");
    }
}

#[test]
fn what_is_there_stays() {
    let world = place(None);
    let flags = ["init", "--region", "eu-west-1", "--port", "80", "--yes"];
    std::fs::write(world.path().join("notes/wharf.yaml"), "mine").unwrap();
    let run = wharf(&world, &flags).expect(3);
    assert!(run.stderr.contains("exists already"), "{}", run.stderr);
    let kept = std::fs::read_to_string(world.path().join("notes/wharf.yaml")).unwrap();
    assert_eq!(kept, "mine");
    // Beside it, or on standard output, it can be written all the same.
    let mut beside = flags.to_vec();
    beside.extend(["--file", "other.yaml"]);
    let run = wharf(&world, &beside).expect(0);
    assert!(run.stderr.contains("wharf apply --file other.yaml"), "{}", run.stderr);
    wharf(&world, &["check", "--file", "other.yaml"]).expect(0);
    let mut printed = flags.to_vec();
    printed.extend(["--file", "-"]);
    let other = std::fs::read_to_string(world.path().join("notes/other.yaml")).unwrap();
    assert_eq!(wharf(&world, &printed).expect(0).stdout, other);
}

#[test]
fn the_port_is_that_of_the_last_stage() {
    let cases = [
        ("FROM a AS build\nEXPOSE 1\nFROM b\nEXPOSE 8080/tcp 8081/udp\n", 8080),
        ("ARG PORT=3000\nFROM a\nARG PORT\nEXPOSE $PORT\n", 3000),
        ("FROM a\nARG OTHER=4000\nENV PORT=${OTHER:-1} A=\"b c\"\nEXPOSE ${PORT}/tcp\n", 4000),
        ("FROM a\nENV PORT 5000\nEXPOSE \"$PORT\"\n", 5000),
        ("from a\nexpose \\\n  # which one\n  6000\n", 6000),
        ("FROM a AS base\nEXPOSE 7000\nFROM x AS y\nEXPOSE 1\nFROM BASE\nRUN b\n", 7000),
        ("FROM a\nRUN <<EOF\nEXPOSE 1\nEOF\nCOPY <<\"E\" /f\nEXPOSE 2\nE\nEXPOSE 8000\n", 8000),
        ("# escape=`\r\nFROM a\r\nEXPOSE `\r\n 9000\r\n", 9000),
        ("\u{feff}FROM a\nEXPOSE 80 80/tcp\nONBUILD EXPOSE 81\n", 80),
    ];
    for (dockerfile, port) in cases {
        let document = init(dockerfile, &[]);
        assert_eq!(document["values"]["port"]["value"], port, "{dockerfile}");
        assert_eq!(document["values"]["health"]["from"], "default");
    }
}

#[test]
fn what_a_dockerfile_leaves_open_is_asked_by_flag() {
    let cases = [
        ("FROM a\n", "Dockerfile: it has no EXPOSE"),
        ("FROM a\nEXPOSE 80 443\n", "several ports: 80, 443"),
        ("FROM a\nEXPOSE 7000-7002\n", "several ports: 7000, 7001, 7002"),
        ("FROM a\nEXPOSE $PORT\n", "nothing gives PORT of `EXPOSE $PORT` a value"),
        ("FROM a\nEXPOSE http\n", "`http` of line 2 is not a port"),
        ("FROM a\nEXPOSE 99999\n", "`99999` of line 2 is not a port"),
    ];
    for (dockerfile, why) in cases {
        let words = refused(Some(dockerfile), &["--region", "eu-west-1", "--yes"]);
        assert!(words.contains(why) && words.contains("`--port PORT`"), "{words}");
        let document = init(dockerfile, &["--port", "8080"]);
        assert_eq!(document["values"]["port"]["from"], "--port");
    }
    // All that is missing is told at once.
    let words = refused(None, &[]);
    for flag in ["--region REGION", "--port PORT", "--health PATH"] {
        assert!(words.contains(flag), "{words}");
    }
    assert!(!words.contains("--app"), "{words}");
}

#[test]
fn a_dockerfile_with_mistakes_is_refused_where_they_are() {
    let cases = [
        ("FROM a\nEXPOZE 80\n", "Dockerfile:2:1: unknown instruction 'EXPOZE'"),
        ("FROM a\n  EXPOSE\n", "Dockerfile:2:3: EXPOSE instruction requires"),
        ("FROM a\nRUN <<EOF\nx\n", "Dockerfile:"),
        ("RUN x\n", "Dockerfile:1:1: expected FROM"),
        ("", "Dockerfile: expected at least one FROM"),
    ];
    for (dockerfile, why) in cases {
        let words = refused(Some(dockerfile), &["--region", "eu-west-1", "--port", "1", "--yes"]);
        assert!(words.contains(why), "{dockerfile:?}: {words}");
    }
    let words = refused(None, &["--dockerfile", "Other"]);
    assert!(words.contains("there is no `Other`"), "{words}");
}

#[test]
fn flags_are_enough_and_are_checked() {
    let world = place(None);
    let flags = [
        "init",
        "--format",
        "json",
        "--app",
        "no",
        "--service",
        "api",
        "--region",
        "eu-west-1",
        "--port",
        "80",
        "--health",
        "/up?a=\"b\"#c",
    ];
    let document = wharf(&world, &flags).expect(0).json();
    assert_eq!(document["dockerfile"], Value::Null);
    assert_eq!(document["values"]["service"]["value"], "api");
    usable(&world);
    let plan = wharf(&world, &["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["stack"], "no");

    let good = ["--region", "eu-west-1", "--port", "80", "--health", "/"];
    for (flag, value) in
        [("--app", "Not legal"), ("--service", "x\ny: z"), ("--app", "${env}"), ("--app", "a: b")]
    {
        let words = refused(None, &[&good[..], &[flag, value]].concat());
        assert!(words.contains(flag), "{words}");
    }
    let words = refused(None, &["--region", "nowhere", "--port", "80", "--health", "/"]);
    assert!(words.contains("--region"), "{words}");
    let words = refused(None, &["--region", "eu-west-1", "--port", "80", "--health", "up"]);
    assert!(words.contains("starts with a slash") && words.contains("--health"), "{words}");
    refused(None, &["--region", "eu-west-1", "--port", "0", "--health", "/"]);
}

#[test]
fn the_region_is_that_of_the_profile() {
    let world = place(None);
    std::fs::create_dir(world.path().join(".aws")).unwrap();
    let text = "[default]\nregion = eu-west-1\n[profile work]\nregion = us-west-2\n";
    std::fs::write(world.path().join(".aws/config"), text).unwrap();
    let base = ["init", "--file", "-", "--format", "json", "--port", "80", "--yes"];
    let region = |more: &[&str]| {
        let document = wharf(&world, &[&base[..], more].concat()).expect(0).json();
        document["values"]["region"]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(region(&[]), "eu-west-1");
    assert_eq!(region(&["--profile", "work"]), "us-west-2");
    assert_eq!(region(&["--region", "eu-north-1"]), "eu-north-1");
}

#[test]
fn foreign_words_stay_comments() {
    let long = "x".repeat(500);
    let dockerfile = format!(
        "FROM a\nUSER \"a: b\"\nEXPOSE 80\nCMD [\"sh\", \"-c\", \"a\\n  port: 1 # {long}\"]\n"
    );
    let document = init(&dockerfile, &[]);
    let spec = document["spec"].as_str().unwrap();
    assert_eq!(spec.matches("port:").count(), 2, "{spec}");
    assert!(spec.lines().all(|line| line.chars().count() < 120), "{spec}");
    assert_eq!(document["values"]["port"]["value"], 80);
}

#[test]
fn a_missing_spec_leads_here() {
    let world = place(None);
    let run = wharf(&world, &["plan"]).expect(3);
    assert!(run.stderr.contains("wharf init"), "{}", run.stderr);
}
