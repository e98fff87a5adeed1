//! One sandbox in one directory, and the binary run against it with nothing of the machine's own
//! environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;
use wharf_sandbox::{Options, Sandbox};

/// Seconds that pass in the sandbox while one passes here.
const SPEED: &str = "1000";

/// A directory with a spec and a sandbox.
pub(crate) struct World {
    home: TempDir,
    env: Option<&'static str>,
}

/// What one run of the binary gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    shown: String,
}

impl Run {
    pub(crate) fn of(output: Output, args: &[&str]) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            shown: format!("$ wharf {}", args.join(" ")),
        }
    }

    /// Fails with everything that was printed unless the run ended with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}\n{}", self.shown, self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.shown, self.stdout))
    }
}

impl World {
    /// Begins with an untouched sandbox and the text of a spec.
    pub(crate) fn new(spec: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let world = Self { home, env: None };
        world.write(spec);
        world
    }

    /// Begins with one of the samples in `specs/`.
    pub(crate) fn sample(name: &str) -> Self {
        Self::new(&sample(name))
    }

    /// Adds `--env` to every run.
    pub(crate) fn env(mut self, env: Option<&'static str>) -> Self {
        self.env = env;
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    fn spec_path(&self) -> PathBuf {
        self.path().join("wharf.yaml")
    }

    /// Returns the spec as it is.
    pub(crate) fn spec(&self) -> String {
        std::fs::read_to_string(self.spec_path()).unwrap()
    }

    /// Replaces the spec.
    pub(crate) fn write(&self, spec: &str) {
        std::fs::write(self.spec_path(), spec).unwrap();
    }

    /// Replaces one piece of the spec, which must be there exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.spec();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
        self.write(&text.replace(from, to));
    }

    /// Prepares a run of the binary in which `speed` seconds pass for each second here.
    pub(crate) fn command(&self, args: &[&str], speed: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("WHARF_SANDBOX", self.path().join("sandbox"))
            .env("WHARF_SANDBOX_SPEED", speed)
            .stdin(Stdio::null());
        if let Some(env) = self.env {
            command.args(["--env", env]);
        }
        command
    }

    /// Runs the binary.
    pub(crate) fn wharf(&self, args: &[&str]) -> Run {
        self.wharf_at(SPEED, args)
    }

    /// The same, in a sandbox whose time runs at another speed.
    pub(crate) fn wharf_at(&self, speed: &str, args: &[&str]) -> Run {
        Run::of(self.command(args, speed).output().unwrap(), args)
    }

    /// Plans, and returns the document.
    #[track_caller]
    pub(crate) fn plan(&self) -> Value {
        self.wharf(&["plan", "--format", "json"]).expect(0).json()
    }

    /// Applies without asking.
    #[track_caller]
    pub(crate) fn apply(&self) -> Run {
        self.wharf(&["apply", "--yes", "--allow-delete"]).expect(0)
    }

    /// Checks that nothing is left to do, and that no drift is seen.
    #[track_caller]
    pub(crate) fn converged(&self) {
        let plan = self.wharf(&["plan", "--detailed-exitcode"]).expect(0);
        assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
        self.wharf(&["drift"]).expect(0);
    }

    /// Destroys the stack.
    #[track_caller]
    pub(crate) fn destroy(&self) {
        let stack = self.plan()["stack"].as_str().unwrap().to_owned();
        self.wharf(&["destroy", "--yes", "--confirm", &stack]).expect(0);
    }

