//! Every sample: plan, apply, plan again, change one thing at a time, destroy, look at what is left.

use std::collections::BTreeSet;

use crate::world::{World, addresses, same};

/// One change of a spec, and all that it may touch.
struct Edit {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    touches: &'static [&'static str],
}

const NEW_REVISION: &[&str] = &["task_definition.web", "service.web"];

fn live(sample: &str, env: Option<&'static str>, edits: &[Edit]) {
    let world = World::sample(sample).env(env);
    if env == Some("prod") {
        // The sample protects its balancer, keeps images and logs; this test wants all of it gone.
        world.edit("    protect: [balancer]               # destroy and replace refuse while it is named here\n", "");
        world.edit("    destroy: { repository: keep, logs: keep }\n", "");
    }
    // The first call of any command fills the sandbox with its seeds.
    world.wharf(&["plan", "--detailed-exitcode"]).expect(2);
    let before = world.contents();

    let applied = world.apply();
    assert!(applied.stdout.contains("http"), "no URL in\n{}", applied.stdout);
    world.converged();
    for edit in edits {
        world.edit(edit.from, edit.to);
        let plan = world.wharf(&["plan", "--format", "json", "--detailed-exitcode"]);
        assert_eq!(plan.code, 2, "{}: nothing to do\n{}", edit.what, plan.stderr);
        let wanted: BTreeSet<String> =
            edit.touches.iter().map(|&touched| touched.to_owned()).collect();
        assert_eq!(addresses(&plan.json()), wanted, "{}", edit.what);
        assert_eq!(plan.json()["summary"]["drift"], 0, "{}: taken for drift", edit.what);
        world.apply();
        world.converged();
    }
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
    world.destroy();
    same(&world.contents(), &before);
    let again =
        world.wharf(&["destroy", "--yes", "--confirm", world.plan()["stack"].as_str().unwrap()]);
    assert!(again.expect(0).stdout.contains("Nothing of this stack exists."));
}

#[test]
fn minimal() {
    live(
        "minimal",
        None,
        &[
            Edit { what: "image", from: "tag: v1", to: "tag: v2", touches: NEW_REVISION },
            Edit {
                what: "port",
                from: "port: 3000",
                to: "port: 4000",
                touches: &[
                    "ingress_rule.tasks:3000",
                    "ingress_rule.tasks:4000",
                    "listener.http",
                    "service.web",
                    "target_group.web",
                    "task_definition.web",
                ],
            },
            Edit {
                what: "health path",
                from: "health: /health",
                to: "health: /up",
                touches: &["target_group.web"],
            },
            Edit {
                what: "count",
                from: "    port: 4000",
                to: "    scale: 2\n    port: 4000",
                touches: &["service.web"],
            },
            Edit {
                what: "secret",
                from: "    port: 4000",
                to: "    secrets: { DATABASE_URL: ssm:/notes/database_url }\n    port: 4000",
                touches: &["role.web/execution", "service.web", "task_definition.web"],
            },
            Edit {
                what: "variable",
                from: "    port: 4000",
                to: "    env: { LOG_LEVEL: debug }\n    port: 4000",
                touches: NEW_REVISION,
            },
            Edit {
                what: "route",
                from: "    port: 4000",
                to: "    route: { path: /app/* }\n    port: 4000",
                touches: &["listener.http", "listener_rule.web"],
            },
            Edit {
                what: "retention",
                from: "    port: 4000",
                to: "    logs: { retain: 7d }\n    port: 4000",
                touches: &["log_group.web"],
            },
            Edit {
                what: "drain",
                from: "    port: 4000",
                to: "    deploy: { drain: 10s }\n    port: 4000",
                touches: &["target_group.web"],
            },
        ],
    );
}

#[test]
fn https() {
    live(
        "https",
        None,
        &[
            Edit {
                what: "health path",
                from: "health: /health",
                to: "health: /up",
                touches: &["target_group.web"],
            },
            Edit {
                what: "a second name",
                from: "domain: notes.example.com",
                to: "domain: { names: [notes.example.com, www.example.com] }",
                touches: &[
                    "certificate.main",
                    "certificate_validation.main",
                    // It belongs to the new certificate from now on, although it says the same.
                    "dns_record._validation.notes.example.com/CNAME",
                    "dns_record._validation.www.example.com/CNAME",
                    "dns_record.www.example.com/A",
                    "dns_record.www.example.com/AAAA",
                    "listener.https",
                    "listener_rule.web",
                ],
            },
        ],
    );
}

#[test]
fn production() {
    live(
        "production",
        Some("prod"),
        &[
            Edit {
                what: "permission",
                from: "\"s3:PutObject\"]",
                to: "\"s3:PutObject\", \"s3:DeleteObject\"]",
                touches: &["role.api/task"],
            },
            Edit {
                what: "idle timeout",
                from: "idle_timeout: 60s",
                to: "idle_timeout: 30s",
                touches: &["load_balancer.main"],
            },
            Edit {
                what: "failures",
                from: "max_failures: 3",
                to: "max_failures: 5",
                touches: &["service.api"],
            },
            Edit {
                what: "size",
                from: "memory: 1GB",
                to: "memory: 2GB",
                touches: &["service.api", "task_definition.api"],
            },
        ],
    );
}

