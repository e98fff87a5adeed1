//! `wharf doctor` names the cause of everything that can be broken in the sandbox.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::Value;
use wharf_aws::{Aws, Connect, Transport};
use wharf_doctor::judge;
use wharf_sandbox::breaks::{self, Case, Deed};
use wharf_sandbox::{Options, Sandbox};

use crate::world::World;

const SPEC: &str = r#"version: 1
app: notes
region: eu-west-1
network: { vpc: "tag:Name=main", tasks: private, balancer: public }
services:
  web:
    image: { tag: v1 }
    port: 3000
    health: { path: /health, interval: 10s, timeout: 5s, grace: 30s }
    container_health: { command: ["CMD", "healthy"], interval: 10s, start_period: 60s }
    domain: notes.example.com
    env: { LOG_LEVEL: info }
    secrets:
      DATABASE_URL: ssm:/notes/prod/database_url
      STRIPE_KEY: sm:notes#stripe_key
"#;

/// Cases that are not about a service that runs: what they break shows in a call, which `apply` or
/// `destroy` reports; or which no spec leads to yet.
const ELSEWHERE: &[&str] = &[
    "image-missing",
    "log-quota",
    "spot-reclaimed",
    "pass-role-denied",
    "deletion-protection",
    "logs-protected",
    "group-in-use",
    "cluster-busy",
    // Of requests that move: see `strategies.rs`.
    "shifter-denied",
    "weights-split",
    // Of commands in tasks: see `exec.rs`.
    "exec-denied",
    "exec-unreachable",
    // Of jobs and the release: see `jobs.rs`.
    "release-fails",
    "job-fails",
    "job-hangs",
    "schedule-off",
    "scheduler-untrusted",
];

/// Cases that need an image of a public registry.
const PUBLIC: &[&str] = &["registry-private", "registry-limit"];

/// Words of what a crash loop costs.
const LOOPING: &str = " tasks an hour start and fail";

/// The share of pairs of faults, in percent, for which the primary cause must be one of the two.
const PRECISION: usize = 97;

fn cases() -> impl Iterator<Item = &'static Case> {
    breaks::all().filter(|case| !ELSEWHERE.contains(&case.name))
}

/// Leads AWS calls into whichever sandbox is looked at.
#[derive(Clone)]
struct Inside(Arc<Mutex<Sandbox>>);

impl Inside {
    fn sandbox(&self) -> Sandbox {
        self.0.lock().unwrap().clone()
    }
}

impl Transport for Inside {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let sandbox = self.sandbox();
        Box::pin(async move { Ok(sandbox.try_call(request).await?) })
    }
}

/// A service that runs well, to be broken again and again.
struct Ward {
    inside: Inside,
    world: wharf_sandbox::world::World,
    stack: wharf_spec::Stack,
    aws: Aws,
}

impl Ward {
    /// Applies the spec with the binary, and takes over its world.
    async fn new(spec: &str) -> Self {
        let applied = World::new(spec);
        applied.apply();
        let mut world = applied.sandbox().with_world(|world| world.clone());
        world.generation = 0;
        let stack = wharf_spec::parse(spec, "wharf.yaml", &wharf_spec::Options::default());
        let stack = stack.unwrap().stack;
        let sandbox = Sandbox::in_memory(Options::default());
        let inside = Inside(Arc::new(Mutex::new(sandbox)));
        let connect = Connect {
            region: stack.region.clone(),
            transport: Some(Arc::new(inside.clone())),
            ..Connect::default()
        };
        Self { inside, world, stack, aws: Aws::connect(connect).await }
    }

    /// Breaks the service that ran well; false if the cases do not go together.
    async fn break_it(&self, cases: &[&Case]) -> bool {
        let sandbox = Sandbox::in_memory(Options::default());
        // The clock of a sandbox in memory begins in the past.
        tokio::time::advance(self.world.now.since(sandbox.now())).await;
        *self.inside.0.lock().unwrap() = sandbox.clone();
        sandbox.with_world(|world| {
            *world = self.world.clone();
            let done = cases.iter().all(|case| world.break_case(case.name, Some("web")).is_ok());
            if cases.iter().any(|case| matches!(case.deed, Deed::Image(_))) {
                world.break_present(Some("web"));
            }
            done
        })
    }

