//! Import blocks of Terraform (`OpenTofu` reads the same): `terraform plan -generate-config-out` writes the
//! resources from them.
//!
//! What identifies each resource is from the section "Import" of its page in the documentation of the AWS provider.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use wharf_aws::names;
use wharf_graph::{Live, Snapshot, StackId};

use super::objects;

/// What one object is for Terraform.
pub(super) enum Imports {
    /// What takes it over.
    Blocks(Vec<Block>),
    /// Nothing does; why.
    None(&'static str),
}

/// One import block.
pub(super) struct Block {
    /// Type of the resource, `aws_ecs_service`.
    kind: &'static str,
    /// Name of the resource within its type.
    name: String,
    /// What identifies the object.
    pub(super) id: String,
}

impl Block {
    /// Returns the address of the resource.
    pub(super) fn to(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }
}

/// Says of each object what takes it over; every resource has a name of its own.
pub(super) fn imports<'a>(objects: &[&'a Live]) -> Vec<(&'a Live, Imports)> {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let mut list: Vec<(&Live, Imports)> =
        objects.iter().map(|live| (*live, import(live))).collect();
    for (_, found) in &mut list {
        let Imports::Blocks(blocks) = found else { continue };
        for block in blocks {
            let count = taken.entry(block.to()).or_default();
            *count += 1;
            if *count > 1 {
                block.name = format!("{}_{count}", block.name);
            }
        }
    }
    list
}

fn import(live: &Live) -> Imports {
    let last = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let prop = |name: &str| live.props.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = live.id.as_str();
    let one = |kind, id: String| Imports::Blocks(vec![block(live, kind, id)]);
    let more = |kind, also: Option<(&'static str, String)>| {
        let also = also.map(|(kind, id)| block(live, kind, id));
        let own = block(live, kind, prop("name").to_owned());
        Imports::Blocks(std::iter::once(own).chain(also).collect())
    };
    match live.address.kind() {
        "cluster" => one("aws_ecs_cluster", prop("name").to_owned()),
        "log_group" => one("aws_cloudwatch_log_group", prop("name").to_owned()),
        "repository" => {
            let lifecycle = live.props.get("lifecycle").is_some_and(|policy| !policy.is_null());
            let name = || ("aws_ecr_lifecycle_policy", prop("name").to_owned());
            more("aws_ecr_repository", lifecycle.then(name))
        }
        "role" => {
            let policy = live.props.get("policy").is_some_and(|policy| !policy.is_null());
            let inline = || format!("{}:{}", prop("name"), names::INLINE_POLICY);
            more("aws_iam_role", policy.then(|| ("aws_iam_role_policy", inline())))
        }
        "security_group" => one("aws_security_group", id.to_owned()),
        // As resources of their own they would be managed twice.
        "ingress_rule" => Imports::None("comes with its security group"),
        "load_balancer" => one("aws_lb", id.to_owned()),
        "target_group" => one("aws_lb_target_group", id.to_owned()),
        "listener" => one("aws_lb_listener", id.to_owned()),
        "listener_rule" => one("aws_lb_listener_rule", id.to_owned()),
        "certificate" => one("aws_acm_certificate", id.to_owned()),
        "dns_record" => one("aws_route53_record", id.replacen('/', "_", 2)),
        "task_definition" => one("aws_ecs_task_definition", id.to_owned()),
        "service" => one("aws_ecs_service", after(id, ":service/")),
        "scalable_target" => one("aws_appautoscaling_target", scaled(id)),
        "scaling_policy" => match (id.split_once(":resource/ecs/"), id.rsplit_once(":policyName/"))
        {
            (Some((_, rest)), Some((_, name))) => {
                let resource = rest.split(':').next().unwrap_or_default();
                one("aws_appautoscaling_policy", format!("{}/{name}", scaled(resource)))
            }
            _ => Imports::None("a policy whose ARN is of a form that is not known"),
        },
        "schedule_group" => one("aws_scheduler_schedule_group", last(id)),
        "schedule" => one("aws_scheduler_schedule", after(id, ":schedule/")),
        "scheduled_action" => Imports::None(
            "Terraform cannot import scheduled actions: written with the same name, it takes this one's place",
        ),
        "certificate_validation" => {
            Imports::None("no object of its own: that the certificate is issued")
        }
        "image" => Imports::None("what is in the repository stays there"),
        "release" => Imports::None("a task that has run"),
        _ => Imports::None("not known"),
    }
}

