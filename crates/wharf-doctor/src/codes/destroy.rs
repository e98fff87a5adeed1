//! Causes for which something cannot be deleted.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(
        ("C901", "deletion protection"),
        "Somebody protected the balancer, or a log group, from deletion. wharf does not take that back by itself.",
        "The error of the call (`deletion protection is enabled`).",
        "Switch the balancer's attribute `deletion_protection.enabled` off, or the protection of the log group with `aws logs put-log-group-deletion-protection --no-deletion-protection-enabled`, and run `wharf destroy` again.",
    ),
    code(
        ("C902", "the security group is in use"),
        "A network interface, or a rule of another security group, refers to the group. Interfaces of deleted balancers and tasks linger for some minutes.",
        "The error of the call (`has a dependent object`).",
        "Wait some minutes; then list what uses it with `aws ec2 describe-network-interfaces --filters Name=group-id,Values=ID`.",
    ),
    code(
        ("C903", "the certificate is in use"),
        "A listener of another stack uses the certificate, or one that was deleted a moment ago.",
        "The error of the call (`is in use`).",
        "Wait some minutes; then let the other listener use another certificate.",
    ),
    code(
        ("C904", "the target group is in use"),
        "A listener or rule that wharf did not make forwards to the target group.",
        "The error of the call (`currently in use by a listener or a rule`).",
        "Delete the listener or rule, and run `wharf destroy` again.",
    ),
    code(
        ("C905", "the repository holds images"),
        "Repositories with images are deleted only on demand, since images cannot be brought back.",
        "The error of the call (`still contains images`).",
        "Keep the repository with `destroy.repository: keep`, or delete its images.",
    ),
    code(
        ("C906", "the role has further policies"),
        "Somebody attached policies to the role, and IAM deletes a role only without any.",
        "The error of the call (`must detach all policies first`).",
        "Detach the policies that wharf did not make, and run `wharf destroy` again.",
    ),
    code(
        ("C907", "something else runs in the cluster"),
        "Tasks or services that wharf did not make run in the stack's cluster.",
        "The error of the call (`ClusterContainsTasksException`).",
        "Stop them, or let them end, and run `wharf destroy` again.",
    ),
    code(
        ("C908", "a service of the same name is draining"),
        "A deleted service keeps its name until its last task has ended.",
        "The error of the call (`still Draining`).",
        "Wait until its tasks have ended, and run the same command again.",
    ),
    code(
        ("C909", "the network is in use"),
        "Something that wharf did not make is in the subnet or VPC.",
        "The error of the call (`DependencyViolation`).",
        "List what is there with `aws ec2 describe-network-interfaces`, remove it, and run the same command again.",
    ),
];
