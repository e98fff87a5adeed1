//! First specs from what describes a service elsewhere.

use serde_json::{Value, json};

use crate::schemas::follows;
use crate::world::{Run, World};

const COMPOSE: &str = r#"
name: Shop
x-common: &common
  environment: { LOG_LEVEL: "${LEVEL:-info}", PRICE: "$$5" }
services:
  web:
    <<: *common
    build: { context: ./web, dockerfile: Prod.dockerfile, args: { A: b } }
    ports: ["8080:3000", "9229:9229"]
    healthcheck:
      test: curl -f http://localhost:3000/up || exit 1
      interval: 1m30s
      timeout: 10s
      retries: 4
    depends_on: [db, worker]
    deploy:
      replicas: 2
      resources: { limits: { cpus: "0.4", memory: 900M } }
    volumes: [ "./src:/src" ]
  admin:
    image: nginx:1.27
    ports: [ { target: 80, published: 81 } ]
  worker:
    image: python:3.13
    command: python -m "work er"
    stop_grace_period: 1m
    environment:
      - QUEUE=jobs
      - FROM_MACHINE
      - STRIPE_KEY=sk_live_0123456789abcdefghij
    healthcheck: { test: ["CMD", "python", "-m", "ping"] }
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: hunter2 }
volumes: { data: {} }
"#;

fn import(world: &World, args: &[&str]) -> Run {
    let base = ["--region", "eu-west-1"];
    let run = world.wharf(&[&["import"], args, &base].concat());
    assert!(!run.stdout.contains("hunter2") && !run.stdout.contains("sk_live"), "{}", run.stdout);
    run
}

/// Imports into a file, and checks that what came out is good and canonical.
#[track_caller]
fn imported(world: &World, args: &[&str], env: &[&str]) -> (Value, Value) {
    let file = ["--file", "new.yaml"];
    let json = ["--format", "json"];
    let run = import(world, &[args, &file, &json].concat()).expect(0);
    let document = run.json();
    follows("import", &document);
    world.wharf(&[&["check"], &file[..], env].concat()).expect(0);
    world.wharf(&[&["fmt", "--check"], &file[..]].concat()).expect(0);
    // Planned without an account, whose secrets nobody has stored yet.
    world.wharf(&[&["graph"], &file[..], env].concat()).expect(0);
    let text = std::fs::read_to_string(world.path().join("new.yaml")).unwrap();
    assert_eq!(text, document["spec"].as_str().unwrap());
    assert!(!text.contains("hunter2") && !text.contains("sk_live"), "{text}");
    (serde_saphyr::from_str(&text).unwrap(), document)
}

/// Fails unless each of these texts is in a remark, and so in a comment.
#[track_caller]
fn remarked(document: &Value, texts: &[&str]) {
    let remarks = document["remarks"].to_string();
    // Comments are wrapped; a line's end is a space.
    let spec = document["spec"].as_str().unwrap().replace('#', " ");
    let spec = spec.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts {
        assert!(remarks.contains(text), "{text}: {:#}", document["remarks"]);
        assert!(spec.contains(text), "{text}: {spec}");
    }
}

#[test]
fn a_compose_file_becomes_a_spec_and_nothing_is_dropped_without_a_word() {
    let world = World::new("");
    std::fs::write(world.path().join("compose.yaml"), COMPOSE).unwrap();
    let (spec, document) = imported(&world, &["compose"], &[]);
    assert_eq!(spec["app"], "shop");
    let services = &spec["services"];
    let web = &services["web"];
    assert_eq!(web["image"]["build"], json!({ "context": "./web", "file": "Prod.dockerfile" }));
    assert_eq!(web["port"], 3000);
    let health = json!({ "path": "/up", "interval": "90s", "timeout": "10s", "bad": 4 });
    assert_eq!(web["health"], health);
    assert_eq!(web["env"], json!({ "LOG_LEVEL": "info", "PRICE": "$5" }));
    assert_eq!((&web["cpu"], &web["memory"]), (&json!(0.5), &json!("1GB")));
    assert_eq!((&web["scale"], &web["after"]), (&json!(2), &json!(["worker"])));
    assert_eq!(services["admin"]["route"], json!({ "path": "/admin/*" }));
    let worker = &services["worker"];
    assert_eq!(worker["command"], json!(["python", "-m", "work er"]));
    assert_eq!(worker["stop_timeout"], "60s");
    assert_eq!(worker["env"], json!({ "QUEUE": "jobs" }));
    assert_eq!(worker["secrets"], json!({ "STRIPE_KEY": "ssm:/shop/stripe_key" }));
    assert_eq!(worker["container_health"]["command"], json!(["CMD", "python", "-m", "ping"]));
    assert!(services.get("db").is_none(), "{services}");
    remarked(
        &document,
        &[
            "the service `db`: postgres:16 keeps what it is told",
            "9229:9229",
            "`volumes: ",
            "`args: {",
            "FROM_MACHINE: its value came from the machine",
            "aws ssm put-parameter --name /shop/stripe_key",
            "`depends_on` of db",
            "the smallest task of Fargate",
            "`x-common:",
        ],
    );
}

