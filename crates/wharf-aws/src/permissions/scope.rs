//! What the words of the table mean for one stack: ARN patterns and conditions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use wharf_graph::StackId;
use wharf_spec::Stack;
use wharf_spec::stack::{BalancerRef, Image, SecretRef, VpcRef, Workload, Zone};

use super::need::{On, When};
use super::table::{ECS, SCALING};
use crate::reads::ecr;
use crate::{names, tags};

/// A stack, and where it stands.
pub(super) struct Scope<'a> {
    stack: &'a Stack,
    id: StackId,
    partition: &'static str,
    account: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn new(stack: &'a Stack) -> Self {
        // AWS General Reference, "Amazon Resource Names": the partition follows from the region.
        let partition = match stack.region.split('-').next() {
            Some("cn") => "aws-cn",
            _ if stack.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self {
            stack,
            id: StackId { app: stack.app.clone(), env: stack.env.clone() },
            partition,
            account: stack.account.as_deref().unwrap_or("*"),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.stack.region, self.account
        )
    }

    /// Writes the ARN of something that belongs to no region.
    fn global(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition, self.account)
    }

    /// Returns the pattern of something of the balancer owned elsewhere, if the stack shares one.
    fn elsewhere(&self, what: &str) -> Option<String> {
        let name = match self.stack.balancer.shared.as_ref()? {
            BalancerRef::Name(name) => name,
            BalancerRef::Arn(arn) => arn.split('/').nth(2).unwrap_or("*"),
            BalancerRef::Tag { .. } => "*",
        };
        Some(self.arn("elasticloadbalancing", &format!("{what}/app/{name}/*")))
    }

    /// Returns the patterns; none if the stack has nothing of the kind.
    pub(super) fn resources(&self, on: On) -> Vec<String> {
        let id = &self.id;
        let elb = |path: String| vec![self.arn("elasticloadbalancing", &path)];
        let balancer = || names::load_balancer(id);
        let clusters = || BTreeSet::from([names::cluster(self.stack), names::own_cluster(id)]);
        let in_clusters = |what: &str, rest: &str| {
            let each = clusters().into_iter();
            each.map(|name| self.arn("ecs", &format!("{what}/{name}{rest}"))).collect::<Vec<_>>()
        };
        let services = format!("/{}*", names::service_prefix(id));
        match on {
            On::Any => vec!["*".to_owned()],
            On::Cluster => vec![self.arn("ecs", &format!("cluster/{}", names::own_cluster(id)))],
            On::Clusters => in_clusters("cluster", ""),
            On::Services => in_clusters("service", &services),
            On::Rollouts => in_clusters("service-deployment", &services),
            On::ServiceRevisions => in_clusters("service-revision", &services),
            On::Tasks => in_clusters("task", "/*"),
            On::Families => vec![self.arn("ecs", &format!("task-definition/{id}-*:*"))],
            On::Balancer => elb(format!("loadbalancer/app/{}/*", balancer())),
            On::Listeners => elb(format!("listener/app/{}/*", balancer())),
            On::Rules => {
                let own = self
                    .arn("elasticloadbalancing", &format!("listener-rule/app/{}/*", balancer()));
                let elsewhere = self.elsewhere("listener-rule");
                std::iter::once(own).chain(elsewhere).collect()
            }
            On::ListenersElsewhere => self.elsewhere("listener").into_iter().collect(),
            On::TargetGroups => elb(format!("targetgroup/{}/*", names::target_group_pattern(id))),
            On::Repositories => vec![self.arn("ecr", &format!("repository/{}/*", id.app))],
            On::Images => self.images(),
            On::LogGroups => {
                vec![self.arn("logs", &format!("log-group:{}*", names::log_group_prefix(id)))]
            }
            On::ScheduleGroup => {
                let group = names::schedule_group(id);
                vec![self.arn("scheduler", &format!("schedule-group/{group}"))]
            }
            On::Schedules => {
                let group = names::schedule_group(id);
                vec![self.arn("scheduler", &format!("schedule/{group}/*"))]
            }
            On::Roles => vec![self.global("iam", &format!("role{}*", names::role_path(id)))],
            On::RoleNames => {
                let bare = format!("role/{}", names::role_pattern(id));
                let mut all = self.resources(On::Roles);
                all.push(self.global("iam", &bare));
                all
            }
            On::Shifter => {
                let role = names::role(id, &self.stack.region, "main", "shifter");
                let arn = self.global("iam", &format!("role{}{role}", names::role_path(id)));
                self.stack.shifting().take(1).map(|_| arn.clone()).collect()
            }
            On::RolesElsewhere => {
                let arns: BTreeSet<&str> =
                    self.stack.workloads().filter_map(|workload| workload.task_role).collect();
                arns.into_iter().map(str::to_owned).collect()
            }
            On::SecurityGroups => vec![self.arn("ec2", "security-group/*")],
            On::Vpc => match &self.stack.network.vpc {
                VpcRef::Id(id) => vec![self.arn("ec2", &format!("vpc/{id}"))],
                VpcRef::Default | VpcRef::Tag { .. } => vec![self.arn("ec2", "vpc/*")],
            },
            On::Certificates => vec![self.arn("acm", "certificate/*")],
            On::Zones => self.zones(),
            On::Lease => {
                let prefix = names::lease_prefix(id);
                let path = prefix.trim_matches('/');
                vec![self.arn("ssm", &format!("parameter/{path}*"))]
            }
            On::Secrets => self.secrets(),
            On::Scaled if self.scaled() => vec!["*".to_owned()],
            On::ScaledAlarms if self.scaled() => self.resources(On::ScalingAlarms),
            On::Watching if self.watches() => vec!["*".to_owned()],
            On::Scaled | On::ScaledAlarms | On::Watching => Vec::new(),
            On::ScalingAlarms => {
                let alarm = |name: String| format!("alarm:TargetTracking-service/{name}/*");
                clusters().into_iter().map(|name| self.arn("cloudwatch", &alarm(name))).collect()
            }
            On::Linked(SCALING) if !self.scaled() => Vec::new(),
            On::Linked(service) => {
                let role = format!("role/aws-service-role/{service}/*");
                vec![self.global("iam", &role)]
            }
        }
    }

    /// Says whether some service has a range of tasks.
    fn scaled(&self) -> bool {
        self.stack.services.values().any(|service| service.scaling.is_some())
    }

    fn watches(&self) -> bool {
        self.stack.services.values().any(|service| !service.deploy.alarms.is_empty())
    }

    fn images(&self) -> Vec<String> {
        let found = self.stack.workloads().filter_map(|one| match one.image {
            Image::Elsewhere(reference) => {
                let place = ecr::registry(reference)?;
                let (partition, region) = (self.partition, place.region);
                let (account, name) = (place.account, place.repository);
                Some(format!("arn:{partition}:ecr:{region}:{account}:repository/{name}"))
            }
            Image::Own { .. } | Image::Built { .. } | Image::Keep { .. } => None,
        });
        found.collect()
    }

    /// The zones that records may go to. One whose id nobody has written down may be any; its records
    /// are bound by their names.
    fn zones(&self) -> Vec<String> {
        let domains = self.stack.routed().filter_map(|one| one.routing.as_ref()?.domain.as_ref());
        let zone = |id: &str| format!("arn:{}:route53:::hostedzone/{id}", self.partition);
        let found = domains.filter_map(|domain| match &domain.zone {
            Zone::External => None,
            Zone::Id(id) => Some(zone(id)),
            Zone::Auto | Zone::Name(_) => Some(zone("*")),
        });
        found.collect()
    }

    /// The secrets by name. Their ARNs end in six characters that nobody can know (Secrets Manager User
    /// Guide, "What's in a secret").
    fn secrets(&self) -> Vec<String> {
        let all = self.stack.workloads().flat_map(Workload::secret_refs);
        let found = all.filter_map(|secret| match secret {
            SecretRef::Ssm { .. } => None,
            SecretRef::SecretsManager { name, .. } if name.starts_with("arn:") => {
                Some(name.clone())
            }
            SecretRef::SecretsManager { name, .. } => {
                Some(self.arn("secretsmanager", &format!("secret:{name}-??????")))
            }
        });
        found.collect()
    }

    /// Builds the condition; null for none.
    pub(super) fn condition(&self, when: When) -> Value {
        let (app, env) = (self.id.app.as_str(), self.id.env_tag());
        let tags = |kind: &str| {
            Map::from_iter([
                (format!("aws:{kind}/{}", tags::APP), Value::from(app)),
                (format!("aws:{kind}/{}", tags::ENV), Value::from(env)),
            ])
        };
        match when {
            When::Always => Value::Null,
            When::Here => json!({"StringEquals": {"aws:RequestedRegion": self.stack.region}}),
            When::Ours => json!({"StringEquals": tags("ResourceTag")}),
            When::OfApp => {
                json!({"StringEquals": {format!("aws:ResourceTag/{}", tags::APP): app}})
            }
            When::Bringing => json!({"StringEquals": tags("RequestTag")}),
            When::BringingApp => {
                json!({"StringEquals": {format!("aws:RequestTag/{}", tags::APP): app}})
            }
            When::Making(call) => {
                let mut keys = tags("RequestTag");
                let (service, operation) = call.split_once(':').unwrap_or_default();
                keys.insert(format!("{service}:CreateAction"), Value::from(operation));
                json!({"StringEquals": keys})
            }
            When::ToTasks => {
                json!({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
            }
            When::ToEcs => json!({"StringEquals": {"iam:PassedToService": ECS}}),
            When::ToScheduler => {
                json!({"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}})
            }
            When::For(service) => json!({"StringEquals": {"iam:AWSServiceName": service}}),
            When::InCluster => {
                let cluster = self.resources(On::Clusters);
                json!({"ArnLike": {"ecs:cluster": cluster}})
            }
            When::ScalingServices => json!({"StringEquals": {
                "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
                "application-autoscaling:service-namespace": "ecs",
            }}),
            When::OurNames => {
                // Route 53 compares them in lower case and without the last dot; the records that prove a
                // domain to ACM stand right below it.
                let names = self.stack.domain_names();
                let names: Vec<String> = names
                    .iter()
                    .flat_map(|name| {
                        let base = name.strip_prefix("*.").unwrap_or(name);
                        [name.replace('*', "\\052"), format!("_*.{base}")]
                    })
                    .collect();
                json!({
                    "ForAllValues:StringLike": {
                        "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
                        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "AAAA", "CNAME"],
                    }
                })
            }
        }
    }
}
