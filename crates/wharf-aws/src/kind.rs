//! The shape of a resource kind: typed inside, erased once for the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Foreign, Live, Outcome, Policy, StackId, StepContext,
};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;
use crate::reads::Reads;
use crate::tags::{self, Tags};

/// One kind of resource. Everything about it is in the one file that implements this.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Managed properties, one struct for desired and live alike. Lists whose order AWS does not
    /// keep are sets; ARNs, DNS names and statuses are outputs and not in here.
    type Props: Serialize + DeserializeOwned + Send + Sync;

    /// What the planner must know.
    const POLICY: Policy;

    /// Declares the kind's resources of a stack, every default filled in. Pure.
    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare);

    /// Returns props in which every field has a value, for the tests that walk the registry.
    fn example() -> Self::Props;

    /// Reads what exists: the stack's own objects, and foreign ones under names it needs.
    fn read(cx: &Reads) -> impl Future<Output = Result<Vec<Found<Self::Props>>, AwsError>> + Send;

    /// Creates an object and waits until others can use it. One of ours that is there already is success.
    fn create(
        cx: &Write<'_>,
        want: Self::Props,
    ) -> impl Future<Output = Result<Outcome, AwsError>> + Send;

    /// Changes an object in place, and renews its owner tags where it has any.
    fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Self::Props,
        changed: &Changed<'_>,
    ) -> impl Future<Output = Result<Outcome, AwsError>> + Send;

    /// Deletes an object and waits until its name and place are free. Absence is success.
    fn delete(cx: &Write<'_>, live: &Live) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// What a kind found in the account.
pub(crate) enum Found<P> {
    /// An object of the stack's.
    Ours(Owned<P>),
    /// Somebody else's, under a name the stack needs.
    Foreign(Foreign),
}

/// An object of the stack's, typed.
pub(crate) struct Owned<P> {
    /// Name part of its address.
    pub(crate) name: String,
    /// AWS's identity for it.
    pub(crate) id: String,
    /// Canonical managed properties.
    pub(crate) props: P,
    /// What AWS assigned.
    pub(crate) outputs: BTreeMap<String, String>,
    /// The tag `wharf:spec`.
    pub(crate) applied: Option<String>,
    /// Whether it is on its way out.
    pub(crate) leaving: bool,
}

/// Where a release comes from: who applied which commit. Kept as tags of what the apply registers, and
/// never compared: the same release applied by somebody else is no change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The commit of the spec's directory; with ` dirty` behind it when files differed.
    pub commit: Option<String>,
    /// Who applied it.
    pub by: Option<String>,
}

impl Origin {
    /// Adds what is known to the tags of an object.
    pub(crate) fn onto(&self, mut tags: Tags) -> Tags {
        let both = [(tags::COMMIT, &self.commit), (tags::BY, &self.by)];
        for (key, known) in both {
            tags.extend(known.iter().map(|text| (key.to_owned(), tags::value(text))));
        }
        tags
    }
}

/// What a step works with.
pub(crate) struct Write<'a> {
    /// The clients.
    pub(crate) aws: &'a Aws,
    /// Budget, notes and token of the step.
    pub(crate) step: &'a StepContext,
    /// The stack the object belongs to.
    pub(crate) stack: &'a StackId,
    /// Name of the cluster its tasks run in.
    pub(crate) cluster: &'a str,
    /// The address it is made for.
    pub(crate) address: &'a Address,
    /// Hash for the tag `wharf:spec`.
    pub(crate) spec_hash: &'a str,
    /// Where a release that is made comes from.
    pub(crate) origin: &'a Origin,
    /// Services that were called otherwise before.
    pub(crate) homes: &'a Homes,
    /// What else the groups say of the stack: what it is made like, and until when it is wanted.
    pub(crate) marks: &'a Tags,
    /// How long to wait for something only a person can provide: an image, a DNS record.
    pub(crate) patience: std::time::Duration,
}

/// What services are called for things that cannot be renamed, where that is not their name.
pub(crate) type Homes = BTreeMap<String, String>;

/// Returns what services were called before.
pub(crate) fn homes(stack: &Stack) -> Homes {
    let renamed = |service: &wharf_spec::stack::Service| {
        service.renamed_from.clone().map(|before| (service.name.clone(), before))
    };
    stack.services.values().filter_map(renamed).collect()
}

impl Write<'_> {
    /// Returns the clusters in which services of the stack can be: the one they are to run in, and the stack's
    /// own.
    pub(crate) fn clusters(&self) -> BTreeSet<String> {
        BTreeSet::from([self.cluster.to_owned(), names::own_cluster(self.stack)])
    }

    /// Returns the name that a service's log group goes by.
    pub(crate) fn home<'s>(&'s self, service: &'s str) -> &'s str {
        self.homes.get(service).map_or(service, String::as_str)
    }

    /// Builds the complete tags of the object: `own` from its props, and wharf's.
    pub(crate) fn tags(&self, own: &Tags) -> Tags {
        tags::full(self.stack, self.address, self.spec_hash, own)
    }
}

