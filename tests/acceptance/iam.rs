//! `wharf iam`: every sample lives its whole life under the policies that are printed for it, in a
//! sandbox that refuses everything else; and what they allow is used.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::served::{Served, Under};
use crate::world::World;

/// What is allowed and no sample makes use of, each with the reason why it is allowed all the same.
const SPARE: &[(&str, &str)] = &[
    (
        "application-autoscaling:DescribeScalingActivities",
        "when `wharf doctor` looks at a service that has as many tasks as it may",
    ),
    ("ecs:ListTaskDefinitionFamilies", "when the tagging API may not be used"),
    ("logs:GetLogEvents", "to show the last lines of a task that stopped"),
    ("elasticloadbalancing:SetSecurityGroups", "when somebody took the group off the balancer"),
    ("elasticloadbalancing:SetSubnets", "when the balancer is to stand in other subnets"),
    (
        "iam:CreateServiceLinkedRole",
        "ECS and ELB make their roles for the caller where an account has none yet",
    ),
    ("iam:DetachRolePolicy", "when somebody attached a policy to a role that goes"),
    ("iam:UpdateAssumeRolePolicy", "when somebody changed who may take a role"),
    ("ecr:PutImageScanningConfiguration", "when somebody switched scanning off"),
    ("ecs:PutClusterCapacityProviders", "when somebody changed the cluster's providers"),
    ("ecs:UpdateCluster", "when somebody changed the cluster's settings"),
    ("logs:DeleteRetentionPolicy", "when logs are to be kept for ever from now on"),
    (
        "elasticloadbalancing:DescribeListenerCertificates",
        "when the stack shares a balancer and has a domain",
    ),
    ("ecs:StopServiceDeployment", "when `wharf cancel` stops a rollout"),
    ("ecs:StopTask", "when `wharf run` is interrupted"),
    ("ecs:ExecuteCommand", "for `wharf exec`"),
    ("ssm:GetParameter", "when two runs start at once"),
    ("route53:ListHostedZones", "when zones cannot be listed by name"),
];

struct Edit {
    from: &'static str,
    to: &'static str,
}

const fn edit(from: &'static str, to: &'static str) -> Edit {
    Edit { from, to }
}

fn policies(world: &Served, verb: &str, env: &[&str]) -> Vec<Value> {
    let args = [&["iam", verb, "--format", "json"], env].concat();
    match world.wharf(&args).expect(0).json() {
        Value::Array(several) => several,
        single => vec![single],
    }
}

pub(crate) fn under(world: &Served, verb: &str, env: &[&str]) -> Under {
    world.under(&policies(world, verb, env))
}

