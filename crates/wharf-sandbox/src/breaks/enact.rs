//! Setting cases up, and undoing them.

use super::{
    case::{self, Deed},
    place::Place,
    trouble::{InForce, Trouble},
    undo,
};
use crate::{image, services, world::World};

/// Why something cannot be broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakError {
    /// There is no such case.
    NoCase,
    /// It is about a service that runs, and there is none (of that name).
    NoService,
    /// The service lacks what would be broken; in words.
    NothingToBreak(String),
}

impl World {
    /// Sets up a case for one service, or for every one. Returns the service whose surroundings
    /// were changed or whose tasks are replaced, if any.
    pub fn break_case(
        &mut self,
        name: &str,
        service: Option<&str>,
    ) -> Result<Option<String>, BreakError> {
        let case = case::find(name).ok_or(BreakError::NoCase)?;
        let place = Place::find(self, service);
        let mut changes = Vec::new();
        let mut touched = None;
        match case.deed {
            Deed::Image(_) | Deed::Condition(_) => {}
            Deed::Edit(change) => {
                let place = place.as_ref().ok_or(BreakError::NoService)?;
                let before = self.clone();
                if let Err(error) = change(self, place) {
                    *self = before;
                    return Err(BreakError::NothingToBreak(error));
                }
                changes = undo::changes(&undo::picture(&before), &undo::picture(self));
                touched = Some(place.container.clone());
            }
        }
        let service = service.map(str::to_owned);
        self.trouble.cases.push(InForce { case: name.to_owned(), service, changes });
        if let Some(place) = &place {
            self.targets_changed(&place.region);
            if case.replaces {
                services::ecs::replace_tasks(self, &place.region, &place.key);
                touched = Some(place.container.clone());
            }
        }
        Ok(touched)
    }

    /// Lets the images a service has already do what is wanted of those pushed from now on, and
    /// replaces its tasks. Returns whether there is such a service.
    pub fn break_present(&mut self, service: Option<&str>) -> bool {
        let Some(place) = Place::find(self, service) else { return false };
        let own = |name: &String| name.rsplit('/').next() == Some(place.container.as_str());
        let repositories = &self.region(&place.region).ecr.repositories;
        let images: Vec<(String, String)> = repositories
            .values()
            .filter(|repository| own(&repository.name))
            .flat_map(|it| it.images.keys().map(|digest| (it.name.clone(), digest.clone())))
            .collect();
        for (repository, digest) in images {
            self.spoil(&place.region, &repository, &digest);
        }
        services::ecs::replace_tasks(self, &place.region, &place.key);
        true
    }

    /// Undoes everything that was broken: what was changed in the account is put back, and images
    /// that were pushed broken work. Returns the names of the cases.
    pub fn mend(&mut self) -> Vec<String> {
        let Trouble { cases, spoiled } = std::mem::take(&mut self.trouble);
        for found in cases.iter().rev() {
            // What cannot be put back, because things look quite different by now, stays.
            let before = self.clone();
            if undo::restore(self, &found.changes).is_err() {
                *self = before;
            }
        }
        for (digest, (region, repository)) in spoiled {
            self.apps.remove(&digest);
            let repository = self.region(&region).ecr.repositories.get_mut(&repository);
            if let Some(image) = repository.and_then(|it| it.images.get_mut(&digest)) {
                image.platforms = image::both_platforms();
            }
        }
        for region in self.touched_regions() {
            services::ec2::tidy(self, &region);
            services::elbv2::tidy(self, &region);
            self.targets_changed(&region);
        }
        cases.into_iter().map(|found| found.case).collect()
    }
}
