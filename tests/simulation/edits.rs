//! What somebody does in the console: to the stack's objects, or beside them.

use serde_json::json;
use wharf_sandbox::image::{self, App};
use wharf_sandbox::services::ecr;
use wharf_sandbox::world::World;

use crate::draw::Draw;
use crate::spec::REGION;

/// One change by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    IngressRuleGone,
    IdleTimeout,
    Drain,
    HealthPath,
    Retention,
    ListenerRuleGone,
    RecordGone,
    RolePolicy,
    ForeignTag,
    Insights,
    NewNeighbour,
    /// The service runs one task more.
    OneMoreTask,
    /// The service runs no tasks.
    NoTasks,
    /// The service is deleted, and drains.
    ServiceGone,
    /// A rule of the balancer and the target group behind it are deleted, where AWS lets that happen.
    TargetGroupGone,
    /// Another image is pushed under the tag that runs.
    Repushed,
    /// All rules that let anybody in are taken from all groups.
    Shut,
    /// The log group is deleted.
    LogGroupGone,
    /// Of a service with two target groups, both get requests.
    LedToBoth,
    /// Of a service with two target groups, the one without its tasks gets all requests.
    LedAstray,
    /// A service gets new tasks, whatever is under way.
    Restarted,
}

/// Those of the first generation.
const FIRST: &[Edit] = &[
    Edit::IngressRuleGone,
    Edit::IdleTimeout,
    Edit::Drain,
    Edit::HealthPath,
    Edit::Retention,
    Edit::ListenerRuleGone,
    Edit::RecordGone,
    Edit::RolePolicy,
    Edit::ForeignTag,
    Edit::Insights,
    Edit::NewNeighbour,
];

/// Those of the second.
const SECOND: &[Edit] = &[
    Edit::OneMoreTask,
    Edit::NoTasks,
    Edit::ServiceGone,
    Edit::TargetGroupGone,
    Edit::Repushed,
    Edit::Shut,
    Edit::LogGroupGone,
];

/// Those of the eighth.
const EIGHTH: &[Edit] = &[Edit::LedToBoth, Edit::LedAstray, Edit::Restarted];

impl Edit {
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        *draw.pick(FIRST)
    }

    /// Perhaps another one, of those that came later.
    pub(crate) fn or_newer(self, draw: &mut Draw) -> Self {
        let own = if draw.since(2) && draw.chance(50) { *draw.pick(SECOND) } else { self };
        if draw.since(8) && draw.chance(15) { *draw.pick(EIGHTH) } else { own }
    }

    /// Says whether users may notice the edit itself.
    pub(crate) fn harms(self) -> bool {
        matches!(
            self,
            Self::IngressRuleGone
                | Self::HealthPath
                | Self::ListenerRuleGone
                | Self::RecordGone
                | Self::NoTasks
                | Self::ServiceGone
                | Self::TargetGroupGone
                | Self::Repushed
                | Self::Shut
                | Self::LedToBoth
                | Self::LedAstray
                | Self::Restarted
        )
    }

    /// Does it; where the object does not exist, nothing happens.
    pub(crate) fn apply(self, world: &mut World) {
        if SECOND.contains(&self) || EIGHTH.contains(&self) {
            // What AWS refuses does not happen.
            return self.by_hand(world).unwrap_or_default();
        }
        if self == Self::NewNeighbour {
            world.ensure_log_group(REGION, "/wharf/notes-appeared/web");
            return;
        }
        let zones = &mut world.global.route53.zones;
        if self == Self::RecordGone {
            for zone in zones.values_mut() {
                zone.records.retain(|it| it.name != "notes.example.com." || it.kind != "A");
            }
            return;
        }
        if self == Self::RolePolicy {
            let role = world.global.iam.roles.values_mut().find(|role| ours(&role.tags));
            if let Some(role) = role {
                role.inline.insert("by-hand".to_owned(), POLICY.to_owned());
            }
            return;
        }
        let region = world.region(REGION);
        match self {
            Self::IngressRuleGone => {
                let groups = &region.ec2.groups;
                let rule = region.ec2.rules.values().find(|rule| {
                    !rule.egress && groups.get(&rule.group).is_some_and(|it| ours(&it.tags))
                });
                let id = rule.map(|rule| rule.id.clone());
                id.and_then(|id| region.ec2.rules.remove(&id));
            }
            Self::IdleTimeout => {
                let balancer = region.elbv2.balancers.values_mut().find(|it| ours(&it.tags));
                if let Some(balancer) = balancer {
                    let key = "idle_timeout.timeout_seconds".to_owned();
                    balancer.attributes.insert(key, "33".to_owned());
                }
            }
            Self::Drain | Self::HealthPath => {
                let group = region.elbv2.target_groups.values_mut().find(|it| ours(&it.tags));
                if let Some(group) = group {
                    if self == Self::Drain {
                        let key = "deregistration_delay.timeout_seconds".to_owned();
                        group.attributes.insert(key, "7".to_owned());
                    } else {
                        "/by-hand".clone_into(&mut group.check.path);
                    }
                }
            }
            Self::Retention => {
                if let Some(group) = region.logs.groups.values_mut().find(|it| ours(&it.tags)) {
                    group.retention_days = Some(3653);
                }
            }
            Self::ListenerRuleGone => {
                let rule = region.elbv2.rules.values().find(|it| ours(&it.tags));
                let arn = rule.map(|it| it.arn.clone());
                arn.and_then(|arn| region.elbv2.rules.remove(&arn));
            }
            Self::ForeignTag => {
                if let Some(group) = region.ec2.groups.values_mut().find(|it| ours(&it.tags)) {
                    group.tags.insert("cost".to_owned(), "4711".to_owned());
                }
            }
            Self::Insights => {
                if let Some(cluster) = region.ecs.clusters.values_mut().find(|it| ours(&it.tags)) {
                    "enabled".clone_into(&mut cluster.insights);
                }
            }
            _ => {}
        }
    }
}

