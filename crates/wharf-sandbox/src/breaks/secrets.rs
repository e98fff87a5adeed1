//! Cases of what a task needs before its containers start: secrets and logs.

use super::{
    case::{Case, edit},
    place::Place,
};
use crate::{services::secrets::state::Secret, world::World};

pub(super) const CASES: &[Case] = &[
    edit(
        "secret-missing",
        "C201",
        "the service's secret is gone",
        "stopped task: Secrets Manager can't find the specified secret",
        |world, place| {
            let name = secret(world, place)?.name.clone();
            world.region(&place.region).secrets.secrets.remove(&name);
            Ok(())
        },
    )
    .replacing(),
    edit(
        "parameter-missing",
        "C201",
        "the service's parameter is gone",
        "stopped task: invalid ssm parameters",
        |world, place| {
            let parameter = place
                .secrets()
                .iter()
                .find_map(|it| world.parameter(&place.region, it).map(|it| it.name.clone()));
            let name = parameter.ok_or("it reads no parameter")?;
            world.region(&place.region).ssm.parameters.remove(&name);
            Ok(())
        },
    )
    .replacing(),
    edit(
        "secret-key-missing",
        "C202",
        "the secret's JSON loses its keys",
        "stopped task: did not contain json key",
        |world, place| {
            secret(world, place)?.value = Some("{}".to_owned());
            Ok(())
        },
    )
    .replacing(),
    edit(
        "secret-deleted",
        "C203",
        "the secret is scheduled for deletion",
        "stopped task: it was marked for deletion",
        |world, place| {
            let now = world.now;
            let secret = secret(world, place)?;
            secret.deleted = Some(now);
            secret.purge = Some(now + std::time::Duration::from_hours(24 * 30));
            Ok(())
        },
    )
    .replacing(),
    edit(
        "log-group-missing",
        "C204",
        "the log group is gone",
        "stopped task: The specified log group does not exist",
        |world, place| {
            let name = place.log_group().ok_or("it writes no log")?;
            let groups = &mut world.region(&place.region).logs.groups;
            groups
                .remove(name)
                .map(|_| ())
                .ok_or_else(|| "its log group is gone already".to_owned())
        },
    )
    .replacing(),
];

/// Returns the secret of a service that names a key of it.
fn secret<'w>(world: &'w mut World, place: &Place) -> Result<&'w mut Secret, String> {
    let wanted = place.secrets();
    let secrets = world.region(&place.region).secrets.secrets.values_mut();
    secrets
        .into_iter()
        .find(|it| wanted.iter().any(|from| from.starts_with(&it.arn)))
        .ok_or_else(|| "it reads no secret of Secrets Manager".to_owned())
}
