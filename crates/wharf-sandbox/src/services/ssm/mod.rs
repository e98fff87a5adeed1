//! The parameter store of Systems Manager.

mod find;
mod parameters;
pub mod state;

use super::{Operation, Protocol, Service, read, write};

/// The parameter store.
pub static SERVICE: Service = Service {
    name: "ssm",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: parameters::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("PutParameter", parameters::put),
    read("GetParameter", find::get),
    read("GetParameters", find::get_many),
    read("GetParametersByPath", find::by_path),
    read("DescribeParameters", find::describe),
    write("DeleteParameter", parameters::delete),
    write("DeleteParameters", parameters::delete_many),
    write("AddTagsToResource", parameters::tag),
    write("RemoveTagsFromResource", parameters::untag),
    read("ListTagsForResource", parameters::list_tags),
];

pub(crate) use self::parameters::seed;
