//! Security groups: one around the balancer, one around the tasks. Their rules are a kind of their
//! own, so that the two can refer to each other.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as Sdk, Tag, TagSpecification};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, Facts, Foreign, Grants, Live, Note, Outcome, Policy, ReplaceOrder, StackId,
};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::shared;
use crate::names;
use crate::placement;
use crate::reads::Reads;
use crate::reads::ec2::{filter, tags as tag_map};
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// The two groups.
pub(super) const BALANCER: &str = "balancer";
pub(super) const TASKS: &str = "tasks";

/// Interfaces of balancers and tasks stay for minutes after their owners are gone.
const FREE: Duration = Duration::from_mins(20);
/// EC2 shows a new group everywhere only after a while (EC2 API reference, eventual consistency).
pub(super) const FRESH: &[Transient] =
    &[Transient { codes: &["InvalidGroup.NotFound"], text: "", budget: Duration::from_mins(5) }];

/// See the module.
pub(crate) struct SecurityGroup;

/// Managed properties of a security group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    description: String,
    vpc: String,
    /// The names whose requests the stack takes at a balancer owned elsewhere, `edge/notes.example.com`; on AWS
    /// in the tag `wharf:names`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    tags: Tags,
}

impl Kind for SecurityGroup {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("name", "a security group cannot be renamed"),
            ("description", "the description of a security group cannot be changed"),
            ("vpc", "a security group cannot move to another VPC"),
        ],
        // Names are unique within a VPC, and the VPC is what changes when one is replaced.
        replace_order: ReplaceOrder::CreateFirst,
        identity: Some("vpc"),
        delete_after: &["service"],
        // A record is known to be the stack's by what is said here, until it leads elsewhere.
        grants: Some(Grants {
            list: "/names",
            most: tags::VALUE,
            users: &["service", "dns_record"],
        }),
        ..Policy::plain("security_group", "security group")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        for role in roles(stack) {
            let Some(vpc) = &facts.vpc else {
                let problem = facts.vpc_problem.as_deref().unwrap_or("there is no VPC");
                out.problem(placement::NO_VPC, Address::new(Self::POLICY.kind, role), problem);
                continue;
            };
            let props = Props {
                name: names::security_group(&id, role),
                description: description(role),
                vpc: vpc.id.clone(),
                names: if role == TASKS { shared::claims(stack, facts) } else { Vec::new() },
                tags: stack.tags.clone(),
            };
            out.add(&Self::POLICY, role, &props);
        }
    }

    fn example() -> Props {
        Props {
            name: "notes-prod-tasks".to_owned(),
            description: description(TASKS),
            vpc: "vpc-1".to_owned(),
            names: Vec::new(),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (groups, vpc) = futures::join!(cx.security_groups(), cx.vpc());
        let (groups, vpc) = (groups?, vpc?);
        let vpc = vpc.value.as_ref().ok().map(|vpc| vpc.id.as_str());
        let found = groups.value.iter().filter_map(|group| {
            let id = group.group_id().unwrap_or_default().to_owned();
            let role = role(group, &cx.id)?;
            let live = tag_map(group.tags());
            match tags::owner(&live, &cx.id) {
                Owner::Ours => Some(Found::Ours(Owned {
                    name: role.to_owned(),
                    id: id.clone(),
                    props: props(group, &live, &cx.stack.tags),
                    outputs: outputs(&id),
                    applied: live.get(tags::SPEC).cloned(),
                    leaving: false,
                })),
                // The name is only taken in the VPC we want it in.
                Owner::Other(owner) => (group.vpc_id() == vpc).then(|| {
                    let address = Address::new(Self::POLICY.kind, role);
                    Found::Foreign(Foreign { address, id, owner })
                }),
            }
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let all = marked(cx, &want);
        let specification = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .set_tags(Some(tag_list(&all)))
            .build();
        let created = cx
            .aws
            .caller
            .call("ec2:CreateSecurityGroup", || {
                cx.aws
                    .ec2
                    .create_security_group()
                    .group_name(&want.name)
                    .description(&want.description)
                    .vpc_id(&want.vpc)
                    .tag_specifications(specification.clone())
                    .send()
            })
            .await;
        let id = match created {
            Ok(created) => created.group_id().unwrap_or_default().to_owned(),
            Err(error) if error.is(&["InvalidGroup.Duplicate"]) => {
                let found = existing(cx, &want).await?;
                super::refuse_foreign(
                    cx,
                    &tag_map(found.tags()),
                    &format!("the security group {}", want.name),
                )?;
                let id = found.group_id().unwrap_or_default().to_owned();
                tag(cx, &id, &all).await?;
                id
            }
            Err(error) => return Err(error),
        };
        cx.aws
            .caller
            .retrying(FRESH, async || {
                cx.aws
                    .caller
                    .call("ec2:DescribeSecurityGroups", || {
                        cx.aws.ec2.describe_security_groups().group_ids(&id).send()
                    })
                    .await
            })
            .await?;
        Ok(Outcome::Done { outputs: outputs(&id), id })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        let mut tags = marked(cx, &want);
        if live.props.get("names").is_some() {
            tags.entry(tags::NAMES.to_owned()).or_insert_with(|| shared::NO_CLAIM.to_owned());
        }
        tag(cx, &live.id, &tags).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        wait(
            cx.aws.caller.pace,
            cx.step,
            "the security group to be free",
            Duration::from_secs(5),
            FREE,
            async || {
                let deleted = cx
                    .aws
                    .caller
                    .call("ec2:DeleteSecurityGroup", || {
                        cx.aws.ec2.delete_security_group().group_id(&live.id).send()
                    })
                    .await;
                match deleted {
                    Ok(_) => Ok(Look::Ready(())),
                    Err(error) if error.is(&["InvalidGroup.NotFound"]) => Ok(Look::Ready(())),
                    Err(error) if error.is(&["DependencyViolation", "InvalidGroup.InUse"]) => {
                        Ok(Look::NotYet(blockers(cx, &live.id).await?))
                    }
                    Err(error) => Err(error),
                }
            },
        )
        .await
    }
}

/// The groups a stack needs: without anything behind a balancer there is none around it.
fn roles(stack: &Stack) -> impl Iterator<Item = &'static str> {
    let own = stack.balancer.shared.is_none();
    let balancer = stack.routed().next().filter(|_| own).map(|_| BALANCER);
    let tasks = (!stack.services.is_empty()).then_some(TASKS);
    balancer.into_iter().chain(tasks)
}

fn description(role: &str) -> String {
    match role {
        BALANCER => "What may connect to the balancer".to_owned(),
        _ => "What may connect to the tasks".to_owned(),
    }
}

/// Returns which of the two groups of the stack this is, by its name.
pub(super) fn role(group: &Sdk, stack: &StackId) -> Option<&'static str> {
    [BALANCER, TASKS]
        .into_iter()
        .find(|role| group.group_name() == Some(names::security_group(stack, role).as_str()))
}

