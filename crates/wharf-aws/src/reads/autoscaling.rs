//! What Application Auto Scaling does with the stack's services.
//!
//! A fixed number of tasks costs no call: only services are asked for that are to be scaled, or that
//! something says are. That is the tag [`SCALED`], which stands on a service as long as its registration
//! may exist; a number of tasks that is not the spec's; and a service that the spec does not name.
//! Registrations outlive their service, so services that should be there are asked for by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ScalingPolicy, ScheduledAction, ServiceNamespace,
};
use futures::future::try_join_all;
use wharf_graph::Facts;

use crate::error::AwsError;
use crate::kinds::target_group::{self, Role};
use crate::names;
use crate::reads::ecs::TaggedService;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner};

/// Tag of a service whose number of tasks an autoscaler decides, or may still decide.
pub(crate) const SCALED: &str = "wharf:scaled";
/// Most resources of one call (Application Auto Scaling API reference, `DescribeScalableTargets`).
const TARGETS_PER_CALL: usize = 50;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    scaled: Memo<Vec<Scaled>>,
}

/// A registered service, with everything that belongs to the registration.
#[derive(Clone, Debug)]
pub(crate) struct Scaled {
    /// The spec's name of the service.
    pub(crate) service: String,
    /// ARN of the service.
    pub(crate) service_arn: String,
    pub(crate) target: ScalableTarget,
    pub(crate) policies: Vec<ScalingPolicy>,
    pub(crate) actions: Vec<ScheduledAction>,
}

/// Everything here is about services of ECS.
pub(crate) fn namespace() -> ServiceNamespace {
    ServiceNamespace::Ecs
}

/// The number of tasks is the only thing of a service that is scaled.
pub(crate) fn dimension() -> ScalableDimension {
    ScalableDimension::EcsServiceDesiredCount
}

/// Returns `service/cluster/name` of a service's ARN (Application Auto Scaling API reference,
/// `RegisterScalableTarget`).
pub(crate) fn resource_of(service_arn: &str) -> &str {
    service_arn.splitn(6, ':').nth(5).unwrap_or(service_arn)
}

impl Reads {
    /// Reads the registrations of the stack's services.
    pub(crate) async fn scaled(&self) -> Result<Arc<Got<Vec<Scaled>>>, AwsError> {
        self.memos
            .autoscaling
            .scaled
            .get(async || {
                let (wanted, after) = self.perhaps_scaled().await?;
                if wanted.is_empty() {
                    return Ok(Got { value: Vec::new(), round: after });
                }
                let resources: Vec<String> = wanted.keys().cloned().collect();
                let (targets, policies, actions) = futures::try_join!(
                    self.scalable_targets(&resources, after),
                    self.of_resources::<ScalingPolicy>(&resources, after),
                    self.of_resources::<ScheduledAction>(&resources, after),
                )?;
                let value = targets
                    .into_iter()
                    .filter_map(|target| {
                        let resource = target.resource_id().to_owned();
                        let (service, service_arn) = wanted.get(&resource)?.clone();
                        let own = |id: &str| id == resource;
                        Some(Scaled {
                            policies: policies
                                .iter()
                                .filter(|policy| own(policy.resource_id()))
                                .cloned()
                                .collect(),
                            actions: actions
                                .iter()
                                .filter(|action| own(action.resource_id()))
                                .cloned()
                                .collect(),
                            service,
                            service_arn,
                            target,
                        })
                    })
                    .collect();
                Ok(Got { value, round: after + 1 })
            })
            .await
    }

    /// Lists the services that may be registered, by resource: their names and ARNs.
    async fn perhaps_scaled(&self) -> Result<(BTreeMap<String, (String, String)>, u32), AwsError> {
        let services = self.services().await?;
        let mut wanted = BTreeMap::new();
        let mut there = Vec::new();
        for found in &services.value {
            let Some(name) = found.name(&self.id) else { continue };
            let Some(arn) = found.service.service_arn() else { continue };
            if !found.leaving() {
                there.push(name.clone());
            }
            let hinted = match self.stack.services.get(&name) {
                Some(spec) => {
                    let as_wanted =
                        i64::from(found.service.desired_count()) == i64::from(spec.count);
                    spec.scaling.is_some() || !as_wanted || found.tags.contains_key(SCALED)
                }
                None => true,
            };
            if hinted {
                wanted.insert(resource_of(arn).to_owned(), (name, arn.to_owned()));
            }
        }
        let mut after = services.round;
        for (service, resource, round) in self.left_registered(&services.value).await? {
            let arn = format!("{}{resource}", self.ecs_arn().await?);
            after = after.max(round);
            wanted.entry(resource).or_insert((service, arn));
        }
        let missing: Vec<_> =
            self.stack.services.values().filter(|spec| !there.contains(&spec.name)).collect();
        let cluster = self.cluster_of_tasks().await?.value.is_some();
        if missing.iter().any(|spec| cluster || spec.scaling.is_some()) {
            let (identity, vpc, balancer) =
                futures::try_join!(self.identity(), self.vpc(), self.shared_fact())?;
            let facts = Facts { vpc: vpc.value.clone().ok(), balancer, ..Facts::default() };
            after = after.max(vpc.round).max(identity.round);
            let (partition, account) = (&identity.value.partition, &identity.value.account);
            for spec in missing.iter().filter(|spec| cluster || spec.scaling.is_some()) {
                let group = target_group::physical_name(&self.stack, &facts, &spec.name);
                let name = names::service(&self.id, &spec.name, group.as_deref());
                let region = &self.stack.region;
                for cluster in self.cluster_names() {
                    let resource = format!("service/{cluster}/{name}");
                    let arn = format!("arn:{partition}:ecs:{region}:{account}:{resource}");
                    wanted.entry(resource).or_insert_with(|| (spec.name.clone(), arn));
                }
            }
        }
        Ok((wanted, after))
    }

