//! EC2, Elastic Load Balancing, Route 53 and ACM: what their requests take.

use std::collections::BTreeSet;

use super::demand::{Asked, Demand, texts};
use crate::tags::{self, Tags};

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
pub(super) fn ec2(asked: &Asked<'_>) -> Vec<Demand> {
    let group = |id: &str| asked.arn("ec2", &format!("security-group/{id}"));
    match asked.operation {
        "CreateSecurityGroup" => {
            let mut tags = Tags::new();
            for specification in asked.input.list("TagSpecification") {
                tags.extend(tags::from_list(&specification, "Tag"));
            }
            // The group has no id yet.
            let made = Demand::on("ec2:CreateSecurityGroup", group("*")).requesting(&tags);
            let vpc = asked.arn("ec2", &format!("vpc/{}", asked.text("VpcId")));
            let mut all = asked.each("ec2", [vpc]);
            if !tags.is_empty() {
                let tagging = Demand { action: "ec2:CreateTags".to_owned(), ..made.clone() };
                all.push(tagging.with("ec2:CreateAction", [asked.operation.to_owned()]));
            }
            all.push(made);
            all
        }
        "AuthorizeSecurityGroupIngress"
        | "AuthorizeSecurityGroupEgress"
        | "RevokeSecurityGroupIngress"
        | "RevokeSecurityGroupEgress"
        | "DeleteSecurityGroup" => asked.each("ec2", [group(asked.text("GroupId"))]),
        "CreateTags" | "DeleteTags" => {
            let tags = tags::from_list(&asked.input, "Tag");
            let arns = texts(&asked.input, "ResourceId").into_iter().map(|id| {
                let kind = match id.split('-').next().unwrap_or_default() {
                    "sg" => "security-group",
                    "sgr" => "security-group-rule",
                    other => other,
                };
                asked.arn("ec2", &format!("{kind}/{id}"))
            });
            asked.each("ec2", arns).into_iter().map(|one| one.requesting(&tags)).collect()
        }
        // What only reads takes no resource.
        _ => asked.anywhere("ec2"),
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Elastic Load
/// Balancing V2".
pub(super) fn elb(asked: &Asked<'_>) -> Vec<Demand> {
    let of = |member: &str| asked.each("elasticloadbalancing", [asked.text(member).to_owned()]);
    // What is made has an id of its own at the end of its ARN.
    let made = |text: String| created(asked, text);
    match asked.operation {
        "CreateLoadBalancer" => {
            let path = format!("loadbalancer/app/{}/new", asked.text("Name"));
            let arn = asked.arn("elasticloadbalancing", &path);
            with_request(asked, asked.each("elasticloadbalancing", [arn.clone()]), made(arn))
        }
        "CreateTargetGroup" => {
            let path = format!("targetgroup/{}/new", asked.text("Name"));
            let arn = asked.arn("elasticloadbalancing", &path);
            with_request(asked, asked.each("elasticloadbalancing", [arn.clone()]), made(arn))
        }
        "CreateListener" => {
            let balancer = asked.text("LoadBalancerArn");
            let arn = balancer.replacen(":loadbalancer/", ":listener/", 1) + "/new";
            with_request(asked, of("LoadBalancerArn"), made(arn))
        }
        "CreateRule" => {
            let listener = asked.text("ListenerArn");
            let arn = listener.replacen(":listener/", ":listener-rule/", 1) + "/new";
            with_request(asked, of("ListenerArn"), made(arn))
        }
        "DeleteLoadBalancer"
        | "ModifyLoadBalancerAttributes"
        | "SetSecurityGroups"
        | "SetSubnets"
        | "SetIpAddressType" => of("LoadBalancerArn"),
        "ModifyListener"
        | "DeleteListener"
        | "AddListenerCertificates"
        | "RemoveListenerCertificates" => of("ListenerArn"),
        "ModifyRule" | "DeleteRule" => of("RuleArn"),
        "SetRulePriorities" => {
            let rules = asked.input.list("RulePriorities");
            let arns = rules.iter().filter_map(|one| one.str("RuleArn")).map(str::to_owned);
            asked.each("elasticloadbalancing", arns)
        }
        "ModifyTargetGroup"
        | "ModifyTargetGroupAttributes"
        | "DeleteTargetGroup"
        | "RegisterTargets"
        | "DeregisterTargets" => of("TargetGroupArn"),
        "AddTags" | "RemoveTags" => {
            let tags = tags::from_list(&asked.input, "Tags");
            let all = asked.each("elasticloadbalancing", asked.input.strings("ResourceArns"));
            all.into_iter().map(|one| one.requesting(&tags)).collect()
        }
        // What only reads takes no resource.
        _ => asked.anywhere("elasticloadbalancing"),
    }
}

/// Creating with tags takes permission to tag, for that creation (ELB User Guide, "Grant permission to
/// tag resources on creation").
fn created(asked: &Asked<'_>, arn: String) -> Option<Demand> {
    let tags = tags::from_list(&asked.input, "Tags");
    (!tags.is_empty()).then(|| {
        Demand::on("elasticloadbalancing:AddTags", arn)
            .with("elasticloadbalancing:CreateAction", [asked.operation.to_owned()])
    })
}

fn with_request(asked: &Asked<'_>, own: Vec<Demand>, tagging: Option<Demand>) -> Vec<Demand> {
    let tags = tags::from_list(&asked.input, "Tags");
    own.into_iter().chain(tagging).map(|one| one.requesting(&tags)).collect()
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon Route 53"; the
/// condition keys are explained in the Route 53 Developer Guide, "Using IAM policy conditions for
/// fine-grained access control".
pub(super) fn route53(asked: &Asked<'_>) -> Vec<Demand> {
    let zone = || {
        let id = asked.text("Id").rsplit('/').next().unwrap_or_default();
        format!("arn:{}:route53:::hostedzone/{id}", asked.world.partition)
    };
    match asked.operation {
        "GetHostedZone" | "ListResourceRecordSets" | "DeleteHostedZone" => {
            asked.each("route53", [zone()])
        }
        "ChangeResourceRecordSets" => {
            let batch = asked.input.structure("ChangeBatch");
            let changes = batch.map_or_else(Vec::new, |batch| batch.list("Changes"));
            let (mut names, mut types, mut actions) =
                (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            for change in &changes {
                actions.insert(change.str("Action").unwrap_or_default().to_owned());
                let Some(set) = change.structure("ResourceRecordSet") else { continue };
                let name = set.str("Name").unwrap_or_default();
                names.insert(name.trim_end_matches('.').to_lowercase());
                types.insert(set.str("Type").unwrap_or_default().to_owned());
            }
            let key = |part: &str| format!("route53:ChangeResourceRecordSets{part}");
            let all = asked.each("route53", [zone()]).into_iter();
            all.map(|one| {
                one.with(key("NormalizedRecordNames"), names.clone())
                    .with(key("RecordTypes"), types.clone())
                    .with(key("Actions"), actions.clone())
            })
            .collect()
        }
        _ => asked.anywhere("route53"),
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Certificate
/// Manager".
pub(super) fn acm(asked: &Asked<'_>) -> Vec<Demand> {
    let tags = tags::from_list(&asked.input, "Tags");
    match asked.operation {
        "RequestCertificate" => {
            let mut all = asked.anywhere("acm");
            if !tags.is_empty() {
                // Found out by callers that had one and not the other: tagging is judged as well, on a
                // certificate that has no id yet.
                let arn = asked.arn("acm", "certificate/*");
                all.push(Demand::on("acm:AddTagsToCertificate", arn));
            }
            all.into_iter().map(|one| one.requesting(&tags)).collect()
        }
        "ListCertificates" => asked.anywhere("acm"),
        _ => {
            let all = asked.each("acm", [asked.text("CertificateArn").to_owned()]);
            all.into_iter().map(|one| one.requesting(&tags)).collect()
        }
    }
}
