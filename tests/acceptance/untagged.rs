//! An account in which the tagging API may not be used: everything of the stack is found all the same,
//! what the spec no longer names included.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use wharf_aws::{Aws, Connect, Transport};
use wharf_graph::Snapshot;
use wharf_sandbox::Sandbox;
use wharf_spec::Stack;

use crate::world::World;

/// Leads into a sandbox, but for the sweep over tags where that is denied.
struct Account {
    sandbox: Sandbox,
    tagging: bool,
}

impl Transport for Account {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let target = request.headers().get("x-amz-target").and_then(|it| it.to_str().ok());
        let denied = !self.tagging && target.is_some_and(|it| it.ends_with(".GetResources"));
        let sandbox = self.sandbox.clone();
        Box::pin(async move {
            if denied {
                let body = r#"{"__type":"AccessDeniedException","message":"not allowed"}"#;
                let response = http::Response::builder().status(400).body(Bytes::from(body));
                return response.map_err(std::io::Error::other);
            }
            Ok(sandbox.call(request).await)
        })
    }
}

fn read(world: &World, stack: &Stack, tagging: bool) -> Snapshot {
    let account = Account { sandbox: world.sandbox(), tagging };
    let connect = Connect {
        region: stack.region.clone(),
        transport: Some(Arc::new(account)),
        speed: 1000.0,
        ..Connect::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { wharf_aws::read(&Aws::connect(connect).await, stack).await })
}

fn found(snapshot: &Snapshot) -> BTreeSet<(String, String)> {
    snapshot.iter().map(|live| (live.address.to_string(), live.id.clone())).collect()
}

#[test]
fn without_the_tagging_api_nothing_is_overlooked() {
    let world = World::sample("shop");
    world.apply();
    let little = "version: 1\napp: shop\nregion: eu-west-1\nservices:\n  web:\n    image: { tag: v1 }\n    \
                  port: 3000\n    health: /\n";
    let options = wharf_spec::Options { tool_version: "0.1.0".to_owned(), ..Default::default() };
    for spec in [little, &world.spec()] {
        let stack = wharf_spec::parse(spec, "wharf.yaml", &options).unwrap().stack;
        let (with, without) = (read(&world, &stack, true), read(&world, &stack, false));
        assert_eq!((with.failures.len(), without.failures.len()), (0, 0));
        assert_eq!(found(&without), found(&with));
        for kind in [
            "certificate.",
            "target_group.api",
            "repository.main",
            "schedule.nightly-report",
            "dns_record.",
        ] {
            assert!(found(&without).iter().any(|(at, _)| at.starts_with(kind)), "{kind}");
        }
        assert!(without.foreign.is_empty());
    }
}