/// The top-level and nested paths that differ.
pub(crate) struct Changed<'a>(pub(crate) &'a [String]);

impl Changed<'_> {
    /// Says whether `prop`, or anything below it, differs.
    pub(crate) fn has(&self, prop: &str) -> bool {
        self.0.iter().any(|path| {
            path.strip_prefix(prop).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Says whether any of `props` differs.
    pub(crate) fn any(&self, props: &[&str]) -> bool {
        props.iter().any(|prop| self.has(prop))
    }
}

/// What reading one kind gave, with types erased.
pub(crate) struct Erased {
    pub(crate) live: Vec<Live>,
    pub(crate) foreign: Vec<Foreign>,
}

/// A [`Kind`] whose props are plain JSON values, so that all kinds fit one registry.
pub(crate) trait AnyKind: Send + Sync {
    fn policy(&self) -> &'static Policy;
    fn declare(&self, stack: &Stack, facts: &Facts, out: &mut Declare);
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests walk the examples"))]
    fn example(&self) -> Value;
    /// Passes props through the typed form; equal to the input if nothing is lost on the way.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests walk the examples"))]
    fn round_trip(&self, props: &Value) -> Result<Value, serde_json::Error>;
    fn read<'a>(&'a self, cx: &'a Reads) -> BoxFuture<'a, Result<Erased, AwsError>>;
    fn create<'a>(
        &'a self,
        cx: &'a Write<'a>,
        props: &'a Value,
    ) -> BoxFuture<'a, Result<Outcome, AwsError>>;
    fn update<'a>(
        &'a self,
        cx: &'a Write<'a>,
        live: &'a Live,
        props: &'a Value,
        changed: &'a [String],
    ) -> BoxFuture<'a, Result<Outcome, AwsError>>;
    fn delete<'a>(
        &'a self,
        cx: &'a Write<'a>,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), AwsError>>;
}

/// Erases the types of one kind.
pub(crate) struct Of<K>(PhantomData<fn() -> K>);

impl<K> Of<K> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K: Kind> AnyKind for Of<K> {
    fn policy(&self) -> &'static Policy {
        const { &K::POLICY }
    }

    fn declare(&self, stack: &Stack, facts: &Facts, out: &mut Declare) {
        K::declare(stack, facts, out);
    }

    fn example(&self) -> Value {
        serde_json::to_value(K::example()).unwrap_or_default()
    }

    fn round_trip(&self, props: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<K::Props>(props.clone())?)
    }

    fn read<'a>(&'a self, cx: &'a Reads) -> BoxFuture<'a, Result<Erased, AwsError>> {
        Box::pin(async move {
            let mut erased = Erased { live: Vec::new(), foreign: Vec::new() };
            for found in K::read(cx).await? {
                match found {
                    Found::Foreign(foreign) => erased.foreign.push(foreign),
                    Found::Ours(owned) => {
                        let Owned { name, id, props, outputs, applied, leaving } = owned;
                        erased.live.push(Live {
                            address: Address::new(K::POLICY.kind, name),
                            id,
                            props: serde_json::to_value(props).map_err(|error| seam(&error))?,
                            outputs,
                            applied,
                            policy: self.policy(),
                            leaving,
                        });
                    }
                }
            }
            Ok(erased)
        })
    }

    fn create<'a>(
        &'a self,
        cx: &'a Write<'a>,
        props: &'a Value,
    ) -> BoxFuture<'a, Result<Outcome, AwsError>> {
        Box::pin(async move { K::create(cx, typed::<K>(props)?).await })
    }

    fn update<'a>(
        &'a self,
        cx: &'a Write<'a>,
        live: &'a Live,
        props: &'a Value,
        changed: &'a [String],
    ) -> BoxFuture<'a, Result<Outcome, AwsError>> {
        Box::pin(async move { K::update(cx, live, typed::<K>(props)?, &Changed(changed)).await })
    }

    fn delete<'a>(
        &'a self,
        cx: &'a Write<'a>,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(K::delete(cx, live))
    }
}

fn typed<K: Kind>(props: &Value) -> Result<K::Props, AwsError> {
    serde_json::from_value(props.clone()).map_err(|error| seam(&error))
}

/// Props that do not fit their own struct can only come from a bug or from an edited plan file.
fn seam(error: &serde_json::Error) -> AwsError {
    let message =
        format!("the properties do not have the form this version of wharf knows: {error}");
    AwsError::own(ErrorClass::Other, message)
}