fn outputs(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("id".to_owned(), id.to_owned())])
}

/// Brings what EC2 returns into canonical form.
fn props(group: &Sdk, live: &Tags, spec: &Tags) -> Props {
    Props {
        name: group.group_name().unwrap_or_default().to_owned(),
        description: group.description().unwrap_or_default().to_owned(),
        vpc: group.vpc_id().unwrap_or_default().to_owned(),
        names: live.get(tags::NAMES).map(|text| shared::claims_of_tag(text)).unwrap_or_default(),
        tags: tags::managed(live, spec),
    }
}

async fn existing(cx: &Write<'_>, want: &Props) -> Result<Sdk, AwsError> {
    let filters = vec![filter("group-name", &want.name), filter("vpc-id", &want.vpc)];
    let got = cx
        .aws
        .caller
        .call("ec2:DescribeSecurityGroups", || {
            cx.aws.ec2.describe_security_groups().set_filters(Some(filters.clone())).send()
        })
        .await?;
    got.security_groups().first().cloned().ok_or_else(|| {
        let message = format!("{} exists in {}, but EC2 does not show it", want.name, want.vpc);
        AwsError::own(wharf_graph::ErrorClass::Other, message)
    })
}

/// Says what still uses a group.
async fn blockers(cx: &Write<'_>, id: &str) -> Result<Note, AwsError> {
    let got = cx
        .aws
        .caller
        .call("ec2:DescribeNetworkInterfaces", || {
            cx.aws.ec2.describe_network_interfaces().filters(filter("group-id", id)).send()
        })
        .await?;
    let details: Vec<String> = got
        .network_interfaces()
        .iter()
        .map(|interface| {
            let id = interface.network_interface_id().unwrap_or("an interface");
            match interface.description().filter(|text| !text.is_empty()) {
                Some(text) => format!("{id} ({text})"),
                None => id.to_owned(),
            }
        })
        .collect();
    let message = match details.len() {
        0 => format!("{id} is still in use, perhaps by a rule of another group"),
        1 => format!("{id} is still used by {}", details[0]),
        count => format!("{id} is still used by {count} network interfaces"),
    };
    Ok(Note { message, details, lasting: false })
}

