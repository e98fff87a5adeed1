//! IAM: roles and their policies.

mod documents;
pub(crate) mod lookup;
mod managed;
mod policies;
mod roles;
mod simulate;
pub mod state;

use super::{Ctx, Operation, Protocol, Service, nothing_tagged, read, write};
use crate::{error::AwsError, input::Input, rules, world::World};

use self::state::{IamEvent, Role};

/// IAM.
pub static SERVICE: Service = Service {
    name: "iam",
    protocol: Protocol::Query { xmlns: "https://iam.amazonaws.com/doc/2010-05-08/" },
    global: true,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateRole", roles::create),
    read("GetRole", roles::get),
    read("ListRoles", roles::list),
    write("DeleteRole", roles::delete),
    write("UpdateRole", roles::update),
    write("UpdateAssumeRolePolicy", roles::update_trust),
    write("TagRole", roles::tag),
    write("UntagRole", roles::untag),
    read("ListRoleTags", roles::list_tags),
    read("ListInstanceProfilesForRole", roles::instance_profiles),
    write("CreateServiceLinkedRole", roles::create_service_linked),
    write("PutRolePolicy", policies::put),
    read("GetRolePolicy", policies::get),
    write("DeleteRolePolicy", policies::delete),
    read("ListRolePolicies", policies::list),
    write("AttachRolePolicy", policies::attach),
    write("DetachRolePolicy", policies::detach),
    read("ListAttachedRolePolicies", policies::list_attached),
    read("SimulatePrincipalPolicy", simulate::principal),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, _region: &str, event: IamEvent) {
    match event {
        IamEvent::Propagated { id } => {
            let mut roles = world.global.iam.roles.values_mut();
            if let Some(role) = roles.find(|role| role.id == id) {
                role.propagated = true;
            }
        }
    }
}

/// Finds the role a request names, or answers as IAM does.
fn role<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Role, AwsError> {
    let name = input.required("RoleName")?;
    ctx.world.global.iam.roles.get_mut(&name.to_lowercase()).ok_or_else(|| {
        rules::iam::ROLE_EXISTS.refuse(format!("The role with name {name} cannot be found."))
    })
}
