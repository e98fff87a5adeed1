//! Roles: the one ECS starts a task with, the one the task itself has, those that start jobs and move
//! requests.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::types::Tag;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_graph::{Address, Declare, Facts, Foreign, Grants, Live, Outcome, Policy, StackId};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::iam_policy;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::policy_document;
use crate::reads::Reads;
use crate::reads::iam::{FoundRole, SCHEDULER, SHIFTER, tag_map};
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// IAM shows a new role everywhere only after a while (IAM User Guide, eventual consistency).
const FRESH: &[Transient] =
    &[Transient { codes: &["NoSuchEntity"], text: "", budget: Duration::from_mins(2) }];
/// Detached policies keep a role from being deleted for a moment.
const ATTACHED: &[Transient] =
    &[Transient { codes: &["DeleteConflict"], text: "", budget: Duration::from_mins(2) }];

/// See the module.
pub(crate) struct Role;

/// Managed properties of a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    path: String,
    /// Who may take the role, as a canonical policy document.
    trust: Value,
    /// What the role may do, as a canonical policy document; null if nothing.
    policy: Value,
    tags: Tags,
}

impl Kind for Role {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("name", "a role cannot be renamed"),
            ("path", "a role cannot move to another path"),
        ],
        identity: Some("name"),
        // The cluster too: AWS deletes it only when the last task is gone, also of a service that drains and that no
        // list shows any more (ECS API reference, `DeleteService`, `DeleteCluster`).
        delete_after: &["service", "schedule", "cluster"],
        // IAM quotas: 10,240 characters for the inline policies of a role.
        grants: Some(Grants {
            list: "/policy/Statement",
            most: 10_240,
            users: &["service", "schedule"],
        }),
        ..Policy::plain("role", "role")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        let path = names::role_path(&id);
        for workload in stack.workloads() {
            let policies = [
                ("execution", Some(iam_policy::execution(&id, workload, facts))),
                ("task", iam_policy::task(workload)),
            ];
            for (role, policy) in policies {
                if role == "task" && workload.task_role.is_some() {
                    continue;
                }
                let name = names::role(&id, &stack.region, workload.name, role);
                let arn =
                    format!("arn:{}:iam::{}:role{path}{name}", facts.partition, facts.account);
                let props = Props {
                    name,
                    path: path.clone(),
                    trust: iam_policy::trust(&facts.account),
                    policy: policy.unwrap_or(Value::Null),
                    tags: stack.tags.clone(),
                };
                let node = out.add(&Self::POLICY, format!("{}/{role}", workload.name), &props);
                node.known_outputs = outputs(&arn);
            }
        }
        let mut of_the_stack = |address: &str, role: &str, trust: Value, policy: Value| {
            let name = names::role(&id, &stack.region, "main", role);
            let arn = format!("arn:{}:iam::{}:role{path}{name}", facts.partition, facts.account);
            let (path, tags) = (path.clone(), stack.tags.clone());
            let props = Props { name, path, trust, policy, tags };
            out.add(&Self::POLICY, address, &props).known_outputs = outputs(&arn);
        };
        if stack.scheduled().next().is_some() {
            let trust = iam_policy::scheduler_trust(&id, facts);
            of_the_stack(SCHEDULER, "scheduler", trust, iam_policy::scheduler(stack, &id, facts));
        }
        if stack.shifting().next().is_some() {
            let policy = iam_policy::shifter(&id, facts);
            of_the_stack(SHIFTER, "shifter", iam_policy::shifter_trust(), policy);
        }
    }

    fn example() -> Props {
        Props {
            name: "notes-prod-web-task-eu-west-1".to_owned(),
            path: "/wharf/notes/prod/".to_owned(),
            trust: iam_policy::trust("111122223333"),
            policy: policy_document::document([policy_document::allow(&["s3:GetObject"], &["*"])]),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.roles().await?;
        let found = got.value.iter().filter_map(|found| {
            let id = found.role.arn().to_owned();
            match tags::owner(&found.tags, &cx.id) {
                Owner::Ours => Some(Found::Ours(Owned {
                    name: found.name.clone(),
                    id: id.clone(),
                    props: props(found, &cx.stack.tags),
                    outputs: outputs(&id),
                    applied: found.tags.get(tags::SPEC).cloned(),
                    leaving: false,
                })),
                Owner::Other(owner) => {
                    let service = found.name.split('/').next().unwrap_or_default();
                    let needed = match found.name.as_str() {
                        SCHEDULER => cx.stack.scheduled().next().is_some(),
                        SHIFTER => cx.stack.shifting().next().is_some(),
                        _ => cx.stack.workload(service).is_some(),
                    };
                    let address = Address::new(Self::POLICY.kind, &found.name);
                    needed.then_some(Found::Foreign(Foreign { address, id, owner }))
                }
            }
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let all = cx.tags(&want.tags);
        let created = cx
            .aws
            .caller
            .call("iam:CreateRole", || {
                cx.aws
                    .iam
                    .create_role()
                    .role_name(&want.name)
                    .path(&want.path)
                    .assume_role_policy_document(want.trust.to_string())
                    .description(format!("Made by wharf for {}", cx.address))
                    .set_tags(Some(tag_list(&all)))
                    .send()
            })
            .await;
        match created {
            Ok(_) => {}
            Err(error) if error.is(&["EntityAlreadyExists"]) => {
                let (_, found) = get(cx, &want.name).await?;
                super::refuse_foreign(cx, &found, &format!("the role {}", want.name))?;
                put_trust(cx, &want).await?;
                tag(cx, &want.name, &all).await?;
                if want.policy.is_null() {
                    delete_policy(cx, &want.name, names::INLINE_POLICY).await?;
                }
            }
            Err(error) => return Err(error),
        }
        if !want.policy.is_null() {
            put_policy(cx, &want).await?;
        }
        let arn = visible(cx, &want.name).await?;
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.has("trust") {
            put_trust(cx, &want).await?;
        }
        if changed.has("policy") {
            if want.policy.is_null() {
                delete_policy(cx, &want.name, names::INLINE_POLICY).await?;
            } else {
                put_policy(cx, &want).await?;
            }
        }
        tag(cx, &want.name, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let name = live.id.rsplit('/').next().unwrap_or(&live.id);
        match strip(cx, name).await {
            Err(error) if error.is(&["NoSuchEntity"]) => return Ok(()),
            other => other?,
        }
        let deleted = cx
            .aws
            .caller
            .retrying(ATTACHED, async || {
                cx.aws
                    .caller
                    .call("iam:DeleteRole", || cx.aws.iam.delete_role().role_name(name).send())
                    .await
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["NoSuchEntity"]) => Err(error),
            _ => Ok(()),
        }
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Brings what IAM returns into canonical form.
fn props(found: &FoundRole, spec: &Tags) -> Props {
    let document = |text: Option<&str>| text.map_or(Value::Null, policy_document::decode);
    Props {
        name: found.role.role_name().to_owned(),
        path: found.role.path().to_owned(),
        trust: document(found.role.assume_role_policy_document()),
        policy: document(found.policy.as_deref()),
        tags: tags::managed(&found.tags, spec),
    }
}

/// Returns the ARN and tags of a role.
async fn get(cx: &Write<'_>, name: &str) -> Result<(String, Tags), AwsError> {
    cx.aws
        .caller
        .retrying(FRESH, async || {
            let got = cx
                .aws
                .caller
                .call("iam:GetRole", || cx.aws.iam.get_role().role_name(name).send())
                .await?;
            let role = got.role();
            Ok((
                role.map(|role| role.arn().to_owned()).unwrap_or_default(),
                role.map(|role| tag_map(role.tags())).unwrap_or_default(),
            ))
        })
        .await
}

/// Waits until IAM shows the role with its ARN; right after creation the field can hold an id
/// instead. Whoever takes the role retries beyond that, since IAM cannot be asked whether it is
/// known everywhere.
async fn visible(cx: &Write<'_>, name: &str) -> Result<String, AwsError> {
    wait(
        cx.aws.caller.pace,
        cx.step,
        "the role to become visible",
        Duration::from_secs(1),
        Duration::from_mins(2),
        async || {
            let (arn, _) = get(cx, name).await?;
            Ok(if arn.starts_with("arn:") {
                Look::Ready(arn)
            } else {
                Look::not_yet("the role is not visible yet")
            })
        },
    )
    .await
}

async fn put_trust(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("iam:UpdateAssumeRolePolicy", || {
            cx.aws
                .iam
                .update_assume_role_policy()
                .role_name(&want.name)
                .policy_document(want.trust.to_string())
                .send()
        })
        .await?;
    Ok(())
}

async fn put_policy(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    cx.aws
        .caller
        .retrying(FRESH, async || {
            cx.aws
                .caller
                .call("iam:PutRolePolicy", || {
                    cx.aws
                        .iam
                        .put_role_policy()
                        .role_name(&want.name)
                        .policy_name(names::INLINE_POLICY)
                        .policy_document(want.policy.to_string())
                        .send()
                })
                .await
        })
        .await?;
    Ok(())
}

async fn delete_policy(cx: &Write<'_>, role: &str, policy: &str) -> Result<(), AwsError> {
    let deleted = cx
        .aws
        .caller
        .call("iam:DeleteRolePolicy", || {
            cx.aws.iam.delete_role_policy().role_name(role).policy_name(policy).send()
        })
        .await;
    match deleted {
        Err(error) if !error.is(&["NoSuchEntity"]) => Err(error),
        _ => Ok(()),
    }
}

/// Takes every policy off a role, whoever put it there: IAM refuses to delete one that has any
/// (IAM API reference, `DeleteRole`).
async fn strip(cx: &Write<'_>, role: &str) -> Result<(), AwsError> {
    let call = &cx.aws.caller;
    let inline = call
        .call("iam:ListRolePolicies", || cx.aws.iam.list_role_policies().role_name(role).send())
        .await?;
    for policy in inline.policy_names() {
        delete_policy(cx, role, policy).await?;
    }
    let attached = call
        .call("iam:ListAttachedRolePolicies", || {
            cx.aws.iam.list_attached_role_policies().role_name(role).send()
        })
        .await?;
    for arn in attached.attached_policies().iter().filter_map(|policy| policy.policy_arn()) {
        let detached = call
            .call("iam:DetachRolePolicy", || {
                cx.aws.iam.detach_role_policy().role_name(role).policy_arn(arn).send()
            })
            .await;
        match detached {
            Err(error) if !error.is(&["NoSuchEntity"]) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

async fn tag(cx: &Write<'_>, role: &str, tags: &Tags) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("iam:TagRole", || {
            cx.aws.iam.tag_role().role_name(role).set_tags(Some(tag_list(tags))).send()
        })
        .await?;
    Ok(())
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    // Key and value are both set, which is all that building asks for.
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;
    use crate::testing;

    #[test]
    fn documents_come_back_encoded_and_rearranged() {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let trust = r#"{"Statement":{"Action":"sts:AssumeRole","Effect":"Allow",
            "Condition":{"StringEquals":{"aws:SourceAccount":["111122223333"]}},
            "Principal":{"Service":["ecs-tasks.amazonaws.com"]}},"Version":"2012-10-17"}"#;
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
            "Action":["s3:GetObject"],"Resource":"*"}]}"#;
        let found = FoundRole {
            name: "web/task".to_owned(),
            role: aws_sdk_iam::types::Role::builder()
                .role_name("notes-prod-web-task-eu-west-1")
                .path("/wharf/notes/prod/")
                .role_id("AROA")
                .arn("arn:aws:iam::111122223333:role/x")
                .create_date(DateTime::from_secs(0))
                .assume_role_policy_document(encode(trust))
                .build()
                .unwrap(),
            tags: testing::stack().tags,
            policy: Some(encode(policy)),
        };
        assert_eq!(props(&found, &testing::stack().tags), Role::example());
    }

    #[test]
    fn a_task_without_permissions_has_a_role_without_policy() {
        let facts = Facts {
            account: "111122223333".into(),
            partition: "aws".into(),
            region: "eu-west-1".into(),
            ..Facts::default()
        };
        let mut out = Declare::new();
        Role::declare(&testing::stack(), &facts, &mut out);
        let nodes = out.finish().0;
        let policy = |name: &str| {
            let address = Address::new("role", name);
            let node = nodes.iter().find(|node| node.address == address).unwrap();
            (node.props["policy"].is_null(), node.known_outputs["arn"].clone())
        };
        assert!(policy("web/task").0);
        let (none, arn) = policy("web/execution");
        assert!(!none);
        let name = "notes-prod-web-execution-eu-west-1";
        assert_eq!(arn, format!("arn:aws:iam::111122223333:role/wharf/notes/prod/{name}"));
    }
}