    /// Returns the codes the doctor names, the primary one first.
    async fn codes(&self) -> Vec<&'static str> {
        let evidence = wharf_aws::doctor::examine(&self.aws, &self.stack, "web").await.unwrap();
        judge(&evidence).into_iter().map(|cause| cause.code).collect()
    }

    /// Lets time pass until the doctor names one of the codes first, at most fifteen minutes;
    /// returns the seconds it took, and what it named last.
    async fn until(&self, wanted: &[&str]) -> (u64, Vec<&'static str>) {
        let mut named = Vec::new();
        for look in 0..90 {
            named = self.codes().await;
            if named.first().is_some_and(|code| wanted.contains(code)) {
                return (look * 10, named);
            }
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        (900, named)
    }
}

fn spec_of(case: &Case) -> String {
    let spec = SPEC.to_owned();
    if PUBLIC.contains(&case.name) {
        return spec.replace("{ tag: v1 }", "nginx:1.27").replace("port: 3000", "port: 80");
    }
    spec
}

#[tokio::test(start_paused = true)]
async fn every_case_is_named() {
    let own = Ward::new(SPEC).await;
    let mut wrong = Vec::new();
    let mut table = String::new();
    for case in cases() {
        let other;
        let ward = if PUBLIC.contains(&case.name) {
            other = Ward::new(&spec_of(case)).await;
            &other
        } else {
            &own
        };
        assert!(ward.break_it(&[case]).await, "{}", case.name);
        let (seconds, named) = ward.until(&[case.names]).await;
        writeln!(table, "{:24} {} after {seconds:3} s", case.name, case.names).unwrap();
        if named.first() != Some(&case.names) {
            wrong.push(format!("{}: {} but {named:?}", case.name, case.names));
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Of two faults at once, one hides the other more often than not; whichever is named must be there.
#[tokio::test(start_paused = true)]
async fn of_two_faults_one_is_named() {
    let ward = Ward::new(SPEC).await;
    let all: Vec<&Case> = cases().filter(|case| !PUBLIC.contains(&case.name)).collect();
    // Every pair takes minutes; a stride that is no divisor of anything meets every case.
    let stride = if std::env::var_os("WHARF_ALL_PAIRS").is_some() { 1 } else { 23 };
    let (mut right, mut pairs, mut wrong) = (0_usize, 0_usize, Vec::new());
    let mut number = 0;
    for (at, one) in all.iter().enumerate() {
        for two in &all[at + 1..] {
            number += 1;
            if number % stride != 0 || one.names == two.names || !ward.break_it(&[one, two]).await {
                continue;
            }
            pairs += 1;
            // Long enough for a rollout to fail, however slow the fault.
            tokio::time::advance(Duration::from_secs(400)).await;
            let named = ward.codes().await;
            if named.first().is_some_and(|code| [one.names, two.names].contains(code)) {
                right += 1;
            } else {
                wrong.push(format!("{} and {}: {named:?}", one.name, two.name));
            }
        }
    }
    let precision = right * 100 / pairs;
    println!("{right} of {pairs} pairs: {precision} %\n{}", wrong.join("\n"));
    assert!(pairs > 1500 / stride, "{pairs}");
    assert!(precision >= PRECISION, "{right} of {pairs}:\n{}", wrong.join("\n"));
}

/// A text without what differs from run to run.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        // Whether tasks count as a loop by now, and how fast it is, depends on when one looks.
        if line.contains(LOOPING) {
            continue;
        }
        let words: Vec<String> = line.split(' ').map(word).collect();
        let line = words.join(" ");
        // How many tasks have failed by now depends on when one looks.
        let line =
            match line.split_once("= fact   ").and_then(|(_, rest)| rest.split_once(" stopped")) {
                Some((_, rest)) => format!("  = fact   N tasks stopped{rest}"),
                None => line,
            };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn word(word: &str) -> String {
    for (prefix, shown) in [("sg-", "sg-ID"), ("subnet-", "subnet-ID"), ("notes-", "notes-ID")] {
        let Some((before, after)) = word.split_once(prefix) else { continue };
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let digits = after[..end].bytes().any(|byte| byte.is_ascii_digit());
        if digits && !after[..end].is_empty() {
            return format!("{before}{shown}{}", &after[end..]);
        }
    }
    let hex = |part: &str| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = word
        .split_inclusive(['/', ':', ')', '(', '@', ','])
        .map(|part| {
            let bare = part.trim_end_matches(['/', ':', ')', '(', '@', ',']);
            if hex(bare) { "ID" } else { part }
        })
        .collect();
    parts.concat()
}

fn golden_file(name: &str) -> PathBuf {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/doctor");
    path.join(format!("{name}.txt"))
}

/// Whether there is nothing to wait for: the text is as it is known, or becomes what is known.
fn settled(name: &str, text: &str) -> bool {
    std::env::var_os("WHARF_BLESS").is_some()
        || std::fs::read_to_string(golden_file(name)).is_ok_and(|known| known == text)
}

fn golden(name: &str, text: &str) {
    let path = golden_file(name);
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "doctor/{name}.txt differs; bless it if this is right:\n{text}");
}

/// Compares what the doctor says of a job with what is known.
pub(crate) fn golden_of_job(name: &str, shown: &str) {
    golden(name, &plain(verdict(shown)));
}

/// What `apply` says of the step that failed.
pub(crate) fn golden_of_apply(name: &str, stderr: &str) {
    let failed = stderr.find("\nFAILED ").map_or(stderr, |at| &stderr[at + 1..]);
    let (failed, _) = failed.split_once("\n\n").unwrap_or((failed, ""));
    golden(name, &plain(failed));
}

/// From the primary cause on: the hops above it change while tasks come and go.
fn verdict(text: &str) -> &str {
    text.find("error[").map_or(text, |at| &text[at..])
}

#[test]
fn what_people_see_of_every_case() {
    let applied = World::new(SPEC);
    applied.apply();
    for case in cases() {
        let world = World::new(&spec_of(case));
        if PUBLIC.contains(&case.name) {
            world.apply();
        } else {
            // The same healthy service again, without waiting for it again.
            let to = world.path().join("sandbox");
            std::fs::create_dir_all(&to).unwrap();
            std::fs::copy(applied.path().join("sandbox/world.json"), to.join("world.json"))
                .unwrap();
        }
        let args = ["sandbox", "break", case.name, "--service", "web"];
        let now = case.is_of_images().then_some("--now");
        let args: Vec<&str> = args.into_iter().chain(now).collect();
        world.wharf(&args).expect(0);
        let wanted = format!("error[{}]", case.names);
        let mut shown = String::new();
        for _ in 0..200 {
            let run = world.wharf(&["doctor", "web"]);
            shown = run.stdout;
            if shown.contains(&wanted) {
                assert_eq!(run.code, 1, "{shown}");
                // Further causes show themselves a little later.
                if settled(case.name, &plain(verdict(&shown))) {
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(shown.contains(&wanted), "{}: {shown}", case.name);
        golden(case.name, &plain(verdict(&shown)));
    }
}

#[test]
fn a_crash_loop_says_what_it_pulls_through_the_nat_gateway() {
    let world = World::new(SPEC);
    world.apply();
    world.wharf(&["sandbox", "break", "crashes", "--service", "web", "--now"]).expect(0);
    let mut shown = String::new();
    for _ in 0..400 {
        shown = world.wharf(&["doctor", "web"]).stdout;
        if shown.contains(LOOPING) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let line =
        shown.lines().find(|line| line.contains(LOOPING)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line.contains("each pulls 31 MB"), "{line}");
    assert!(
        line.ends_with(" GB a day through the NAT gateway, which is billed by the gigabyte"),
        "{line}"
    );
}

#[test]
fn a_service_that_is_well() {
    let world = World::new(SPEC);
    let before = world.wharf(&["doctor"]).expect(1).stdout;
    assert!(
        before.contains("> container       BROKEN   C101: the image does not exist"),
        "{before}"
    );
    world.apply();
    let text = world.wharf(&["doctor"]).expect(0).stdout;
    golden("well", &plain(&text));
    let json = world.wharf(&["doctor", "web", "--format", "json"]).expect(0).json();
    assert_eq!(json["format"], "wharf.doctor/1");
    assert_eq!(json["services"][0]["well"], true);
    assert_eq!(json["services"][0]["hops"].as_array().unwrap().len(), 9);
    world.wharf(&["doctor", "nobody"]).expect(3);
    // Looking changes nothing.
    let contents = world.contents();
    world.wharf(&["doctor"]).expect(0);
    crate::world::same(&world.contents(), &contents);
}

#[test]
fn a_failed_rollout_names_cause_and_live_release() {
    let world = World::new(SPEC);
    world.apply();
    world.wharf(&["sandbox", "break", "wrong-path"]).expect(0);
    let run = world.wharf(&["apply", "--yes", "--image", "web=:v2"]).expect(5);
    for text in [
        "C401: the health check's path /health answers with status 404",
        "= fact   the balancer says: Health checks failed with these codes: [404]",
        "more: wharf explain C401",
        "release notes-web:1",
    ] {
        assert!(run.stderr.contains(text), "{text} in\n{}", run.stderr);
    }
    world.wharf(&["sandbox", "mend"]).expect(0);
    world.wharf(&["sandbox", "break", "crashes", "--now"]).expect(0);
    for _ in 0..200 {
        let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
        if status["services"][0]["causes"][0]["code"] == "C303" {
            let text = world.wharf(&["status"]).expect(0).stdout;
            if text.contains("C303 the container exited with code 1") {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("status never told the cause");
}

#[test]
fn a_refused_call_names_its_cause() {
    let world = World::new(SPEC);
    world.wharf(&["sandbox", "break", "pass-role-denied"]).expect(0);
    let run = world.wharf(&["apply", "--yes"]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("C805: whoever deploys may not hand roles"), "{}", run.stderr);
}

#[test]
fn a_quota_that_is_used_up_is_named_and_the_next_apply_goes_on() {
    let world = World::new(SPEC);
    world.wharf(&["sandbox", "break", "log-quota"]).expect(0);
    let run = world.wharf(&["apply", "--yes"]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("C616: a quota of the account is used up"), "{}", run.stderr);
    assert!(run.stderr.contains("Service Quotas"), "{}", run.stderr);
    world.wharf(&["sandbox", "mend"]).expect(0);
    world.apply();
    world.converged();
}

#[test]
fn an_image_that_nobody_pushed() {
    let world = World::new(SPEC);
    world.wharf(&["sandbox", "break", "image-missing"]).expect(0);
    world.wharf(&["apply", "--yes", "--wait-image", "1s"]).expect(12);
    let text = world.wharf(&["doctor"]).expect(1).stdout;
    golden("image-missing", &plain(verdict(&text)));
    assert!(text.contains("error[C101]"), "{text}");
}

/// What is above this line is written by hand.
const MARK: &str = "<!-- The rest is generated from the tables; `just bless` renews it. -->\n";

fn generated() -> String {
    let mut page = String::from(
        "\n## Three classics\n\nWhat `wharf doctor` says when a health check fails, a container exits, and a \
         security group is\nclosed, from the case of `wharf sandbox break` named above each.\n",
    );
    for case in ["wrong-path", "variable-missing", "out-of-memory", "sg-closed"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/doctor");
        let text = std::fs::read_to_string(path.join(format!("{case}.txt"))).unwrap();
        write!(page, "\n`{case}`:\n\n```text\n{text}```\n").unwrap();
    }
    page.push_str("\n## Causes\n\n| Code | Cause | What proves it |\n|---|---|---|\n");
    for code in wharf_doctor::codes() {
        writeln!(page, "| {} | {} | {} |", code.code, code.title, code.proof).unwrap();
    }
    page.push_str("\n## What can be broken in the sandbox\n\n| Case | What happens | Cause |\n|---|---|---|\n");
    for case in breaks::all() {
        writeln!(page, "| `{}` | {} | {} |", case.name, case.what, case.names).unwrap();
    }
    page
}

#[test]
fn the_page_lists_every_cause_and_every_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let present = std::fs::read_to_string(&path).unwrap();
    let (written, _) = present.split_once(MARK).expect("the page says where the tables begin");
    let wanted = format!("{written}{MARK}{}", generated());
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(present == wanted, "docs/doctor.md is stale; `just bless` renews it");
    }
    let explained: Value = World::new("").wharf(&["explain", "--format", "json"]).expect(0).json();
    let codes = explained["codes"].as_array().unwrap();
    for case in breaks::all() {
        assert!(codes.iter().any(|code| code["code"] == case.names), "{}", case.name);
    }
}
