//! Carries out single steps against AWS: the provider behind an apply.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use wharf_graph::{Address, ErrorClass, Failure, Live, Outcome, Provider, StackId, StepContext};

use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kind::{AnyKind, Homes, Origin, Write, homes};
use crate::tags::Tags;
use crate::{kinds, names};

/// Creates, changes and deletes the objects of one stack.
#[derive(Debug)]
pub struct Writer {
    aws: Aws,
    stack: StackId,
    cluster: String,
    patience: Duration,
    origin: Origin,
    homes: Homes,
    marks: Tags,
}

impl Writer {
    /// Builds a writer for `stack`. `patience` is how long a step waits for something only a person
    /// can provide (an image, a DNS record); zero means not at all.
    pub fn new(aws: Aws, stack: &Stack, patience: Duration) -> Self {
        Self {
            aws,
            stack: StackId { app: stack.app.clone(), env: stack.env.clone() },
            cluster: names::cluster(stack),
            patience,
            origin: Origin::default(),
            homes: homes(stack),
            marks: Tags::new(),
        }
    }

    /// The same, noting on releases where they come from.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The same, with what the stack's security groups say of it besides ([`crate::previews`]).
    #[must_use]
    pub fn marked(self, marks: Tags) -> Self {
        Self { marks, ..self }
    }

    fn context<'a>(
        &'a self,
        step: &'a StepContext,
        address: &'a Address,
        spec_hash: &'a str,
    ) -> Write<'a> {
        Write {
            aws: &self.aws,
            step,
            stack: &self.stack,
            cluster: &self.cluster,
            address,
            spec_hash,
            origin: &self.origin,
            homes: &self.homes,
            marks: &self.marks,
            patience: self.patience,
        }
    }
}

fn kind(address: &Address) -> Result<&'static dyn AnyKind, AwsError> {
    kinds::find(address.kind()).ok_or_else(|| {
        let message = format!("{address} is of a kind this version of wharf does not know");
        AwsError::own(ErrorClass::Other, message)
    })
}

impl Provider for Writer {
    fn create<'a>(
        &'a self,
        cx: &'a StepContext,
        address: &'a Address,
        props: &'a Value,
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let cx = self.context(cx, address, spec_hash);
            Ok(kind(address)?.create(&cx, props).await?)
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
            let cx = self.context(cx, &live.address, spec_hash);
            Ok(kind(&live.address)?.update(&cx, live, props, changed).await?)
        })
    }

    fn delete<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let cx = self.context(cx, &live.address, "");
            Ok(kind(&live.address)?.delete(&cx, live).await?)
        })
    }
}
