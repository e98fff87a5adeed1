//! How long a plan says it takes, against how long it takes on the sandbox's clock.
//!
//! The run is put together in this process on a clock that only waits move, so that the figures are
//! the same on every machine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use wharf_apply::{Cancel, Verdict};
use wharf_aws::{Aws, Connect, Transport, Writer};
use wharf_graph::{Graph, Provider, Snapshot, StackId};
use wharf_plan::{ImpactKind, Plan};
use wharf_sandbox::{Options, Sandbox};

use crate::world::sample;

/// How far a prediction may be off, in percent of the time it took.
const TOLERANCE: u64 = 25;

struct Embedded(Sandbox);

impl Transport for Embedded {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let sandbox = self.0.clone();
        Box::pin(async move { Ok(sandbox.try_call(request).await?) })
    }
}

/// An account, and the spec applied to it last.
struct Account {
    sandbox: Sandbox,
    env: Option<&'static str>,
}

impl Account {
    fn new(env: Option<&'static str>) -> Self {
        Self { sandbox: Sandbox::in_memory(Options::default()), env }
    }

    /// Applies a spec, or destroys it, and holds the prediction against the clock.
    async fn run(&self, what: &str, text: &str, destroy: bool) -> Plan {
        let options = wharf_spec::Options {
            env: self.env.map(str::to_owned),
            tool_version: "0.1.0".to_owned(),
            ..wharf_spec::Options::default()
        };
        let parsed = wharf_spec::parse(text, "wharf.yaml", &options)
            .unwrap_or_else(|problems| panic!("{text}\n{}", problems.render(text, false)));
        let stack = parsed.stack;
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        let to = Connect {
            region: stack.region.clone(),
            transport: Some(Arc::new(Embedded(self.sandbox.clone()))),
            ..Connect::default()
        };
        let aws = Box::pin(Aws::connect(to)).await;
        let snapshot = Box::pin(wharf_aws::read(&aws, &stack)).await;
        let graph = if destroy { Graph::default() } else { graph(&stack, &snapshot) };
        let mut options = wharf_plan::Options::new(id.clone());
        options.destroy = destroy;
        let plan = wharf_plan::plan(&graph, &snapshot, &options).unwrap();
        let writer: Arc<dyn Provider> =
            Arc::new(Writer::new(aws.clone(), &stack, Duration::from_mins(10)));
        let now: wharf_apply::Clock = Arc::new(|| "2026-01-01T00:00:00Z".to_owned());
        let how = wharf_apply::Options::new(wharf_aws::kinds::policy, now);
        let silent: wharf_apply::Sink = Arc::new(drop);
        let before = self.sandbox.now();
        let report = wharf_apply::apply(&plan, writer, &how, &Cancel::new(), &silent).await;
        assert_eq!(report.verdict(), Verdict::Done, "{what}");
        let took = self.sandbox.now().since(before).as_secs();
        let said = plan.impact.seconds;
        assert!(
            said.abs_diff(took) * 100 <= took * TOLERANCE,
            "{what}: predicted {said} s, took {took} s ({})",
            plan.impact.sentence
        );
        plan
    }
}

fn graph(stack: &wharf_spec::Stack, snapshot: &Snapshot) -> Graph {
    assert!(snapshot.failures.is_empty(), "{:?}", snapshot.failures);
    let (nodes, problems) = wharf_aws::declare(stack, &snapshot.facts);
    assert!(problems.is_empty(), "{problems:?}");
    Graph::new(nodes).unwrap()
}

/// Runs on a clock of its own.
fn on_paper<F: Future<Output = ()>>(work: F) {
    fastrand::seed(7);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work);
}

/// One change of a spec, and what its plan says.
struct Edit {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    kind: ImpactKind,
    says: &'static str,
}

