//! What a change of a spec means, without an account: both sides are declared in the same made-up
//! surroundings, and the planner compares them as it compares a spec with what exists.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::input::{references, resolve_known};
use wharf_graph::{Address, Graph, Live, Snapshot, StackId};
use wharf_plan::{Plan, Refusal};
use wharf_spec::Stack;

use crate::error::CliError;
use crate::exit::Exit;
use crate::session;

/// A change of a spec, environment by environment.
#[derive(Debug)]
pub(crate) struct Review {
    /// What is compared, in words.
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) app: String,
    pub(crate) environments: Vec<Environment>,
}

/// What changes in one environment.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) env: Option<String>,
    /// The steps from the old meaning to the new one.
    pub(crate) plan: Plan,
    /// What else there is to say, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Review {
    /// Says whether anything differs.
    pub(crate) fn differs(&self) -> bool {
        self.environments.iter().any(|one| !one.plan.is_empty() || !one.notes.is_empty())
    }
}

/// Declares a stack without an account.
pub(crate) fn offline(stack: &Stack) -> Result<Graph, CliError> {
    let (nodes, problems) = wharf_aws::declare(stack, &wharf_aws::offline::facts(stack));
    if !problems.is_empty() {
        return Err(session::lacking(problems, "the spec cannot be applied in any account"));
    }
    Graph::new(nodes).map_err(|error| CliError::from_error(Exit::Other, &error))
}

/// Compares what two specs mean in one environment; `None` is a spec without that environment.
pub(crate) fn compare(
    old: Option<&Stack>,
    new: Option<&Stack>,
    only: &[Address],
) -> Result<Environment, CliError> {
    let stack =
        new.or(old).ok_or_else(|| CliError::new(Exit::Other, "there is nothing to compare"))?;
    let mut notes = Vec::new();
    let mut before = old.map(offline).transpose()?.unwrap_or_default();
    let after = new.map(offline).transpose()?.unwrap_or_default();
    if let (Some(old), Some(new)) = (old, new)
        && let Some(note) = elsewhere(old, new)
    {
        notes.push(note);
        before = Graph::default();
    }
    let snapshot = pretend(&before, &after, stack);
    let mut options =
        wharf_plan::Options::new(StackId { app: stack.app.clone(), env: stack.env.clone() });
    options.inputs.env.clone_from(&stack.env);
    options.destroy = new.is_none();
    options.only = (!only.is_empty()).then(|| only.to_vec());
    options.protect.clone_from(&stack.protect);
    options.renamed = stack.renamed();
    let plan = match wharf_plan::plan(&after, &snapshot, &options) {
        Err(Refusal::Protected(kept)) => {
            for one in kept {
                let verb = if one.replaced { "replaced" } else { "deleted" };
                let what = format!("apply refuses: {} would be {verb}", one.address);
                notes.push(format!("{what}, and `{}` is protected", one.by));
            }
            options.protect = BTreeSet::new();
            wharf_plan::plan(&after, &snapshot, &options)
        }
        other => other,
    };
    let mut plan = plan?;
    plan.steps.iter_mut().for_each(hide_placeholders);
    Ok(Environment { env: stack.env.clone(), plan, notes })
}

/// Says when a spec now means another stack, of which nothing exists yet.
fn elsewhere(old: &Stack, new: &Stack) -> Option<String> {
    let place = |stack: &Stack| {
        let account = stack.account.as_ref().map(|id| format!(" of account {id}"));
        format!("{} in {}{}", stack.name(), stack.region, account.unwrap_or_default())
    };
    let same = old.name() == new.name() && old.region == new.region;
    let account = match (&old.account, &new.account) {
        (Some(old), Some(new)) => old == new,
        _ => true,
    };
    (!same || !account).then(|| {
        format!(
            "this is another stack, {} instead of {}: everything is made anew, and the old one stays \
             until it is destroyed with its own spec",
            place(new),
            place(old)
        )
    })
}

/// Makes an account in which the old spec was applied. Outputs are called what they are.
fn pretend(old: &Graph, new: &Graph, stack: &Stack) -> Snapshot {
    let mut outputs: BTreeMap<Address, BTreeMap<String, String>> = BTreeMap::new();
    for node in old.iter().chain(new.iter()) {
        for reference in references(&node.props) {
            let value = reference.to_string();
            outputs.entry(reference.of).or_default().insert(reference.output, value);
        }
    }
    for node in old.iter() {
        outputs.entry(node.address.clone()).or_default().extend(node.known_outputs.clone());
    }
    let mut snapshot = Snapshot { facts: wharf_aws::offline::facts(stack), ..Snapshot::default() };
    for node in old.iter() {
        let known = |reference: &wharf_graph::OutputRef| {
            outputs.get(&reference.of)?.get(&reference.output).cloned()
        };
        snapshot.insert(Live {
            address: node.address.clone(),
            // The bar marks an id that nobody needs to see.
            id: format!("spec|{}", node.address),
            props: resolve_known(&node.props, &known),
            outputs: outputs.get(&node.address).cloned().unwrap_or_default(),
            applied: Some(node.hash()),
            policy: node.policy,
            leaving: false,
        });
    }
    snapshot
}

/// Takes out what was made up: digests, names with a hash of the surroundings, words about them.
fn hide_placeholders(step: &mut wharf_plan::Step) {
    step.note = None;
    let several = step.changes.len() > 1;
    let kind = step.address.kind().to_owned();
    step.changes.retain(|change| match (kind.as_str(), change.path.as_str()) {
        ("image", "digest") => false,
        ("target_group" | "service", "name") => !several,
        _ => true,
    });
}
