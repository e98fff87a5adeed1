//! The table of cases.

use super::{
    application, balancer, capacity, destroy, jobs, network, permissions, place::Place, secrets,
};
use crate::{image::App, world::World};

/// One thing that can be broken.
#[derive(Debug)]
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub what: &'static str,
    /// What AWS then says, in one line.
    pub symptom: &'static str,
    /// The code of the cause that a diagnosis must name.
    pub names: &'static str,
    /// What is done.
    pub deed: Deed,
    /// Whether the tasks of the service are replaced afterwards, as AWS does from time to time, so
    /// that it shows.
    pub replaces: bool,
}

/// What a case does.
#[derive(Clone, Copy)]
pub enum Deed {
    /// Changes the images that are pushed from now on.
    Image(fn(&mut Pushed)),
    /// Lets AWS refuse something from now on.
    Condition(Condition),
    /// Changes what is in the account. The error says what it would have needed.
    Edit(fn(&mut World, &Place) -> Result<(), String>),
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Image(_) => "Image",
            Self::Condition(_) => "Condition",
            Self::Edit(_) => "Edit",
        })
    }
}

/// An image on its way into a repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// What the application inside does.
    pub app: App,
    /// The CPU architectures it is built for, in OCI's words.
    pub platforms: Vec<String>,
}

/// What AWS refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nobody pushes images.
    NobodyPushes,
    /// Public registries want a login.
    RegistryPrivate,
    /// Public registries hand out no more for today.
    RegistryLimit,
    /// Network interfaces do not come.
    InterfaceSlow,
    /// Disks do not come.
    StorageSlow,
    /// Containers do not come up in time.
    RuntimeSlow,
    /// The container runtime fails.
    RuntimeBroken,
    /// Spare capacity is taken back.
    SpotReclaimed,
    /// Tasks are not placed, in ECS's words.
    NotPlaced(&'static str),
    /// The account has as many log groups as it may.
    NoMoreLogGroups,
    /// A call of the deployer is denied: service, operation, action.
    Denied(&'static str, &'static str, &'static str),
}

/// Returns every case, by area.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [
        application::CASES,
        secrets::CASES,
        network::CASES,
        capacity::CASES,
        balancer::CASES,
        permissions::CASES,
        destroy::CASES,
        jobs::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Finds a case by name.
pub fn find(name: &str) -> Option<&'static Case> {
    all().find(|case| case.name == name)
}

/// A case that changes the images pushed from now on.
pub(super) const fn image(
    name: &'static str,
    names: &'static str,
    what: &'static str,
    symptom: &'static str,
    change: fn(&mut Pushed),
) -> Case {
    Case { name, what, symptom, names, deed: Deed::Image(change), replaces: false }
}

/// A case in which AWS refuses something.
pub(super) const fn condition(
    name: &'static str,
    names: &'static str,
    what: &'static str,
    symptom: &'static str,
    refused: Condition,
) -> Case {
    Case { name, what, symptom, names, deed: Deed::Condition(refused), replaces: true }
}

/// A case that changes the account.
pub(super) const fn edit(
    name: &'static str,
    names: &'static str,
    what: &'static str,
    symptom: &'static str,
    change: fn(&mut World, &Place) -> Result<(), String>,
) -> Case {
    Case { name, what, symptom, names, deed: Deed::Edit(change), replaces: false }
}

impl Case {
    /// Replaces the service's tasks afterwards.
    pub(super) const fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Leaves the service's tasks alone afterwards.
    pub(super) const fn in_place(mut self) -> Self {
        self.replaces = false;
        self
    }

    /// Says whether it changes images only, and so needs no service yet.
    pub fn is_of_images(&self) -> bool {
        matches!(self.deed, Deed::Image(_))
    }
}