/// Lives a sample's life; returns what was allowed and what was used of it.
fn live(sample: &str, env: Option<&str>, edits: &[Edit]) -> (BTreeSet<String>, BTreeSet<String>) {
    let world = Served::sample(sample);
    let env: Vec<&str> = env.map_or_else(Vec::new, |env| vec!["--env", env]);
    if env.contains(&"prod") {
        world.edit("    protect: [balancer]               # destroy and replace refuse while it is named here\n", "");
        world.edit("    destroy: { repository: keep, logs: keep }\n", "");
    }
    let (mut allowed, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut run = |verb: &str, args: &[&str], codes: &[i32]| {
        let documents = policies(&world, verb, &env);
        for document in &documents {
            let statements = document["Statement"].as_array().unwrap();
            let actions = statements.iter().flat_map(|one| one["Action"].as_array().unwrap());
            allowed.extend(actions.map(|action| action.as_str().unwrap().to_owned()));
        }
        let caller = world.under(&documents);
        let run = world.wharf_under(&caller, &[args, &env].concat());
        assert!(codes.contains(&run.code), "{verb}: {}\n{}", run.stdout, run.stderr);
        used.extend(caller.session.permissions_used().into_iter().map(|(action, _)| action));
        run
    };
    run("plan", &["plan", "--detailed-exitcode"], &[2]);
    run("apply", &["apply", "--yes", "--allow-delete"], &[0]);
    for edit in edits {
        world.edit(edit.from, edit.to);
        run("plan", &["plan", "--detailed-exitcode"], &[2]);
        run("apply", &["apply", "--yes", "--allow-delete"], &[0]);
        run("plan", &["plan", "--detailed-exitcode"], &[0]);
    }
    run("plan", &["drift"], &[0]);
    run("plan", &["status"], &[0]);
    run("plan", &["logs"], &[0]);
    run("plan", &["releases"], &[0]);
    if sample == "minimal" {
        run("apply", &["run", "web", "--", "true"], &[0]);
        run("apply", &["cancel"], &[0]);
    }
    let plan = run("plan", &["plan", "--format", "json"], &[0]);
    let stack = plan.json()["stack"].as_str().unwrap().to_owned();
    run("destroy", &["destroy", "--yes", "--confirm", &stack], &[0]);
    // Nobody was refused anything, whatever became of it.
    let refused: Vec<String> = world
        .sandbox
        .calls()
        .into_iter()
        .filter(|call| {
            call.error.as_deref().is_some_and(|code| {
                code.starts_with("AccessDenied") || code == "UnauthorizedOperation"
            })
        })
        .map(|call| format!("{}:{}", call.service, call.operation))
        .collect();
    assert!(refused.is_empty(), "refused: {refused:?}");
    (allowed, used)
}

#[test]
fn samples_live_under_their_own_policies_and_use_them_up() {
    let lives: &[(&str, Option<&str>, &[Edit])] = &[
        (
            "minimal",
            None,
            &[
                edit("tag: v1", "tag: v2"),
                edit("port: 3000", "port: 4000"),
                edit(
                    "    health: /health ",
                    "    route: { path: /app/* }\n    logs: { retain: 7d }\n    health: /up ",
                ),
                edit("    route: { path: /app/* }", "    route: { path: /other/* }"),
                edit("app: notes", "app: notes\ntags: { team: notes }"),
                edit("    route: { path: /other/* }\n", ""),
            ],
        ),
        (
            "minimal",
            None,
            &[
                edit("port: 3000", "deploy: { strategy: blue-green, bake: 0s }\n    port: 3000"),
                edit("tag: v1", "tag: v2"),
                edit("strategy: blue-green, bake: 0s", "strategy: rolling"),
            ],
        ),
        (
            "https",
            None,
            &[edit(
                "domain: notes.example.com",
                "domain: { names: [notes.example.com, www.example.com] }",
            )],
        ),
        (
            "production",
            Some("prod"),
            &[
                edit("\"s3:PutObject\"]", "\"s3:PutObject\", \"s3:DeleteObject\"]"),
                edit("idle_timeout: 60s", "idle_timeout: 30s"),
                edit(
                    "    permissions:                      # what the code inside may do\n      - { allow: [\"s3:GetObject\", \"s3:PutObject\", \"s3:DeleteObject\"], on: [\"arn:aws:s3:::notes-${env}-files/*\"] }\n",
                    "",
                ),
                edit("{ tags: immutable, keep: 50 }", "{ keep: 40 }"),
            ],
        ),
        ("production", Some("staging"), &[]),
        (
            "shop",
            None,
            &[
                edit("path: /api/*", "path: /v1/*"),
                edit("cron: \"30 2", "cron: \"45 3"),
                edit("app: shop", "app: shop\ntags: { team: shop }"),
            ],
        ),
        (
            "scaling",
            None,
            &[
                edit("requests: 800 ", "memory: 75 "),
                edit(
                    "cooldown: { out: 30s, in: 5m }",
                    "schedule: { day: { cron: \"0 7 * * *\", min: 4, max: 20 } }",
                ),
                edit("schedule: { day: { cron: \"0 7 * * *\", min: 4, max: 20 } }", "cooldown: 1m"),
            ],
        ),
    ];
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = lives
            .iter()
            .map(|&(sample, env, edits)| scope.spawn(move || live(sample, env, edits)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let allowed: BTreeSet<String> =
        results.iter().flat_map(|(allowed, _)| allowed.clone()).collect();
    let used: BTreeSet<String> = results.iter().flat_map(|(_, used)| used.clone()).collect();
    let spare: BTreeSet<String> = SPARE.iter().map(|(action, _)| (*action).to_owned()).collect();
    let idle: Vec<&String> =
        allowed.difference(&used).filter(|one| !spare.contains(*one)).collect();
    assert!(idle.is_empty(), "allowed and never used: {idle:?}");
    let stale: Vec<&String> = spare.intersection(&used).collect();
    assert!(stale.is_empty(), "in use after all, so no exception: {stale:?}");
    let gone: Vec<&String> = spare.difference(&allowed).collect();
    assert!(gone.is_empty(), "exceptions for what is not allowed: {gone:?}");
}

#[test]
fn a_guest_of_somebody_elses_balancer_lives_under_its_own_policies() {
    let world = Served::sample("minimal");
    world.wharf(&["apply", "--yes"]).expect(0);
    world.edit("app: notes", "app: guest\nbalancer: { use: notes }");
    world.edit("port: 3000", "route: { path: /guest/* }\n    port: 3000");
    for (verb, args, code) in [
        ("plan", &["plan", "--detailed-exitcode"][..], 2),
        ("apply", &["apply", "--yes"], 0),
        ("plan", &["plan", "--detailed-exitcode"], 0),
        ("destroy", &["destroy", "--yes", "--confirm", "guest"], 0),
    ] {
        let caller = under(&world, verb, &[]);
        let run = world.wharf_under(&caller, args);
        assert_eq!(run.code, code, "{verb}: {}\n{}", run.stdout, run.stderr);
    }
}

#[test]
fn the_policies_of_one_stack_do_nothing_to_another() {
    let world = Served::sample("minimal");
    world.wharf(&["apply", "--yes"]).expect(0);
    let apply = {
        world.edit("app: notes", "app: other");
        let caller = under(&world, "apply", &[]);
        world.edit("app: other", "app: notes");
        caller
    };
    world.edit("tag: v1", "tag: v2");
    let run = world.wharf_under(&apply, &["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}\n{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is not authorized to perform"), "{}", run.stderr);
    let plan = under(&world, "plan", &[]);
    let run = world.wharf_under(&plan, &["apply", "--yes"]).expect(4);
    assert!(run.stderr.contains("wharf iam apply"), "{}", run.stderr);
}

#[test]
fn text_says_how_to_attach_and_json_is_the_policy_alone() {
    let world = World::sample("production").env(Some("prod"));
    let text = world.wharf(&["iam", "apply"]).expect(0);
    for word in ["aws iam create-policy", "--part 2", "account:", "leaves"] {
        assert!(text.stderr.contains(word), "{word} is not in\n{}", text.stderr);
    }
    let part = world.wharf(&["iam", "apply", "--part", "1", "--format", "json"]).expect(0);
    assert_eq!(part.json()["Version"], "2012-10-17");
    assert!(part.stderr.is_empty(), "{}", part.stderr);
    world.wharf(&["iam", "apply", "--part", "9"]).expect(3);
    let plan = world.wharf(&["iam", "plan", "--format", "json"]).expect(0).json();
    assert!(plan["Statement"].as_array().unwrap().len() > 3, "{plan:#}");
}

#[test]
fn what_is_others_and_may_not_be_looked_at_is_used_all_the_same() {
    const REGION: &str = "ap-southeast-2";
    const ROLE: &str = "arn:aws:iam::111122223333:role/theirs";
    let world = Served::sample("minimal");
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    }]});
    let certificate = world.sandbox.with_world(|inside| {
        let role = json!({"RoleName": "theirs", "AssumeRolePolicyDocument": trust.to_string()});
        inside.by_hand(REGION, "iam", "CreateRole", &role).unwrap();
        let wanted = json!({"DomainName": "*.example.com", "ValidationMethod": "DNS"});
        inside.by_hand(REGION, "acm", "RequestCertificate", &wanted).unwrap();
        let mut all = inside.region(REGION).acm.certificates.values_mut();
        let theirs = all.next().unwrap();
        "ISSUED".clone_into(&mut theirs.status);
        theirs.arn.clone()
    });
    world.edit(
        "port: 3000",
        &format!(
            "permissions: {ROLE}\n    domain: {{ names: [a.example.com], certificate: \"{certificate}\" }}\n    port: 3000"
        ),
    );
    let theirs = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "iam:GetRole", "Resource": ROLE},
        {"Effect": "Deny", "Action": "acm:DescribeCertificate", "Resource": certificate},
    ]});
    for (verb, args, code) in [
        ("plan", &["plan", "--detailed-exitcode"][..], 2),
        ("apply", &["apply", "--yes"], 0),
        ("plan", &["plan", "--detailed-exitcode"], 0),
        ("destroy", &["destroy", "--yes", "--confirm", "notes"], 0),
    ] {
        let mut all = policies(&world, verb, &[]);
        all.push(theirs.clone());
        let caller = world.under(&all);
        let run = world.wharf_under(&caller, args);
        assert_eq!(run.code, code, "{verb}: {}\n{}", run.stdout, run.stderr);
        let denied = caller.session.calls().iter().filter(|call| call.status == 403).count();
        assert!(denied >= 1, "{verb}: nothing was denied, so nothing was tested");
    }
}

