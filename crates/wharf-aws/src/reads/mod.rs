//! A memo of reads: each describe call is made once and awaited by every kind that needs it.
//!
//! The depth of dependent calls falls out of what each read awaits. Everything that can be asked for
//! by name is asked for at once; see each submodule for what has to wait.

pub(crate) mod acm;
mod alarms;
pub(crate) mod autoscaling;
mod direct;
pub(crate) mod ec2;
pub(crate) mod ecr;
pub(crate) mod ecs;
pub(crate) mod egress;
pub(crate) mod elb;
mod facts;
mod guests;
pub(crate) mod iam;
pub(crate) mod images;
pub(crate) mod logs;
pub(crate) mod route53;
pub(crate) mod scheduler;
mod secrets;
pub(crate) mod shared;
mod sts;
mod tagging;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::OnceCell;
use wharf_graph::{Address, StackId};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::delegation::Resolver;
use crate::error::AwsError;
use crate::tags::{self, Tags};

/// A value that was read, and how many dependent calls it took.
#[derive(Clone, Debug)]
pub(crate) struct Got<T> {
    pub(crate) value: T,
    /// Length of the chain of calls behind the value.
    pub(crate) round: u32,
}

/// A read made at most once.
pub(crate) struct Memo<T>(OnceCell<Result<Arc<Got<T>>, AwsError>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Memo<T> {
    /// Returns the value, reading it with `read` unless that has been done or is under way.
    pub(crate) async fn get<F>(&self, read: impl FnOnce() -> F) -> Result<Arc<Got<T>>, AwsError>
    where
        F: Future<Output = Result<Got<T>, AwsError>>,
    {
        // Boxed, so that a read that waits for a read that waits for a read stays small.
        self.0.get_or_init(async || Box::pin(read()).await.map(Arc::new)).await.clone()
    }
}

/// Everything read of one account for one stack. It has no way to write.
pub(crate) struct Reads {
    pub(crate) aws: Aws,
    /// The stack as the spec describes it; its names are what is asked for.
    pub(crate) stack: Arc<Stack>,
    pub(crate) id: StackId,
    rounds: AtomicU32,
    /// Objects to be read as if they carried the stack's tags, by ARN or id.
    claims: BTreeMap<String, Address>,
    pub(crate) memos: Memos,
}

/// One memo for each read that several kinds share. Each submodule fills its own.
#[derive(Default)]
pub(crate) struct Memos {
    acm: acm::Memos,
    autoscaling: autoscaling::Memos,
    ec2: ec2::Memos,
    ecr: ecr::Memos,
    ecs: ecs::Memos,
    elb: elb::Memos,
    iam: iam::Memos,
    images: images::Memos,
    logs: logs::Memos,
    route53: route53::Memos,
    scheduler: scheduler::Memos,
    secrets: secrets::Memos,
    shared: shared::Memos,
    sts: sts::Memos,
    tagging: tagging::Memos,
}

impl Reads {
    pub(crate) fn new(aws: Aws, stack: Arc<Stack>) -> Self {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        let claims = BTreeMap::new();
        Self { aws, stack, id, rounds: AtomicU32::new(0), claims, memos: Memos::default() }
    }

    /// Reads these objects as if they carried the stack's tags: what taking them over would lead to.
    pub(crate) fn claiming(mut self, claims: BTreeMap<String, Address>) -> Self {
        self.claims = claims;
        self
    }

    /// Returns the tags of an object, with the stack's where it is to be taken over.
    pub(crate) fn with_claim(&self, id: &str, mut tags: Tags) -> Tags {
        if let Some(address) = self.claims.get(id) {
            tags.extend(tags::claim(&self.id, address));
        }
        tags
    }

    /// Returns whom to ask about the delegation of zones.
    pub(crate) fn resolver(&self) -> &Resolver {
        &self.aws.resolver
    }

    /// Says whether an object is to be taken over.
    pub(crate) fn claims(&self, id: &str) -> bool {
        self.claims.contains_key(id)
    }

    /// Makes one read call that had to wait for `after` earlier ones.
    pub(crate) async fn call<T, E, F>(
        &self,
        after: u32,
        operation: &str,
        make: impl Fn(&Aws) -> F,
    ) -> Result<Got<T>, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let round = after + 1;
        self.rounds.fetch_max(round, Ordering::Relaxed);
        let value = Box::pin(self.aws.caller.call(operation, || make(&self.aws))).await?;
        Ok(Got { value, round })
    }

    /// Says whether calls go to an endpoint other than AWS's: an emulator, most likely.
    pub(crate) fn custom_endpoint(&self) -> bool {
        self.aws.custom_endpoint
    }

    /// Returns the longest chain of dependent calls so far.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.load(Ordering::Relaxed)
    }
}