#[test]
fn scaling() {
    const RANGE: &str =
        "    scale:                            # the autoscaler decides how many tasks there are
      min: 3
      max: 10
      cpu: 70                         # aims at 60 % of the CPU on average
      memory: 75                      # and at 800 requests a minute for each task
      cooldown: { out: 30s, in: 10m }  # rest after tasks were added, and after some were removed
";
    live(
        "scaling",
        None,
        &[
            Edit {
                what: "fewest tasks",
                from: "min: 2",
                to: "min: 3",
                touches: &["scalable_target.web", "service.web"],
            },
            Edit {
                what: "aim",
                from: "cpu: 60",
                to: "cpu: 70",
                touches: &["scaling_policy.web:cpu"],
            },
            Edit {
                what: "cooldown",
                from: "in: 5m }",
                to: "in: 10m }",
                touches: &["scaling_policy.web:cpu", "scaling_policy.web:requests"],
            },
            Edit {
                what: "share of spare capacity",
                from: "spot: 50%",
                to: "spot: 25%",
                touches: &["service.web"],
            },
            Edit {
                what: "port",
                from: "port: 3000",
                to: "port: 4000",
                touches: &[
                    "ingress_rule.tasks:3000",
                    "ingress_rule.tasks:4000",
                    "listener.http",
                    "scalable_target.web",
                    "scaling_policy.web:cpu",
                    "scaling_policy.web:requests",
                    "service.web",
                    "target_group.web",
                    "task_definition.web",
                ],
            },
            Edit {
                what: "another metric",
                from: "requests: 800  ",
                to: "memory: 75     ",
                touches: &["scaling_policy.web:memory", "scaling_policy.web:requests"],
            },
            Edit {
                what: "no spare capacity",
                from: "spot: 25%",
                to: "spot: 0%",
                touches: &["service.web"],
            },
            Edit {
                what: "a fixed number",
                from: RANGE,
                to: "    scale: 3\n",
                touches: &[
                    "scalable_target.web",
                    "scaling_policy.web:cpu",
                    "scaling_policy.web:memory",
                ],
            },
            Edit {
                what: "a schedule",
                from: "    scale: 3\n",
                to: "    scale: { min: 3, max: 9, schedule: { day: { cron: \"0 7 * * MON-FRI\", \
                     timezone: Europe/Berlin, min: 4, max: 20 } } }\n",
                touches: &["scalable_target.web", "scheduled_action.web:day"],
            },
            Edit {
                what: "another time",
                from: "0 7 * * MON-FRI",
                to: "30 6 * * MON-FRI",
                touches: &["scheduled_action.web:day"],
            },
        ],
    );
}

#[test]
fn staging() {
    live("production", Some("staging"), &[]);
}

#[test]
fn shop() {
    live(
        "shop",
        None,
        &[
            Edit {
                what: "path of one service",
                from: "path: /api/*",
                to: "path: /v1/*",
                touches: &["listener_rule.api"],
            },
            Edit {
                what: "worker's command",
                from: "command: [\"bin/worker\"]",
                to: "command: [\"bin/worker\", \"-v\"]",
                touches: &["service.worker", "task_definition.worker"],
            },
        ],
    );
}

#[test]
fn a_service_that_leaves_the_spec_goes_with_all_that_is_its_own() {
    let world = World::sample("shop");
    // The first call of any command fills the sandbox with its seeds.
    world.plan();
    let before = world.contents();
    world.apply();
    let text = world.spec();
    let worker = text.find("  # No port, so no balancer").unwrap();
    world.write(&text[..worker]);
    let refused = world.wharf(&["apply", "--yes"]).expect(11);
    assert!(refused.stderr.contains("--allow-delete"), "{}", refused.stderr);
    world.apply();
    world.converged();
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn a_tag_added_to_the_spec_is_a_change_and_not_drift() {
    let world = World::sample("minimal");
    world.apply();
    world.edit("app: notes", "app: notes\ntags: { team: notes }");
    let plan = world.plan();
    assert_eq!(plan["summary"]["drift"], 0, "{plan:#}");
    assert!(addresses(&plan).contains("repository.web"), "{plan:#}");
    world.apply();
    world.converged();
}

#[test]
fn what_somebody_protects_from_deletion_is_named_with_the_way_out() {
    for (case, way) in [
        ("deletion-protection", "aws elbv2 modify-load-balancer-attributes"),
        ("logs-protected", "aws logs put-log-group-deletion-protection"),
    ] {
        let world = World::sample("minimal");
        world.apply();
        world.wharf(&["sandbox", "break", case]).expect(0);
        let destroy = ["destroy", "--yes", "--confirm", "notes"];
        let refused = world.wharf(&destroy).expect(6);
        assert!(refused.stderr.contains("C901"), "{}", refused.stderr);
        assert!(refused.stderr.contains(way), "{}", refused.stderr);
        world.wharf(&["sandbox", "mend"]).expect(0);
        world.wharf(&destroy).expect(0);
    }
}

#[test]
fn a_certificate_that_is_kept_keeps_what_it_is_renewed_by() {
    let world = World::sample("https");
    world.edit("region:", "destroy: { certificate: keep }\nregion:");
    world.apply();
    let proofs = || {
        let zones = world.contents()["global"]["route53"]["zones"].to_string();
        zones.matches("acm-validations").count()
    };
    let before = proofs();
    assert!(before > 0);
    world.wharf(&["destroy", "--yes", "--confirm", "notes"]).expect(0);
    assert_eq!(proofs(), before);
    let again = world.wharf(&["destroy", "--yes", "--confirm", "notes"]).expect(0).stdout;
    assert!(again.contains("Nothing"), "{again}");
    let made = addresses(&world.plan());
    let kept =
        |address: &String| address.starts_with("certificate.") || address.contains("_validation");
    assert!(!made.iter().any(kept), "{made:?}");
    world.apply();
    world.converged();
}
