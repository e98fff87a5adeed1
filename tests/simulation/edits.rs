//! What somebody does in the console: to the stack's objects, or beside them.

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
}

const ALL: &[Edit] = &[
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

impl Edit {
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        *draw.pick(ALL)
    }

    /// Says whether users may notice the edit itself.
    pub(crate) fn harms(self) -> bool {
        matches!(
            self,
            Self::IngressRuleGone | Self::HealthPath | Self::ListenerRuleGone | Self::RecordGone
        )
    }

    /// Does it; where the object does not exist, nothing happens.
    pub(crate) fn apply(self, world: &mut World) {
        let ours =
            |tags: &wharf_sandbox::Tags| tags.get("wharf:app").is_some_and(|app| app == "notes");
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

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
