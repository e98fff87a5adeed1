//! A sandbox that answers over HTTP from the test's own process, so that a test decides what becomes of
//! every call, and the binary that reaches it as it would reach AWS.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use wharf_sandbox::faults::{After, Before, Call, Interceptor};
use wharf_sandbox::{CallRecord, Options, Sandbox};

use crate::world::{Run, contents, sample};

/// Seconds that pass in the sandbox, and in the waits of the binary, while one passes here.
pub(crate) const PACE: f64 = 100.0;

/// Seconds a lease outlives a holder that died.
pub(crate) const TERM: u64 = 5;

/// Exit code of a run that somebody else's lease kept out.
pub(crate) const HELD: i32 = 8;

/// Where the samples' stacks stand.
const REGION: &str = "ap-southeast-2";

/// The longest that anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_mins(5);

/// How many runs may be under way at once: two cores would starve more of them, and a starved run
/// loses its lease.
static RUNS: Permits = Permits { free: Mutex::new(10), freed: Condvar::new() };

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
});

/// A served sandbox and a directory with a spec.
pub(crate) struct Served {
    pub(crate) sandbox: Sandbox,
    home: TempDir,
    url: String,
    pace: f64,
    _stop: oneshot::Sender<()>,
}

/// The same sandbox at another address, for a caller under policies.
pub(crate) struct Under {
    pub(crate) session: Sandbox,
    url: String,
    _stop: oneshot::Sender<()>,
}

/// How a run ended that was to be killed.
pub(crate) enum Ended {
    /// It was killed at this operation.
    Killed(String),
    /// It ended by itself.
    Done(Run),
}

impl Served {
    /// Serves an untouched sandbox for one of the samples.
    pub(crate) fn sample(name: &str) -> Self {
        Self::with(name, Options { speed: PACE, ..Options::default() })
    }