async fn tag(cx: &Write<'_>, id: &str, tags: &Tags) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("ec2:CreateTags", || {
            cx.aws.ec2.create_tags().resources(id).set_tags(Some(tag_list(tags))).send()
        })
        .await?;
    Ok(())
}

fn marked(cx: &Write<'_>, want: &Props) -> Tags {
    let mut tags = cx.tags(&want.tags);
    tags.extend(cx.marks.clone());
    tags.extend(shared::tag_of_claims(&want.names).map(|text| (tags::NAMES.to_owned(), text)));
    tags
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

impl crate::Aws {
    /// Writes the seal of a complete apply onto the group around the stack's tasks, if there is one: the hash of
    /// all addresses, by which the next reading tells what somebody else removed. The group is what every stack
    /// has for itself: its cluster and its balancer may be somebody else's. `marks` are what else it is to say.
    pub async fn seal(&self, stack: &StackId, seal: &str, marks: &Tags) -> Result<(), AwsError> {
        let mut wanted = marks.clone();
        wanted.insert(tags::SEAL.to_owned(), seal.to_owned());
        let name = filter("group-name", &names::security_group(stack, TASKS));
        let got = self
            .caller
            .call("ec2:DescribeSecurityGroups", || {
                self.ec2.describe_security_groups().filters(name.clone()).send()
            })
            .await?;
        for group in got.security_groups() {
            let found = tag_map(group.tags());
            let same = wanted.iter().all(|(key, value)| found.get(key) == Some(value));
            let Some(id) = group.group_id() else { continue };
            if same || tags::owner(&found, stack) != Owner::Ours {
                continue;
            }
            self.caller
                .call("ec2:CreateTags", || {
                    self.ec2.create_tags().resources(id).set_tags(Some(tag_list(&wanted))).send()
                })
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wharf_graph::facts::Vpc;

    use super::*;
    use crate::testing;

    #[test]
    fn a_group_comes_back_as_it_was_wanted() {
        let group = Sdk::builder()
            .group_name("notes-prod-tasks")
            .description(description(TASKS))
            .vpc_id("vpc-1")
            .build();
        let spec = testing::stack().tags;
        assert_eq!(props(&group, &spec, &spec), SecurityGroup::example());
        let id = StackId { app: "notes".into(), env: Some("prod".into()) };
        assert_eq!(role(&group, &id), Some(TASKS));
    }

    #[test]
    fn without_a_vpc_there_is_a_problem_and_no_group() {
        let facts = Facts { vpc_problem: Some("no VPC here".into()), ..Facts::default() };
        let mut out = Declare::new();
        SecurityGroup::declare(&testing::stack(), &facts, &mut out);
        let (nodes, problems) = out.finish();
        assert!(nodes.is_empty());
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].message, "no VPC here");
    }

    #[test]
    fn workers_have_no_balancer() {
        let mut stack = testing::stack();
        stack.services.values_mut().for_each(|service| service.routing = None);
        let vpc = Vpc { id: "vpc-1".into(), cidr: String::new(), default: true };
        let facts = Facts { vpc: Some(vpc), ..Facts::default() };
        let mut out = Declare::new();
        SecurityGroup::declare(&stack, &facts, &mut out);
        let nodes = out.finish().0;
        assert_eq!(nodes.len(), 1);
        assert_eq!(nodes[0].address.name(), TASKS);
    }
}