const EDITS: &[Edit] = &[
    Edit {
        what: "image",
        from: "tag: v1",
        to: "tag: v2",
        kind: ImpactKind::Rolling,
        says: "rolling restart of 1 task of service web, about 1 min 15 s, no downtime",
    },
    Edit {
        what: "port",
        from: "port: 3000",
        to: "port: 4000",
        kind: ImpactKind::Rolling,
        says: "new tasks of service web start beside the old ones, about 50 s, no downtime",
    },
    Edit {
        what: "more tasks",
        from: "    port: 4000",
        to: "    scale: 3\n    port: 4000",
        kind: ImpactKind::None,
        says: "service web grows from 1 to 3 tasks, about 35 s, no downtime",
    },
    Edit {
        what: "three at once",
        from: "tag: v2",
        to: "tag: v3",
        kind: ImpactKind::Rolling,
        says: "rolling restart of 3 tasks of service web, about 1 min 15 s, no downtime",
    },
    Edit {
        what: "settings of later rollouts",
        from: "    scale: 3\n",
        to: "    scale: 3\n    deploy: { min_healthy: 66, max_running: 100, drain: 90s }\n",
        kind: ImpactKind::None,
        says: "",
    },
    Edit {
        what: "one after another",
        from: "tag: v3",
        to: "tag: v4",
        kind: ImpactKind::Rolling,
        says: "rolling restart of 3 tasks of service web, about 2 min 50 s, no downtime",
    },
    Edit {
        what: "exec",
        from: "    scale: 3\n",
        to: "    exec: true\n    scale: 3\n",
        kind: ImpactKind::Rolling,
        says: "rolling restart of 3 tasks",
    },
    Edit {
        what: "variable",
        from: "    scale: 3\n",
        to: "    env: { A: b }\n    scale: 3\n",
        kind: ImpactKind::Rolling,
        says: "rolling restart of 3 tasks",
    },
    Edit {
        what: "the only task may be missing",
        from: "min_healthy: 66",
        to: "min_healthy: 0",
        kind: ImpactKind::None,
        says: "",
    },
    Edit {
        what: "fewer tasks",
        from: "    scale: 3\n",
        to: "    scale: 1\n",
        kind: ImpactKind::None,
        says: "service web shrinks from 3 to 1 task; those that go finish their requests first",
    },
    Edit {
        what: "and then is",
        from: "tag: v4",
        to: "tag: v5",
        kind: ImpactKind::Outage,
        says: "service web stops 1 task before any successor runs: no answer for about 35 s",
    },
    Edit {
        what: "HTTPS",
        from: "    scale: 1\n",
        to: "    scale: 1\n    domain: notes.example.com\n",
        kind: ImpactKind::None,
        says: "listener http redirects to HTTPS from now on",
    },
    Edit {
        what: "another balancer",
        from: "services:\n",
        to: "balancer: { scheme: internal }\nservices:\n",
        kind: ImpactKind::Outage,
        says: "load balancer main is deleted before its successor is made: no answer for about 3 min",
    },
    Edit {
        what: "nothing runs",
        from: "    scale: 1\n",
        to: "    scale: 0\n",
        kind: ImpactKind::Outage,
        says: "service web is scaled to no task and does not answer any more",
    },
];

#[test]
fn predictions_of_edits_hold() {
    on_paper(async {
        let account = Account::new(None);
        let mut text = sample("minimal");
        account.run("at first", &text, false).await;
        for edit in EDITS {
            assert_eq!(text.matches(edit.from).count(), 1, "{}: {text}", edit.what);
            text = text.replace(edit.from, edit.to);
            let plan = account.run(edit.what, &text, false).await;
            assert_eq!(plan.impact.kind, edit.kind, "{}: {:?}", edit.what, plan.impact);
            let sentence = &plan.impact.sentence;
            assert!(sentence.contains(edit.says), "{}: {sentence}", edit.what);
            assert!(!edit.says.is_empty() || sentence.is_empty(), "{}: {sentence}", edit.what);
        }
        account.run("destroy", &text, true).await;
    });
}

#[test]
fn predictions_of_strategies_hold() {
    for (deploy, says) in [
        (
            "deploy: { strategy: blue-green, bake: 2m }",
            "all requests move at once; the old ones stay for 2 min",
        ),
        (
            "deploy: { strategy: linear, step: 30%, interval: 1m, bake: 1m }",
            "requests move 30 % at a time, 1 min apart",
        ),
        (
            "deploy: { strategy: canary, interval: 3m, bake: 0s }",
            "5 % of the requests move first, the rest 3 min later",
        ),
    ] {
        on_paper(async {
            let account = Account::new(None);
            let text = sample("minimal");
            account.run("at first", &text, false).await;
            let text =
                text.replace("port: 3000", &format!("scale: 2\n    {deploy}\n    port: 3000"));
            account.run("more tasks and another strategy", &text, false).await;
            let text = text.replace("tag: v1", "tag: v2");
            let plan = account.run("image", &text, false).await;
            assert_eq!(plan.impact.kind, ImpactKind::Rolling);
            assert!(plan.impact.sentence.contains(says), "{}", plan.impact.sentence);
            let text = text.replace(&format!("{deploy}\n    "), "");
            account.run("back", &text, false).await;
            account.run("destroy", &text, true).await;
        });
    }
}

#[test]
fn predictions_of_samples_hold() {
    for (name, env) in [
        ("https", None),
        ("production", Some("staging")),
        ("production", Some("prod")),
        ("shop", None),
    ] {
        on_paper(async {
            let account = Account::new(env);
            let text = sample(name);
            account.run(name, &text, false).await;
            account.run("image", &text.replace("tag: v1", "tag: v2"), false).await;
            account.run("destroy", &text, true).await;
        });
    }
}

#[test]
fn the_setting_that_costs_most_is_named() {
    on_paper(async {
        let account = Account::new(None);
        let text = sample("minimal") + "    deploy: { drain: 150s }\n";
        account.run("at first", &text, false).await;
        let plan = account.run("image", &text.replace("tag: v1", "tag: v2"), false).await;
        let named = plan.impact.costliest.expect("draining costs most");
        assert_eq!((named.setting.as_str(), named.seconds), ("deploy.drain", 150));
    });
}