#[test]
fn one_role_reaches_all_previews_and_nothing_else() {
    let world = Served::sample("minimal");
    world.edit("region:", "environments: { staging: {}, preview: {} }\nregion:");
    world.wharf(&["apply", "--env", "staging", "--yes"]).expect(0);
    let of_all = ["--env", "pr-*", "--from", "preview"];
    let apply = under(&world, "apply", &of_all);
    let destroy = under(&world, "destroy", &of_all);
    for env in ["pr-1", "pr-27"] {
        let one = ["--env", env, "--from", "preview"];
        world
            .wharf_under(&apply, &[&["apply", "--yes", "--ttl", "1s"], &one[..]].concat())
            .expect(0);
    }
    world.edit("tag: v1", "tag: v2");
    let staging = world.wharf_under(&apply, &["apply", "--env", "staging", "--yes"]);
    assert_eq!(staging.code, 4, "{}\n{}", staging.stdout, staging.stderr);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let swept = world.wharf_under(&destroy, &["sweep", "--env", "preview", "--yes"]).expect(0);
    assert!(swept.stdout.contains("pr-1 ") && swept.stdout.contains("pr-27"), "{}", swept.stdout);
    let left = world.wharf(&["sweep", "--env", "preview", "--dry-run"]).expect(0).stdout;
    assert!(left.contains("No environment"), "{left}");
    for (env, says) in [("*", "every environment"), ("p*", "declared environment `preview`")] {
        let run = world.wharf(&["iam", "apply", "--env", env, "--from", "preview"]).expect(3);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}
