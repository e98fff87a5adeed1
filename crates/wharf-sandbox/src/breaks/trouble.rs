//! What is broken at present.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    case::{self, Condition, Deed, Pushed},
    undo::Change,
};
use crate::{
    error::AwsError,
    image::{self, App},
    world::World,
};

/// What was broken on purpose and not mended yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trouble {
    /// The cases in force, in the order in which they were set up.
    pub cases: Vec<InForce>,
    /// The images that were pushed broken: region and repository by digest.
    pub spoiled: BTreeMap<String, (String, String)>,
}

/// A case in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InForce {
    /// Its name.
    pub case: String,
    /// The service it is about; `None` is every service.
    pub service: Option<String>,
    /// What it changed in the account.
    pub(super) changes: Vec<Change>,
}

impl InForce {
    fn is_about(&self, names: &[&str]) -> bool {
        self.service.as_deref().is_none_or(|service| names.contains(&service))
    }

    fn condition(&self) -> Option<Condition> {
        match case::find(&self.case)?.deed {
            Deed::Condition(condition) => Some(condition),
            Deed::Image(_) | Deed::Edit(_) => None,
        }
    }
}

impl Trouble {
    /// Says whether a condition holds for a task with containers of these names.
    pub(crate) fn holds(&self, condition: Condition, names: &[&str]) -> bool {
        let mut found = self.cases.iter();
        found.any(|it| it.condition() == Some(condition) && it.is_about(names))
    }

    /// Returns ECS's words for not placing a task with containers of these names.
    pub(crate) fn refusal(&self, names: &[&str]) -> Option<&'static str> {
        self.cases.iter().filter(|it| it.is_about(names)).find_map(|it| match it.condition()? {
            Condition::NotPlaced(words) => Some(words),
            _ => None,
        })
    }

    /// Says whether nobody pushes to a repository.
    pub(crate) fn nobody_pushes(&self, repository: &str) -> bool {
        self.holds(Condition::NobodyPushes, &[last(repository)])
    }

    /// Returns what images pushed to a repository now are like, if anything is wrong with them.
    pub(crate) fn pushed(&self, repository: &str) -> Option<Pushed> {
        let mut pushed = Pushed { app: App::default(), platforms: image::both_platforms() };
        let mut any = false;
        for found in self.cases.iter().filter(|it| it.is_about(&[last(repository)])) {
            if let Some(Deed::Image(change)) = case::find(&found.case).map(|case| case.deed) {
                change(&mut pushed);
                any = true;
            }
        }
        any.then_some(pushed)
    }
}

/// A repository is named after its service: the last part of its name.
fn last(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

impl World {
    /// Returns the error a call gets that the deployer may not make.
    pub(crate) fn denial(&self, service: &str, operation: &str) -> Option<AwsError> {
        self.trouble.cases.iter().find_map(|it| match it.condition()? {
            Condition::Denied(of, denied, action) if (of, denied) == (service, operation) => {
                let user = self.arn("iam", "", "user/sandbox");
                let resource = self.arn("iam", "", "role/*");
                Some(AwsError::new(
                    "AccessDeniedException",
                    format!(
                        "User: {user} is not authorized to perform: {action} on resource: \
                         {resource} because no identity-based policy allows the {action} action"
                    ),
                ))
            }
            _ => None,
        })
    }
}