/// Says whether tags are those of the stack that is judged.
fn ours(tags: &wharf_sandbox::Tags) -> bool {
    let is = |tag: &str, value: &str| tags.get(tag).is_some_and(|it| it == value);
    is("wharf:app", "notes") && is("wharf:env", "-")
}

impl Edit {
    /// Does it by calls, as the console does.
    fn by_hand(self, world: &mut World) -> Option<()> {
        match self {
            Self::LedToBoth | Self::LedAstray => {
                let services = &world.region(REGION).ecs.services;
                let led = services.values().filter(|it| ours(&it.tags)).find_map(|service| {
                    let revision = service.revisions.last()?;
                    let balancer = revision.balancers.first()?;
                    let advanced = balancer.advanced.as_ref()?;
                    let both = [&balancer.target_group, &advanced.alternate];
                    let weights = both.map(|group| {
                        let own = Some(group) == revision.group(0);
                        (group.clone(), u32::from(self == Self::LedToBoth || !own))
                    });
                    Some((advanced.rule.clone(), weights))
                });
                let (rule, weights) = led?;
                world.weigh(REGION, &rule, &weights);
                Some(())
            }
            Self::OneMoreTask | Self::NoTasks | Self::ServiceGone | Self::Restarted => {
                let services = &world.region(REGION).ecs.services;
                let found = services.values().find(|it| it.status == "ACTIVE" && ours(&it.tags))?;
                let (cluster, service, count) =
                    (found.cluster.clone(), found.name.clone(), found.desired);
                let count = if self == Self::NoTasks { 0 } else { count + 1 };
                let mut input = json!({"cluster": cluster, "service": service});
                if self == Self::ServiceGone {
                    input["force"] = json!(true);
                    world.by_hand(REGION, "ecs", "DeleteService", &input).ok().map(drop)
                } else {
                    if self == Self::Restarted {
                        input["forceNewDeployment"] = json!(true);
                    } else {
                        input["desiredCount"] = json!(count);
                    }
                    world.by_hand(REGION, "ecs", "UpdateService", &input).ok().map(drop)
                }
            }
            Self::TargetGroupGone => {
                let elb = &mut world.region(REGION).elbv2;
                let rule = elb.rules.values().find(|it| ours(&it.tags))?;
                let rule = rule.arn.clone();
                let groups: Vec<String> = elb
                    .target_groups
                    .values()
                    .filter(|it| ours(&it.tags))
                    .map(|it| it.arn.clone())
                    .collect();
                world.by_hand(REGION, ELB, "DeleteRule", &json!({"RuleArn": rule})).ok()?;
                // The one that nothing refers to any more goes; the others are in use.
                for group in groups {
                    let input = json!({"TargetGroupArn": group});
                    drop(world.by_hand(REGION, ELB, "DeleteTargetGroup", &input));
                }
                Some(())
            }
            Self::Repushed => {
                let repositories = &world.region(REGION).ecr.repositories;
                let own = |it: &&ecr::state::Repository| {
                    it.tags.get("wharf:app").is_some_and(|app| app == "notes")
                        && it.name != "notes/side"
                };
                let found = repositories.values().find(own)?.name.clone();
                let app = App { startup_seconds: 5, ..App::default() };
                let platforms = image::both_platforms();
                world.push_image(REGION, &found, "v1", &platforms, app).map(drop)
            }
            Self::Shut => {
                let ec2 = &mut world.region(REGION).ec2;
                let groups = &ec2.groups;
                ec2.rules.retain(|_, rule| {
                    rule.egress || !groups.get(&rule.group).is_some_and(|it| ours(&it.tags))
                });
                Some(())
            }
            Self::LogGroupGone => {
                let groups = &world.region(REGION).logs.groups;
                let (name, _) = groups.iter().find(|(_, it)| ours(&it.tags))?;
                let input = json!({"logGroupName": name});
                world.by_hand(REGION, "logs", "DeleteLogGroup", &input).ok().map(drop)
            }
            _ => None,
        }
    }
}

const ELB: &str = "elasticloadbalancing";

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
