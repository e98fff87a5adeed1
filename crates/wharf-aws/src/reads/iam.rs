//! Roles and their inline policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_iam::types::Role;
use futures::future::try_join_all;

use wharf_graph::ErrorClass;
use wharf_graph::facts::RoleFact;

use crate::error::AwsError;
use crate::names;
use crate::policy_document;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Tags};

/// The two roles of a service or job.
pub(crate) const ROLES: [&str; 2] = ["execution", "task"];

/// The role that starts jobs at their times.
pub(crate) const SCHEDULER: &str = "main/scheduler";

/// The role with which ECS moves requests between target groups.
pub(crate) const SHIFTER: &str = "main/shifter";

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    roles: Memo<Vec<FoundRole>>,
}

/// A role with its tags and policy.
#[derive(Clone, Debug)]
pub(crate) struct FoundRole {
    /// `<service>/execution`, `<service>/task`, `main/scheduler` or `main/shifter`.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) tags: Tags,
    /// The inline policy, URL-encoded as IAM returns it.
    pub(crate) policy: Option<String>,
}

impl Reads {
    /// Reads the roles of the stack in this region: those of the spec's services by name, and those
    /// under the stack's path that the spec no longer has.
    pub(crate) async fn roles(&self) -> Result<Arc<Got<Vec<FoundRole>>>, AwsError> {
        self.memos
            .iam
            .roles
            .get(async || {
                let wanted: BTreeMap<String, String> =
                    self.stack
                        .workloads()
                        .flat_map(|workload| ROLES.map(|role| (workload, role)))
                        .filter(|(workload, role)| *role != "task" || workload.task_role.is_none())
                        .map(|(workload, role)| {
                            let name = workload.name;
                            (self.role_name(name, role), format!("{name}/{role}"))
                        })
                        .chain(
                            self.stack.scheduled().take(1).map(|_| {
                                (self.role_name("main", "scheduler"), SCHEDULER.to_owned())
                            }),
                        )
                        .chain(
                            self.stack
                                .shifting()
                                .take(1)
                                .map(|_| (self.role_name("main", "shifter"), SHIFTER.to_owned())),
                        )
                        .collect();
                let named = wanted.iter().map(|(role, name)| self.role(role, Some(name), 0));
                let (named, left) = futures::join!(try_join_all(named), self.left_roles(&wanted));
                let (named, left) = (named?, left?);
                let round = named.iter().chain(&left).map(|one| one.round).max().unwrap_or(0);
                let value = named.into_iter().chain(left).filter_map(|one| one.value).collect();
                Ok(Got { value, round })
            })
            .await
    }

    /// Reads the roles the spec only refers to. Those of other accounts are not there: a task takes
    /// roles of its own account (ECS Developer Guide, "Amazon ECS task IAM role").
    /// One that may not be looked at is left out.
    pub(crate) async fn roles_elsewhere(&self) -> Result<BTreeMap<String, RoleFact>, AwsError> {
        let arns: BTreeSet<&str> =
            self.stack.workloads().filter_map(|workload| workload.task_role).collect();
        let looks = arns.into_iter().map(async |arn| {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            let found =
                self.call(0, "iam:GetRole", |aws| aws.iam.get_role().role_name(name).send()).await;
            let fact = match found {
                Err(error) if error.is(&["NoSuchEntity"]) => RoleFact::Missing,
                // Whoever may not look at somebody else's role may still use it.
                Err(error) if error.class == ErrorClass::Denied => return Ok(None),
                Err(error) => return Err(error),
                Ok(got) => match got.value.role() {
                    Some(role) if role.arn() == arn => {
                        let trust = role.assume_role_policy_document().unwrap_or_default();
                        if policy_document::trusts(
                            &policy_document::decode(trust),
                            policy_document::TASKS,
                        ) {
                            RoleFact::Usable
                        } else {
                            RoleFact::NotForTasks
                        }
                    }
                    _ => RoleFact::Missing,
                },
            };
            Ok(Some((arn.to_owned(), fact)))
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    fn role_name(&self, service: &str, role: &str) -> String {
        names::role(&self.id, &self.stack.region, service, role)
    }

    /// Reads one role with its policy. Without `name` its tags must tell what it was made for in
    /// this region: the path is shared with stacks of the same name in other regions.
    async fn role(
        &self,
        role: &str,
        name: Option<&str>,
        after: u32,
    ) -> Result<Got<Option<FoundRole>>, AwsError> {
        let absent = Ok(Got { value: None, round: after + 1 });
        let (found, policy) = futures::join!(
            self.call(after, "iam:GetRole", |aws| aws.iam.get_role().role_name(role).send()),
            self.call(after, "iam:GetRolePolicy", |aws| {
                aws.iam.get_role_policy().role_name(role).policy_name(names::INLINE_POLICY).send()
            }),
        );
        let found = match found {
            Ok(found) => found,
            Err(error) if error.is(&["NoSuchEntity"]) => return absent,
            Err(error) => return Err(error),
        };
        let policy = match policy {
            Ok(policy) => Some(policy.value.policy_document().to_owned()),
            Err(error) if error.is(&["NoSuchEntity"]) => None,
            Err(error) => return Err(error),
        };
        let Some(info) = found.value.role() else { return absent };
        let tags = self.with_claim(info.arn(), tag_map(info.tags()));
        let name = match name {
            Some(name) => name.to_owned(),
            None => match tags::address(&tags, "role") {
                Some(address) => address.name().to_owned(),
                None => return absent,
            },
        };
        let here = name
            .rsplit_once('/')
            .is_some_and(|(service, kind)| self.role_name(service, kind) == role);
        let value = here.then(|| FoundRole { name, role: info.clone(), tags, policy });
        Ok(Got { value, round: found.round })
    }

    async fn left_roles(
        &self,
        wanted: &BTreeMap<String, String>,
    ) -> Result<Vec<Got<Option<FoundRole>>>, AwsError> {
        let path = names::role_path(&self.id);
        let (mut left, mut round, mut marker) = (Vec::new(), 0, None::<String>);
        loop {
            let got = self
                .call(round, "iam:ListRoles", |aws| {
                    aws.iam.list_roles().path_prefix(&path).set_marker(marker.clone()).send()
                })
                .await?;
            round = got.round;
            // Paths below this one belong to stacks with an environment.
            let below = got.value.roles().iter().filter(|role| role.path() == path);
            left.extend(below.map(|role| role.role_name().to_owned()));
            marker = got.value.marker().map(str::to_owned);
            if !got.value.is_truncated() || marker.is_none() {
                break;
            }
        }
        left.retain(|role| !wanted.contains_key(role));
        try_join_all(left.iter().map(|role| self.role(role, None, round))).await
    }
}

/// Turns IAM's list of tags into a map.
pub(crate) fn tag_map(list: &[aws_sdk_iam::types::Tag]) -> Tags {
    list.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
