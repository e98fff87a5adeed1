//! Causes between people and the service: names, certificates, the balancer.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(("C701", "nothing leads to the service"), "The balancer has listeners, and none of them and no rule forwards to the service's target group.", "The listeners' and rules' actions.", "Run `wharf apply`: it makes the listener's action or rule anew."),
    code(("C702", "the target group is gone"), "The service registers its tasks in a target group that does not exist any more.", "The target group of the service cannot be described; ECS says `TARGET GROUP IS NOT FOUND`.", "Run `wharf apply`: it makes a target group, and a service on it."),
    code(("C703", "no task takes requests"), "The balancer has no healthy target for the service, and answers requests with 503.", "The health of the targets.", "Look at the other causes; if there are none, wait until new tasks are healthy."),
    code(("C704", "the balancer has no listener"), "Nothing on the balancer accepts connections.", "The balancer's list of listeners is empty.", "Run `wharf apply`: it makes the listeners anew."),
    code(("C705", "the hosted zone is not the one the world asks"), "The record that proves the ownership of the name is in the hosted zone, and the certificate still waits: the domain's registrar, or the zone above, does not point to this hosted zone's name servers.", "The certificate's status, and the record in the hosted zone.", "Enter the hosted zone's four name servers at the domain's registrar; `domain.zone` names the zone.").at("domain"),
    code(("C706", "a validation record is missing"), "The certificate waits for a record that proves the ownership of the name, and the hosted zone does not hold it.", "The certificate's status, and the records of the hosted zone.", "Run `wharf apply`: it makes the record anew; where the zone is kept elsewhere, add it there.").at("domain"),
    code(("C707", "a CAA record forbids the certificate"), "A CAA record of the domain lists who may issue certificates, and Amazon is not among them.", "The certificate's reason of failure (`CAA_ERROR`).", "Add the record `0 issue \"amazon.com\"` beside the others, and run `wharf apply` again.").at("domain"),
    code(("C708", "the certificate is not valid"), "The certificate failed, was revoked, timed out or expired. Browsers refuse the connection.", "The certificate's status.", "Run `wharf apply`: it requests a new one; a certificate that expired needs its validation record back to be renewed.").at("domain"),
    code(("C709", "the name does not lead to the balancer"), "There is no record for the name in its hosted zone.", "The records of the hosted zone.", "Run `wharf apply`: it makes the record anew.").at("domain"),
    code(("C710", "the name leads elsewhere"), "The record of the name leads to something that is not the stack's balancer.", "The record's target, next to the balancer's name.", "Run `wharf plan` to see what it would change; if the record is somebody else's, choose another name under `domain`.").at("domain"),
    code(("C711", "the balancer is gone"), "The stack's balancer does not exist, or could not be provisioned.", "No balancer has the stack's name, or its state is `failed`.", "Run `wharf apply`: it makes the balancer and its listeners anew."),
    code(("C712", "the balancer is in trouble"), "The balancer could not carry out its checks for reasons of its own.", "What the balancer says (`internal error`).", "Wait; look at AWS's health dashboard if it stays."),
];