fn block(live: &Live, kind: &'static str, id: String) -> Block {
    Block { kind, name: identifier(live.address.name()), id }
}

/// Returns what comes after a mark, or all of it.
fn after(text: &str, mark: &str) -> String {
    text.split_once(mark).map_or(text, |(_, rest)| rest).to_owned()
}

/// Returns how Terraform identifies the range of a service, from `service/cluster/name`.
fn scaled(resource: &str) -> String {
    let resource = resource.rsplit_once(":service/").map_or(resource, |(_, rest)| rest);
    let resource = resource.strip_prefix("service/").unwrap_or(resource);
    format!("ecs/service/{resource}/ecs:service:DesiredCount")
}

/// Makes an identifier of HCL out of a name.
fn identifier(name: &str) -> String {
    let plain = name.replace('*', "wildcard");
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric());
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    if name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        name
    } else {
        format!("n_{name}")
    }
}

/// Writes a string of HCL.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace("${", "$${").replace("%{", "%%{"))
}

/// Writes the blocks, with what to do with them.
pub(crate) fn text(stack: &StackId, region: &str, snapshot: &Snapshot) -> String {
    let account = &snapshot.facts.account;
    let objects = objects(snapshot);
    if objects.is_empty() {
        return format!("# Stack {stack} owns nothing in account {account}, {region}.\n");
    }
    let mut out = format!(
        "# What stack {stack} owns in account {account}, {region}, for Terraform or OpenTofu:\n\
         #   terraform plan -generate-config-out=generated.tf    writes the resources as they are\n\
         #   terraform apply                                     takes them over\n\
         # From then on only one of the two should change them. Nothing is changed by this file alone.\n"
    );
    let mut left = Vec::new();
    for (live, found) in imports(&objects) {
        match found {
            Imports::None(why) => left.push((live, why)),
            Imports::Blocks(blocks) => {
                for block in blocks {
                    // Writing to a string cannot fail.
                    write!(
                        out,
                        "\nimport {{\n  to = {}\n  id = {}\n}}\n",
                        block.to(),
                        quoted(&block.id)
                    )
                    .unwrap_or_default();
                }
            }
        }
    }
    if !left.is_empty() {
        out.push_str("\n# Not to be imported:\n");
        for (live, why) in left {
            writeln!(out, "#   {}: {why}", live.address).unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (name, identifier_of) in [
            ("web", "web"),
            ("web/task", "web_task"),
            ("balancer:80:0.0.0.0/0", "balancer_80_0_0_0_0_0"),
            ("balancer:80:::/0", "balancer_80_0"),
            ("*.example.com/AAAA", "wildcard_example_com_AAAA"),
            ("8080", "n_8080"),
        ] {
            assert_eq!(identifier(name), identifier_of);
        }
    }

    #[test]
    fn strings_are_not_templates() {
        assert_eq!(quoted(r#"a"b\c${d}%{e}"#), r#""a\"b\\c$${d}%%{e}""#);
    }

    #[test]
    fn ranges_are_identified_as_the_provider_does() {
        let range = "ecs/service/notes/notes-web/ecs:service:DesiredCount";
        let arn = "arn:aws:ecs:eu-west-1:111122223333:service/notes/notes-web";
        for text in [arn, "service/notes/notes-web"] {
            assert_eq!(scaled(text), range);
        }
    }
}