    /// Lists what services that are gone may have been registered as: those whose target groups are there. Deleting
    /// a service takes no registration with it.
    async fn left_registered(
        &self,
        services: &[TaggedService],
    ) -> Result<Vec<(String, String, u32)>, AwsError> {
        let (groups, tags) = futures::try_join!(self.target_groups(), self.balancer_tags())?;
        let mut found = Vec::new();
        for group in &groups.value {
            let own = group.target_group_arn().and_then(|arn| tags.value.get(arn));
            let own = own.filter(|own| tags::owner(own, &self.id) == Owner::Ours);
            let Some(address) = own.and_then(|own| tags::address(own, "target_group")) else {
                continue;
            };
            if Role::of(address.name()) == Role::Alternate {
                continue;
            }
            let name = names::service(&self.id, address.name(), group.target_group_name());
            let there = |resource: &str| {
                let arns = services.iter().filter_map(|one| one.service.service_arn());
                arns.map(resource_of).any(|one| one == resource)
            };
            for cluster in self.cluster_names() {
                let resource = format!("service/{cluster}/{name}");
                if !there(&resource) {
                    found.push((address.name().to_owned(), resource, tags.round));
                }
            }
        }
        Ok(found)
    }

    /// Returns what ARNs of ECS begin with.
    async fn ecs_arn(&self) -> Result<String, AwsError> {
        let identity = self.identity().await?;
        let (partition, account) = (&identity.value.partition, &identity.value.account);
        Ok(format!("arn:{partition}:ecs:{}:{account}:", self.stack.region))
    }

    async fn scalable_targets(
        &self,
        resources: &[String],
        after: u32,
    ) -> Result<Vec<ScalableTarget>, AwsError> {
        let batches = resources.chunks(TARGETS_PER_CALL).map(|batch| async {
            let operation = "application-autoscaling:DescribeScalableTargets";
            let got = self
                .call(after, operation, |aws| {
                    aws.autoscaling
                        .describe_scalable_targets()
                        .service_namespace(namespace())
                        .scalable_dimension(dimension())
                        .set_resource_ids(Some(batch.to_vec()))
                        .send()
                })
                .await?;
            Ok::<_, AwsError>(got.value.scalable_targets.unwrap_or_default())
        });
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// Reads what belongs to resources: to one by its name, to several from a list of the account's if that
    /// has one page only, whichever is fewer calls. The API has no list of resources to filter by.
    async fn of_resources<T: Listed>(
        &self,
        resources: &[String],
        after: u32,
    ) -> Result<Vec<T>, AwsError> {
        if resources.len() > 1 {
            let (all, token) = T::page(self, None, None, after).await?;
            if token.is_none() {
                return Ok(all);
            }
        }
        let each = resources.iter().map(|resource| async {
            let mut found = Vec::new();
            let mut token = None;
            loop {
                let (page, next) = T::page(self, Some(resource), token, after).await?;
                found.extend(page);
                if next.is_none() {
                    return Ok::<_, AwsError>(found);
                }
                token = next;
            }
        });
        Ok(try_join_all(each).await?.into_iter().flatten().collect())
    }
}

/// A page, and what leads to the next.
type Page<T> = (Vec<T>, Option<String>);

/// What is listed page by page, of one resource or of all.
trait Listed: Sized + Send {
    fn page(
        reads: &Reads,
        resource: Option<&String>,
        token: Option<String>,
        after: u32,
    ) -> impl Future<Output = Result<Page<Self>, AwsError>> + Send;
}

impl Listed for ScalingPolicy {
    async fn page(
        reads: &Reads,
        resource: Option<&String>,
        token: Option<String>,
        after: u32,
    ) -> Result<Page<Self>, AwsError> {
        let got = reads
            .call(after, "application-autoscaling:DescribeScalingPolicies", |aws| {
                aws.autoscaling
                    .describe_scaling_policies()
                    .service_namespace(namespace())
                    .set_resource_id(resource.cloned())
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((got.value.scaling_policies.unwrap_or_default(), got.value.next_token))
    }
}

impl Listed for ScheduledAction {
    async fn page(
        reads: &Reads,
        resource: Option<&String>,
        token: Option<String>,
        after: u32,
    ) -> Result<Page<Self>, AwsError> {
        let got = reads
            .call(after, "application-autoscaling:DescribeScheduledActions", |aws| {
                aws.autoscaling
                    .describe_scheduled_actions()
                    .service_namespace(namespace())
                    .set_resource_id(resource.cloned())
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((got.value.scheduled_actions.unwrap_or_default(), got.value.next_token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_the_end_of_the_arn() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:service/notes-prod/notes-prod-api-1a2b";
        assert_eq!(resource_of(arn), "service/notes-prod/notes-prod-api-1a2b");
    }
}
