//! Causes between the start of a task and that of its containers.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(("C201", "a secret does not exist"), "ECS reads all secrets before it starts a container, and one of them is not there: its name is misspelt, it is in another region, or somebody deleted it.", "The reason of stopped tasks (`can't find the specified secret`, `invalid ssm parameters`).", "Create the secret or parameter, or correct its name under `secrets`.").at("secrets"),
    code(("C202", "a secret lacks a key"), "The spec names one key of a secret (`sm:name#key`), and the secret's JSON has no such key.", "The reason of stopped tasks (`did not contain json key`).", "Add the key to the secret's JSON, or correct the part after `#` under `secrets`.").at("secrets"),
    code(("C203", "a secret is scheduled for deletion"), "Somebody deleted the secret. It is kept for a while, in which it can be restored but not read.", "The reason of stopped tasks (`marked for deletion`).", "Restore it with `aws secretsmanager restore-secret --secret-id NAME`, or name another one under `secrets`.").at("secrets"),
    code(("C204", "the log group does not exist"), "Containers start only when their log can be written. The log group was deleted by somebody.", "The reason of stopped tasks (`The specified log group does not exist`).", "Run `wharf apply`: it makes the log group anew."),
    code(("C205", "a secret is not JSON"), "The spec names one key of a secret (`sm:name#key`), but the secret's value is not a JSON object.", "The reason of stopped tasks (`invalid character` while reading secrets).", "Store the value as JSON, or name the whole secret under `secrets`, without `#`.").at("secrets"),
    code(("C206", "no network interface in time"), "Each task gets a network interface of its own. AWS did not provide it in time; that passes, unless the account's limit of interfaces is reached.", "The reason of stopped tasks (`Timeout waiting for network interface provisioning`).", "Wait and try again; if it stays, ask for a higher quota of network interfaces in the region."),
    code(("C207", "no disk in time"), "AWS did not provide the task's disk in time. That is a passing trouble of AWS.", "The reason of stopped tasks (`Timeout waiting for EphemeralStorage provisioning`).", "Wait and try again; look at AWS's health dashboard if it stays."),
    code(("C208", "the container runtime failed"), "The host could not start or look after the container. It is mostly a passing trouble of one host, or a very large image.", "What the container says (`ContainerRuntimeTimeoutError`, `CannotInspectContainerError`, `CannotStartContainerError`).", "Try again; if it stays, make the image smaller."),
];
