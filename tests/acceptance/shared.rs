//! A balancer owned elsewhere: rules are added to it, and nothing else of it is touched.

use serde_json::{Value, json};

use crate::world::{World, addresses, same};

const REGION: &str = "eu-west-1";

/// The stack that owns the balancer, with a certificate for all names of the zone.
const EDGE: &str = "\
version: 1
app: edge
region: eu-west-1
services:
  web:
    image: { tag: v1 }
    port: 3000
    domain: { names: [edge.example.com], certificate: \"CERTIFICATE\" }
";

/// Its spec with a certificate for all names of the zone.
fn edge(world: &World) -> String {
    EDGE.replace("CERTIFICATE", &world.issued_certificate(REGION, "*.example.com"))
}

/// A stack behind it.
fn guest(app: &str, named: &str) -> String {
    format!(
        "version: 1\napp: {app}\nregion: {REGION}\nbalancer: {{ use: \"{named}\" }}\nservices:\n  web:\n    \
         image: {{ tag: v1 }}\n    port: 3000\n    domain: {app}.example.com\n  api:\n    image: {{ tag: v1 }}\n    \
         port: 8080\n    route: {{ host: {app}.example.com, path: /api/* }}\n    \
         scale: {{ min: 1, max: 3, requests: 500 }}\n"
    )
}

/// An account in which somebody runs a balancer.
fn account() -> World {
    let world = World::new("");
    let text = edge(&world);
    world.write(&text);
    world.apply();
    world
}

/// Everything of the balancer's owner: the balancer with its listeners, their rules, groups and certificate.
fn owned(world: &World) -> Value {
    let contents = world.contents();
    let region = &contents["regions"][REGION];
    let edge = |map: &Value| -> Value {
        let all = map.as_object().unwrap().iter();
        all.filter(|(_, thing)| thing["tags"]["wharf:app"] == "edge")
            .map(|(key, thing)| (key.clone(), thing.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let elb = &region["elbv2"];
    json!({
        "balancers": edge(&elb["balancers"]),
        "listeners": edge(&elb["listeners"]),
        "rules": edge(&elb["rules"]),
        "groups": edge(&region["ec2"]["groups"]),
    })
}

fn rules_of(world: &World, app: &str) -> Vec<(String, u64)> {
    let contents = world.contents();
    let rules = contents["regions"][REGION]["elbv2"]["rules"].as_object().unwrap().clone();
    let own = rules.values().filter(|rule| rule["tags"]["wharf:app"] == app);
    let mut list: Vec<(String, u64)> = own
        .map(|rule| {
            let name = rule["tags"]["wharf:resource"].as_str().unwrap().to_owned();
            (name, rule["priority"].as_u64().unwrap())
        })
        .collect();
    list.sort();
    list
}

#[track_caller]
fn refused(world: &World, says: &str) {
    let run = world.wharf(&["plan"]).expect(1);
    assert!(run.stderr.contains("error[E212]"), "{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
}

#[test]
fn two_stacks_live_behind_somebody_elses_balancer_and_leave_it_as_it_was() {
    let world = account();
    let (before, owner) = (owned(&world), world.spec());
    for app in ["notes", "shop"] {
        world.write(&guest(app, "edge"));
        let plan = world.plan();
        let made = addresses(&plan);
        for kind in ["load_balancer.", "listener.", "certificate.", "security_group.balancer"] {
            assert!(!made.iter().any(|address| address.starts_with(kind)), "{made:?}");
        }
        assert!(made.contains("listener_rule.api"), "{made:?}");
        let applied = world.apply();
        assert!(
            applied.stdout.contains(&format!("https://{app}.example.com")),
            "{}",
            applied.stdout
        );
        world.converged();
        let status = world.wharf(&["status"]).expect(0).stdout;
        assert!(status.contains(&format!("https://{app}.example.com")), "{status}");
        world.wharf(&["doctor"]).expect(0);
    }
    same(&owned(&world), &before);
    // Its owner sees nothing of it.
    world.write(&owner);
    world.converged();
    // A release, and a rule that becomes less specific, disturb nobody.
    world.write(&guest("notes", "edge"));
    let places = rules_of(&world, "shop");
    let text = world.spec().replace("tag: v1", "tag: v2").replace("path: /api/*", "path: /a/*");
    world.write(&text);
    world.apply();
    world.converged();
    assert_eq!(rules_of(&world, "shop"), places);
    assert!(world.sandbox().availability().is_empty());
    for app in ["notes", "shop"] {
        world.write(&guest(app, "edge"));
        world.destroy();
        assert!(rules_of(&world, app).is_empty());
    }
    same(&owned(&world), &before);
    world.write(&owner);
    world.converged();
    let zones = world.contents()["global"]["route53"]["zones"].to_string();
    assert!(!zones.contains("notes.example.com") && !zones.contains("shop.example.com"));
}

#[test]
fn a_balancer_is_named_by_arn_or_tag_as_well() {
    let world = account();
    let arn = owned(&world)["balancers"].as_object().unwrap().keys().next().unwrap().clone();
    world.write(&guest("notes", &arn));
    world.apply();
    world.converged();
    world.write(&guest("notes", "tag:wharf:app=edge"));
    world.converged();
    world.write(&guest("notes", "tag:Name=nothing"));
    refused(&world, "no application load balancer has this tag");
    world.write(&guest("notes", "edge"));
    world.destroy();
}

#[test]
fn places_of_others_are_left_to_them() {
    let world = account();
    world.write(&guest("notes", "edge"));
    world.apply();
    let places = rules_of(&world, "notes");
    world.destroy();
    // Somebody takes just these places.
    let listener = owned(&world)["listeners"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, listener)| listener["protocol"] == "HTTPS")
        .map(|(arn, _)| arn.clone())
        .unwrap();
    for (index, (_, priority)) in places.iter().enumerate() {
        let form = format!(
            "Action=CreateRule&Version=2015-12-01&ListenerArn={listener}&Priority={priority}\
             &Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=%2Ftheirs{index}\
             &Actions.member.1.Type=fixed-response\
             &Actions.member.1.FixedResponseConfig.StatusCode=404"
        );
        world.aws_query(REGION, "elasticloadbalancing", &form);
    }
    world.apply();
    world.converged();
    let moved = rules_of(&world, "notes");
    for ((name, old), (_, new)) in places.iter().zip(&moved) {
        assert_ne!(old, new, "{name}");
        assert!(new.abs_diff(*old) < 128, "{name} stays among its equals: {old}, {new}");
    }
    // When the places become free again, nothing moves.
    world.sandbox().with_world(|inner| {
        let rules = &mut inner.region(REGION).elbv2.rules;
        rules.retain(|_, rule| !rule.conditions.iter().any(|it| it.to_string().contains("theirs")));
    });
    world.converged();
    assert_eq!(rules_of(&world, "notes"), moved);
}

#[test]
fn what_keeps_a_balancer_from_being_shared_is_said_before_anything_is_touched() {
    let world = World::new(&guest("notes", "edge"));
    refused(&world, "the balancer edge cannot be used: there is no such balancer in the region");
    // One that speaks no HTTPS, and then one without a certificate for the name.
    world.write(
        &EDGE.replace(
            "    domain: { names: [edge.example.com], certificate: \"CERTIFICATE\" }\n",
            "",
        ),
    );
    world.apply();
    world.write(&guest("notes", "edge"));
    refused(&world, "has no listener for HTTPS, and `domain` needs one");
    world.write(&EDGE.replace(", certificate: \"CERTIFICATE\"", ""));
    world.apply();
    world.write(&guest("notes", "edge"));
    refused(&world, "no certificate of the balancer edge, port 443, is for notes.example.com");
    world.write(&guest("notes", "edge").replace("domain: notes", "domain: edge"));
    refused(&world, "somebody else's rule takes the requests of service web already");
    assert!(world.wharf(&["explain", "E212"]).expect(0).stdout.contains("another VPC"));
    // Without names, paths alone will do; plain HTTP of this balancer only leads to HTTPS.
    let paths = "    route: { path: /notes/* }\n";
    let text = guest("notes", "edge").replace("    domain: notes.example.com\n", paths);
    world.write(&text.replace("host: notes.example.com, ", ""));
    let applied = world.apply();
    assert!(applied.stdout.contains("https://edge-"), "{}", applied.stdout);
    world.converged();
    world.destroy();
}

#[test]
fn a_stack_moves_to_a_shared_balancer_and_back() {
    let world = account();
    let own = guest("notes", "edge").replace("balancer: { use: \"edge\" }\n", "");
    world.write(&own);
    world.apply();
    world.write(&guest("notes", "edge"));
    world
        .wharf(&["apply", "--yes", "--allow-delete", "--allow-downtime", "load_balancer.main"])
        .expect(0);
    world.converged();
    let balancers = world.contents()["regions"][REGION]["elbv2"]["balancers"].clone();
    assert_eq!(balancers.as_object().unwrap().len(), 1, "the own one is gone");
    world.write(&own);
    world
        .wharf(&["apply", "--yes", "--allow-delete", "--allow-downtime", "load_balancer.main"])
        .expect(0);
    world.converged();
    assert!(rules_of(&world, "notes").len() == 2);
    world.destroy();
}

#[test]
fn a_name_that_leaves_the_spec_leaves_no_record() {
    let world = account();
    world.write(&guest("notes", "edge"));
    world.apply();
    let routes = "    route: { path: /notes/* }\n";
    world.edit("    domain: notes.example.com\n", routes);
    world.edit("host: notes.example.com, ", "");
    // The stack says that the name is its own until no record leads to it any more.
    let plan = world.plan();
    let steps = plan["steps"].as_array().unwrap();
    let said =
        steps.iter().find(|step| step["part"] == "narrow").unwrap_or_else(|| panic!("{plan:#}"));
    assert_eq!(said["address"], "security_group.tasks", "{said:#}");
    let records = steps.iter().filter(|step| {
        step["address"].as_str().is_some_and(|address| address.starts_with("dns_record."))
    });
    let records: Vec<&Value> = records.map(|step| &step["id"]).collect();
    assert_eq!(records.len(), 2, "{plan:#}");
    let needs = said["needs"].as_array().unwrap();
    assert!(records.iter().all(|record| needs.contains(record)), "{said:#}");
    // Rules and tags of target groups are changed, and then the run dies: the records are still known.
    world.sandbox().with_world(|inside| {
        let elb = &mut inside.region(REGION).elbv2;
        elb.rules.retain(|_, rule| rule.tags.get("wharf:app").is_none_or(|app| app != "notes"));
    });
    let left = addresses(&world.plan());
    assert!(left.contains("dns_record.notes.example.com/A"), "{left:?}");
    world.apply();
    world.converged();
    let contents = world.contents();
    let zones = contents["global"]["route53"]["zones"].to_string();
    assert!(!zones.contains("notes.example.com"), "{zones}");
    let groups = &contents["regions"][REGION]["ec2"]["groups"];
    let tags = groups.as_object().unwrap().values().map(|group| &group["tags"]);
    let ours = tags.filter(|tags| tags["wharf:app"] == "notes").map(|tags| &tags["wharf:names"]);
    assert_eq!(ours.collect::<Vec<_>>(), ["-"], "nothing is claimed any more");
}

#[test]
fn a_rule_that_the_owner_takes_away_comes_back_and_its_records_are_known() {
    let world = account();
    let before = owned(&world);
    world.write(&guest("notes", "edge"));
    world.apply();
    let take_away = || {
        world.sandbox().with_world(|inside| {
            let rules = &mut inside.region(REGION).elbv2.rules;
            rules.retain(|_, rule| rule.tags.get("wharf:app").is_none_or(|app| app != "notes"));
        });
    };
    take_away();
    let plan = world.plan();
    assert_eq!(plan["summary"]["drift"], 2, "{plan:#}");
    world.apply();
    world.converged();
    take_away();
    world.destroy();
    let zones = world.contents()["global"]["route53"]["zones"].to_string();
    assert!(!zones.contains("notes.example.com"), "{zones}");
    same(&owned(&world), &before);
}