#[test]
fn what_is_there_is_not_overwritten_and_what_is_no_source_is_refused() {
    let world = World::new("");
    import(&world, &["compose"]).expect(3);
    let none = import(&world, &["compose", "--file", "new.yaml"]).expect(3);
    assert!(none.stderr.contains("there is no Compose file here"), "{}", none.stderr);
    std::fs::write(world.path().join("compose.yaml"), "a: [").unwrap();
    import(&world, &["compose", "--file", "new.yaml"]).expect(3);
    std::fs::write(world.path().join("compose.yaml"), "a: 1").unwrap();
    let other = import(&world, &["compose", "--file", "new.yaml"]).expect(3);
    assert!(other.stderr.contains("is it a Compose file?"), "{}", other.stderr);
    std::fs::write(world.path().join("compose.yaml"), COMPOSE).unwrap();
    let wrong = import(&world, &["compose", "--app", "No!", "--file", "new.yaml"]).expect(3);
    assert!(wrong.stderr.contains("No!"), "{}", wrong.stderr);
    import(&world, &["copilot", "--file", "new.yaml"]).expect(3);
    import(&world, &["service", "alone", "--file", "new.yaml"]).expect(3);
    let gone = import(&world, &["service", "a/b", "--file", "new.yaml"]).expect(1);
    assert!(gone.stderr.contains('b'), "{}", gone.stderr);
    assert!(!world.path().join("new.yaml").exists());
    let printed = import(&world, &["compose", "--file", "-"]).expect(0);
    assert!(printed.stdout.starts_with("# From compose.yaml."), "{}", printed.stdout);
}

#[test]
fn manifests_of_copilot_become_one_spec() {
    let world = World::new("");
    let put = |path: &str, text: &str| {
        let path = world.path().join("copilot").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(".workspace", "application: shop\n");
    put(
        "api/manifest.yml",
        r#"
name: api
type: Load Balanced Web Service
image: { build: api/Dockerfile, port: 8080 }
http:
  path: api
  healthcheck: { path: /healthz, healthy_threshold: 3, interval: 15s, timeout: 10s, success_codes: "200,201" }
  deregistration_delay: 45s
  stickiness: true
cpu: 512
memory: 1024
count: 2
exec: true
platform: linux/arm64
variables: { LOG_LEVEL: info }
secrets:
  TOKEN: /copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/TOKEN
  PASSWORD: { secretsmanager: "db:password::" }
storage: { volumes: { data: { efs: true } } }
environments:
  prod: { count: 3, variables: { LOG_LEVEL: warn } }
  test: {}
"#,
    );
    put("site/manifest.yml", "name: site\ntype: Static Site\n");
    put(
        "report/manifest.yml",
        "name: report\ntype: Scheduled Job\nimage: { location: \"python:3.13\" }\non: { schedule: \"@daily\" }\nretries: 2\n",
    );
    let (spec, document) = imported(&world, &["copilot"], &["--env", "prod"]);
    let api = &spec["services"]["api"];
    assert_eq!(spec["app"], "shop");
    assert_eq!(api["image"]["build"], json!({ "context": "api", "file": "Dockerfile" }));
    assert_eq!(api["route"]["path"], json!(["/api", "/api/*"]));
    assert_eq!((&api["health"]["good"], &api["health"]["path"]), (&json!(3), &json!("/healthz")));
    assert_eq!((&api["cpu"], &api["memory"]), (&json!(0.5), &json!("1GB")));
    assert_eq!((&api["platform"], &api["scale"]), (&json!("linux/arm64"), &json!(2)));
    assert_eq!(api["deploy"], json!({ "drain": "45s" }));
    assert_eq!(api["secrets"]["TOKEN"], "ssm:/copilot/${app}/${env}/secrets/TOKEN");
    assert_eq!(api["secrets"]["PASSWORD"], "sm:db#password");
    let prod = &spec["environments"]["prod"]["services"]["api"];
    assert_eq!(prod, &json!({ "scale": 3, "env": { "LOG_LEVEL": "warn" } }));
    remarked(&document, &["`stickiness: true`", "`storage: {", "nothing like a `Static Site`"]);
    let text = document["spec"].as_str().unwrap();
    // A job is one, or stands in comments as a whole where jobs cannot be applied.
    let scheduled = spec["jobs"]["report"]["schedule"] == json!({ "cron": "0 0 * * *" });
    assert!(scheduled || text.contains("`on: { schedule: \"@daily\" }`"), "{text}");
}

#[test]
fn a_service_that_runs_becomes_a_spec_that_says_the_same() {
    let world = World::sample("minimal");
    world.edit(
        "    port: 3000",
        "    scale: 2\n    cpu: 0.5\n    memory: 1GB\n    stop_timeout: 20s\n    command: [serve]\n    \
         env: { LOG_LEVEL: info }\n    secrets: { URL: ssm:/notes/database_url }\n    port: 3000",
    );
    world.apply();
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    let name = status["services"][0]["physical_name"].as_str().unwrap().to_owned();
    let from = format!("notes/{name}");
    let args =
        ["import", "service", &from, "--app", "notes", "--region", "ap-southeast-2", "--file"];
    let run = world.wharf(&[&args[..], &["new.yaml", "--format", "json"]].concat()).expect(0);
    let document = run.json();
    follows("import", &document);
    assert_eq!(document["next"][0], "wharf adopt --file new.yaml");
    let spec: Value = serde_saphyr::from_str(document["spec"].as_str().unwrap()).unwrap();
    let service = spec["services"].as_object().unwrap().values().next().unwrap().clone();
    assert!(service["image"].as_str().unwrap().contains("notes/web@sha256:"), "{service}");
    assert_eq!((&service["port"], &service["scale"]), (&json!(3000), &json!(2)));
    assert_eq!((&service["cpu"], &service["memory"]), (&json!(0.5), &json!("1GB")));
    assert_eq!((&service["stop_timeout"], &service["command"]), (&json!("20s"), &json!(["serve"])));
    assert_eq!(service["health"]["path"], "/health");
    assert_eq!(service["env"], json!({ "LOG_LEVEL": "info" }));
    assert_eq!(service["secrets"], json!({ "URL": "ssm:/notes/database_url" }));
    remarked(&document, &["it is behind the balancer notes"]);
    world.wharf(&["check", "--file", "new.yaml"]).expect(0);
    // The account was only looked at.
    world.converged();
}
