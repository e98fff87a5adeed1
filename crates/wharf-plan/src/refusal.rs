//! Why there is no plan.

use wharf_graph::{Address, Foreign, GraphError, ReadFailure};

/// Why there is no plan.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// Part of the account could not be read; what it would have shown is unknown, never absent.
    #[error("the account could not be read completely: {}", failures(.0))]
    Partial(Vec<ReadFailure>),
    /// Objects of somebody else stand under names that the stack needs.
    #[error("objects that are not this stack's stand in the way: {}", foreign(.0))]
    Foreign(Vec<Foreign>),
    /// The spec protects what would be deleted.
    #[error("the spec protects what this would delete: {}", protected(.0))]
    Protected(Vec<Protected>),
    /// Others depend on what would be deleted.
    #[error("others depend on what this would delete: {}", guests(.0))]
    Guests(Vec<Depends>),
    /// Some of it takes two applies.
    #[error("this takes two applies: {}", two_applies(.0))]
    TwoApplies(Vec<TwoApplies>),
    /// The plan was restricted to resources that do not exist.
    #[error("neither the spec nor the account has {}", names(.0))]
    NoSuchAddress(Vec<Address>),
    /// The desired resources do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Steps wait for each other, which the rules of ordering should make impossible.
    #[error("these steps wait for each other: {}; this is a bug in wharf", .0.join(", "))]
    Bug(Vec<String>),
}

impl Refusal {
    /// Returns what can be done about it, a line each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Partial(_) => {
                vec!["nothing was planned, since what was not read may exist; run again".to_owned()]
            }
            Self::Foreign(found) => found
                .iter()
                .map(|one| {
                    format!(
                        "{}: delete or rename `{}`, or let the stack take it over with `wharf adopt`",
                        one.address, one.id
                    )
                })
                .collect(),
            Self::Protected(found) => found
                .iter()
                .map(|one| format!("{}: take `{}` off `protect` to allow it", one.address, one.by))
                .collect(),
            Self::Guests(found) => found
                .iter()
                .map(|one| {
                    format!("{}: it can go when nobody depends on it any more; whose they are is said above", one.address)
                })
                .collect(),
            Self::TwoApplies(found) => {
                found.iter().map(|one| format!("{}: {}", one.address, one.first)).collect()
            }
            Self::NoSuchAddress(_) => {
                vec!["addresses look like `service.api`; `wharf plan --full` lists them".to_owned()]
            }
            Self::Graph(_) | Self::Bug(_) => Vec::new(),
        }
    }
}

/// An object that would be deleted although the spec protects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// Its resource.
    pub address: Address,
    /// AWS's own identity for it.
    pub id: String,
    /// The word in the spec that protects it.
    pub by: String,
    /// Whether it would be replaced rather than just deleted.
    pub replaced: bool,
}

/// An object that would be deleted although others depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depends {
    /// Its resource.
    pub address: Address,
    /// What depends on it, and whose that is.
    pub who: Vec<String>,
}

/// A change that would leave a gap unless something else is changed first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoApplies {
    /// Its resource.
    pub address: Address,
    /// Why not.
    pub why: &'static str,
    /// What to do first.
    pub first: &'static str,
    /// What differs.
    pub paths: Vec<String>,
}

fn two_applies(list: &[TwoApplies]) -> String {
    join(
        list.iter().map(|one| {
            format!("{} changes in {}, and {}", one.address, one.paths.join(", "), one.why)
        }),
    )
}

fn failures(list: &[ReadFailure]) -> String {
    join(list.iter().map(|one| format!("{} ({}: {})", one.kind, one.operation, one.message)))
}

fn foreign(list: &[Foreign]) -> String {
    join(list.iter().map(|one| format!("{} `{}` ({})", one.address, one.id, one.owner)))
}

fn protected(list: &[Protected]) -> String {
    join(list.iter().map(|one| {
        let verb = if one.replaced { "replaced" } else { "deleted" };
        format!("{} (`{}`) would be {verb}", one.address, one.id)
    }))
}

fn guests(list: &[Depends]) -> String {
    join(list.iter().map(|one| format!("{} ({})", one.address, one.who.join("; "))))
}

fn names(list: &[Address]) -> String {
    join(list.iter().map(ToString::to_string))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