    /// Serves a sandbox that behaves as `options` say.
    pub(crate) fn with(name: &str, options: Options) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("wharf.yaml"), sample(name)).unwrap();
        let pace = options.speed;
        let sandbox = Sandbox::in_memory(options);
        // The region gets its seeds now, so that they are part of what was there before.
        sandbox.with_world(|world| {
            world.region(REGION);
        });
        let (url, stop) = serve(&sandbox);
        Self { sandbox, home, url, pace, _stop: stop }
    }

    /// Replaces one piece of the spec, which must be there exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.home.path().join("wharf.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Serves the same sandbox to a caller who may do only what these policies allow.
    pub(crate) fn under(&self, policies: &[Value]) -> Under {
        let session = self.sandbox.session_under(policies).unwrap();
        let (url, stop) = serve(&session);
        Under { session, url, _stop: stop }
    }

    /// Runs the binary as a caller under policies.
    pub(crate) fn wharf_under(&self, under: &Under, args: &[&str]) -> Run {
        let _permit = RUNS.take();
        let mut command = self.command(args, "ada");
        Run::of(command.env("AWS_ENDPOINT_URL", &under.url).output().unwrap(), args)
    }

    /// Prepares a run of the binary by somebody.
    pub(crate) fn command(&self, args: &[&str], user: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command
            .args(args)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", user)
            .env("HOSTNAME", "testbed")
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "x")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("WHARF_PACE", self.pace.to_string())
            .env("WHARF_LEASE_TERM", TERM.to_string())
            .stdin(Stdio::null());
        if args.first() == Some(&"apply") && !args.contains(&"--wait-image") {
            // Without a terminal nothing is waited for, and whether the image is there by the time it is
            // asked for would depend on how busy this machine is.
            command.args(["--wait-image", "10m"]);
        }
        command
    }

    /// Runs the binary.
    pub(crate) fn wharf(&self, args: &[&str]) -> Run {
        let _permit = RUNS.take();
        Run::of(self.command(args, "ada").output().unwrap(), args)
    }

    /// Runs the binary when no lease of a dead run is in its way any more.
    pub(crate) fn wharf_when_free(&self, args: &[&str]) -> Run {
        when_free(|| self.wharf(args))
    }

    /// Runs the binary and kills it at its n-th call that changes something, before the call is
    /// carried out, or when it has been and the answer is on its way.
    pub(crate) fn wharf_killed(&self, args: &[&str], at: u64, after: bool) -> Ended {
        let _permit = RUNS.take();
        let killer =
            Arc::new(Killer { at, after, child: Mutex::default(), killed: Mutex::default() });
        self.sandbox.intercept(killer.clone());
        {
            let mut child = killer.child.lock().unwrap();
            let out = std::fs::File::create(self.home.path().join("out")).unwrap();
            let err = std::fs::File::create(self.home.path().join("err")).unwrap();
            *child = Some(self.command(args, "ada").stdout(out).stderr(err).spawn().unwrap());
        }
        let status = loop {
            let ended = killer.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            if let Some(status) = ended {
                break status;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.sandbox.stop_intercepting();
        if let Some(operation) = killer.killed.lock().unwrap().take() {
            return Ended::Killed(operation);
        }
        let read = |name: &str| std::fs::read(self.home.path().join(name)).unwrap();
        let output = std::process::Output { status, stdout: read("out"), stderr: read("err") };
        Ended::Done(Run::of(output, args))
    }

    /// Checks that nothing is left to do.
    #[track_caller]
    pub(crate) fn converged(&self) {
        self.wharf(&["plan", "--detailed-exitcode"]).expect(0);
    }

    /// What there is, without what moves by itself.
    pub(crate) fn contents(&self) -> Value {
        contents(&self.sandbox)
    }
}

/// Serves a sandbox until the sender is dropped.
fn serve(sandbox: &Sandbox) -> (String, oneshot::Sender<()>) {
    let server =
        RUNTIME.block_on(sandbox.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
    let url = format!("http://{}", server.addr());
    let (stop, stopped) = oneshot::channel::<()>();
    RUNTIME.spawn(server.run(async {
        let _dropped = stopped.await;
    }));
    (url, stop)
}

/// Repeats a run until no lease of a dead one is in its way.
pub(crate) fn when_free(run: impl Fn() -> Run) -> Run {
    let start = Instant::now();
    loop {
        let run = run();
        if run.code != HELD || start.elapsed() > PATIENCE {
            return run;
        }
        let expires = expires_in(&run.stderr).unwrap_or(0);
        std::thread::sleep(Duration::from_millis(expires * 1000 + 200));
    }
}

/// Returns in how many seconds a lease expires that kept a run out, as the run says it.
pub(crate) fn expires_in(stderr: &str) -> Option<u64> {
    let (_, rest) = stderr.split_once("the lease expires in ")?;
    rest.split_once(" s")?.0.parse().ok()
}

/// A counting semaphore for threads.
struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

struct Permit(&'static Permits);

impl Permits {
    fn take(&'static self) -> Permit {
        let mut free = self.freed.wait_while(self.free.lock().unwrap(), |free| *free == 0).unwrap();
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap() += 1;
        self.0.freed.notify_one();
    }
}

/// Kills the binary at one call.
struct Killer {
    at: u64,
    after: bool,
    /// Locked while the child is being started, so that its first call waits.
    child: Mutex<Option<Child>>,
    killed: Mutex<Option<String>>,
}

impl Killer {
    fn kill(&self, call: &Call<'_>) -> bool {
        if call.mutating_index != Some(self.at) {
            return false;
        }
        let mut child = self.child.lock().unwrap();
        let child = child.as_mut().unwrap();
        // SIGKILL; once it is waited for, nothing of it runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        *self.killed.lock().unwrap() = Some(call.operation.to_owned());
        true
    }
}

impl Interceptor for Killer {
    fn before(&self, call: &Call<'_>) -> Before {
        if !self.after && self.kill(call) { Before::Reset } else { Before::Pass }
    }

    fn after(&self, call: &Call<'_>, _: &CallRecord) -> After {
        if self.after && self.kill(call) { After::Lose } else { After::Deliver }
    }
}

/// Counts what there is: things of every kind, and objects by the address they are tagged with.
pub(crate) fn census(contents: &Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let places = contents["regions"].as_object().into_iter().flatten();
    for (place, services) in places.chain([(&"global".to_owned(), &contents["global"])]) {
        for (service, kinds) in services.as_object().into_iter().flatten() {
            for (kind, things) in kinds.as_object().into_iter().flatten() {
                let things = things.as_object().into_iter().flatten();
                let prefix = format!("{place} {service} {kind}");
                for (_, thing) in things {
                    *found.entry(prefix.clone()).or_default() += 1;
                    tagged(&prefix, thing, &mut found);
                }
            }
        }
    }
    found
}

fn tagged(prefix: &str, value: &Value, found: &mut BTreeMap<String, usize>) {
    match value {
        Value::Object(map) => {
            if let Some(address) = value["tags"]["wharf:resource"].as_str() {
                *found.entry(format!("{prefix} {address}")).or_default() += 1;
            }
            // Zones hold their records, repositories their images.
            for (key, value) in map {
                if let ("records" | "images" | "inline" | "certificates", Value::Object(held)) =
                    (key.as_str(), value)
                {
                    *found.entry(format!("{prefix} {key}")).or_default() += held.len();
                }
                tagged(prefix, value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tagged(prefix, item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fails with the counts that differ.
#[track_caller]
pub(crate) fn same_census(after: &BTreeMap<String, usize>, wanted: &BTreeMap<String, usize>) {
    let differ: Vec<String> = after
        .keys()
        .chain(wanted.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .filter(|key| after.get(*key) != wanted.get(*key))
        .map(|key| format!("{key}: {:?}, should be {:?}", after.get(key), wanted.get(key)))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// How many lives are led at once; most of their time they wait for a lease to expire.
const LIVES: usize = 24;

/// After so many failures the rest would only repeat them.
const ENOUGH: usize = 10;

/// Numbers points from 1 and tries them in several threads, until `point` says there are no more;
/// returns how many there were. Fails with every point that failed.
pub(crate) fn every_point(point: impl Fn(u64) -> bool + Sync) -> u64 {
    let (next, end) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    let failed = Mutex::new(Vec::new());
    let try_points = || loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= end.load(Ordering::Relaxed) || failed.lock().unwrap().len() >= ENOUGH {
            break;
        }
        match std::panic::catch_unwind(AssertUnwindSafe(|| point(n))) {
            Ok(true) => {}
            Ok(false) => {
                end.fetch_min(n, Ordering::Relaxed);
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map_or("", String::as_str);
                failed.lock().unwrap().push(format!("point {n}: {text}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..LIVES {
            scope.spawn(try_points);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} points failed:\n{}", failed.len(), failed.join("\n"));
    end.into_inner() - 1
}