    /// Opens the sandbox to look into it, or to change it behind wharf's back.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let options = Options { speed: SPEED.parse().unwrap(), ..Options::default() };
        Sandbox::open(self.path().join("sandbox"), options).unwrap()
    }

    /// Has a certificate issued to somebody, and returns its ARN.
    pub(crate) fn issued_certificate(&self, region: &str, name: &str) -> String {
        let input = serde_json::json!({"DomainName": name, "ValidationMethod": "DNS"});
        let made = self.aws_json(region, "acm", "CertificateManager.RequestCertificate", &input);
        let arn = made["CertificateArn"].as_str().unwrap().to_owned();
        self.sandbox().with_world(|inside| {
            let all = &mut inside.region(region).acm.certificates;
            "ISSUED".clone_into(&mut all.get_mut(&arn).unwrap().status);
        });
        arn
    }

    /// Makes one AWS call of a JSON service, as any client would.
    pub(crate) fn aws_json(
        &self,
        region: &str,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Value {
        let text = self.call(region, service, |request| {
            request
                .header("x-amz-target", target)
                .header("content-type", "application/x-amz-json-1.1")
                .body(Bytes::from(body.to_string()))
                .unwrap()
        });
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Makes one AWS call of a query service, and returns its XML.
    pub(crate) fn aws_query(&self, region: &str, service: &str, form: &str) -> String {
        self.call(region, service, |request| {
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Bytes::from(form.to_owned()))
                .unwrap()
        })
    }

    fn call(
        &self,
        region: &str,
        service: &str,
        build: impl FnOnce(http::request::Builder) -> http::Request<Bytes>,
    ) -> String {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=x/20260101/{region}/{service}/aws4_request");
        let request = build(
            http::Request::post("http://localhost/")
                .header("authorization", scope)
                .header("user-agent", "aws-cli/2.17.0 md/awscrt"),
        );
        let sandbox = self.sandbox();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(sandbox.call(request));
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(response.status().is_success(), "{text}");
        text
    }

    /// Everything in the sandbox that a stack could have made or touched: the whole world but for
    /// clocks, counters and what AWS itself remembers of things that are gone.
    pub(crate) fn contents(&self) -> Value {
        contents(&self.sandbox())
    }
}

/// Everything in a sandbox that a stack could have made or touched.
pub(crate) fn contents(sandbox: &Sandbox) -> Value {
    let mut world = sandbox.world_json();
    forget(&mut world);
    world
}

/// The samples, each with the environment it is tried in.
pub(crate) const SAMPLES: [(&str, Option<&str>); 5] = [
    ("minimal", None),
    ("https", None),
    ("production", Some("prod")),
    ("scaling", None),
    ("shop", None),
];

/// Returns the text of a sample.
pub(crate) fn sample(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs").join(format!("{name}.yaml"));
    std::fs::read_to_string(path).unwrap()
}

/// Returns the addresses a plan touches.
pub(crate) fn addresses(plan: &Value) -> BTreeSet<String> {
    plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["address"].as_str().unwrap().to_owned())
        .collect()
}

/// Fails with the places that differ, unless two worlds are alike.
#[track_caller]
pub(crate) fn same(after: &Value, before: &Value) {
    let mut found = Vec::new();
    differences("", after, before, &mut found);
    assert!(found.is_empty(), "differs from before:\n{}", found.join("\n"));
}

fn differences(path: &str, after: &Value, before: &Value, found: &mut Vec<String>) {
    match (after, before) {
        (Value::Object(one), Value::Object(two)) => {
            let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let (one, two) = (one.get(key), two.get(key));
                let (one, two) = (one.unwrap_or(&Value::Null), two.unwrap_or(&Value::Null));
                differences(&format!("{path}/{key}"), one, two, found);
            }
        }
        _ if after == before => {}
        _ => found.push(format!("{path}: {after}, was {before}")),
    }
}

/// Drops what grows or moves by itself (clocks, counters, events to come), and what AWS still shows of
/// things that have ended: stopped tasks, inactive revisions, services and clusters.
fn forget(world: &mut Value) {
    const OWN: &[&str] = &[
        "active",
        "availability",
        "changes",
        "clock",
        "events",
        "generation",
        "ids",
        "last_address",
        "ledger",
        "newest",
        "now",
        "run_tokens",
        "saved_at",
        "seq",
        "serial",
        "started",
    ];
    match world {
        Value::Object(map) => {
            // A task counts every change of its own, of its health too.
            let task = map.contains_key("last_status");
            let counts = |key: &str| task && key == "version";
            map.retain(|key, value| {
                !OWN.contains(&key.as_str()) && !counts(key) && !is_past(value)
            });
            map.values_mut().for_each(forget);
            map.retain(|_, value| !is_empty(value));
        }
        Value::Array(items) => {
            items.retain(|item| !is_past(item));
            items.iter_mut().for_each(forget);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_past(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let cluster = value.get("providers").is_some();
    matches!(text("status"), Some("INACTIVE"))
        || matches!(text("last_status"), Some("STOPPED"))
        || (cluster && value.get("active") == Some(&Value::Bool(false)))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
