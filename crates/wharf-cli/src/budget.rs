//! How long each step may take, where the spec says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use wharf_graph::{Address, Failure, Live, Outcome, Provider, StepContext};
use wharf_spec::Stack;

/// Hands each service's `deploy.timeout` to the step that rolls it out.
pub(crate) struct Budgeted {
    inner: Arc<dyn Provider>,
    rollouts: BTreeMap<Address, Duration>,
}

impl Budgeted {
    pub(crate) fn new(inner: Arc<dyn Provider>, stack: &Stack) -> Self {
        let rollouts = stack
            .services
            .values()
            .map(|service| {
                let limit = Duration::from_secs(service.deploy.timeout.into());
                (Address::new("service", &service.name), limit)
            })
            .collect();
        Self { inner, rollouts }
    }

    fn limit(&self, cx: &StepContext, address: &Address) -> StepContext {
        let mut cx = cx.clone();
        if let Some(limit) = self.rollouts.get(address) {
            cx.budget = cx.budget.min(*limit);
        }
        cx
    }
}

impl Provider for Budgeted {
    fn create<'a>(
        &'a self,
        cx: &'a StepContext,
        address: &'a Address,
        props: &'a Value,
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let cx = self.limit(cx, address);
            self.inner.create(&cx, address, props, spec_hash).await
        })
    }

    fn update<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
        props: &'a Value,
        changed: &'a [String],
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let cx = self.limit(cx, &live.address);
            self.inner.update(&cx, live, props, changed, spec_hash).await
        })
    }

    fn delete<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        // Draining is bound by the drain delay and stop timeout, not by the rollout's own limit.
        self.inner.delete(cx, live)
    }
}
