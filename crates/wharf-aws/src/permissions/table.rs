//! Every call the code makes, with what IAM asks for it.
//!
//! Which actions take which resources and conditions is from the Service Authorization Reference, the
//! page of each service. Where an action takes no resource, `Any` is all there is to say.

use super::Verb;
use super::need::{Need, On, Row, When};

const READ: &[Verb] = &[Verb::Plan, Verb::Apply, Verb::Destroy];
const READ_AND_PUSH: &[Verb] = &[Verb::Plan, Verb::Apply, Verb::Destroy, Verb::Push];
const PUSH: &[Verb] = &[Verb::Push];
const APPLY: &[Verb] = &[Verb::Apply];
/// Calls that are made only for whoever asks for them, with permissions of their own.
const NONE: &[Verb] = &[];
const WRITE: &[Verb] = &[Verb::Apply, Verb::Destroy];

pub(super) const ECS: &str = "ecs.amazonaws.com";
/// Principal of the autoscaler of services.
pub(super) const SCALING: &str = "ecs.application-autoscaling.amazonaws.com";
const ELB: &str = "elasticloadbalancing.amazonaws.com";

const fn row(call: &'static str, verbs: &'static [Verb], needs: &'static [Need]) -> Row {
    Row { call, verbs, needs }
}

const fn need(action: &'static str, on: On, when: When) -> Need {
    Need { action, on, when }
}

/// A call whose one permission has its own name.
macro_rules! plain {
    ($call:literal, $verbs:expr, $on:expr, $when:expr) => {
        row($call, $verbs, &[need($call, $on, $when)])
    };
}

/// A call that makes something with tags, which takes permission to tag while making.
macro_rules! making {
    ($call:literal, $tagging:literal, $made:expr, $own:expr $(, $more:expr)*) => {
        row($call, APPLY, &[$own, need($tagging, $made, When::Making($call)) $(, $more)*])
    };
}

/// The table. A new call in the code needs its row here.
pub(super) const TABLE: &[Row] = &[
    // Certificate Manager.
    plain!("acm:AddTagsToCertificate", APPLY, On::Certificates, When::Bringing),
    plain!("acm:DeleteCertificate", WRITE, On::Certificates, When::Ours),
    plain!("acm:DescribeCertificate", READ, On::Certificates, When::Always),
    plain!("acm:ListCertificates", READ, On::Any, When::Here),
    plain!("acm:ListTagsForCertificate", READ, On::Certificates, When::Always),
    row(
        "acm:RequestCertificate",
        APPLY,
        &[
            need("acm:RequestCertificate", On::Any, When::Bringing),
            // Judged as well when a request brings tags.
            need("acm:AddTagsToCertificate", On::Certificates, When::Bringing),
        ],
    ),
    // Application Auto Scaling. Its targets are known by ids of AWS's own; what can be conditioned is what
    // they scale. What it takes of ECS and CloudWatch besides is from the ECS Developer Guide, "IAM
    // permissions required for Amazon ECS service auto scaling".
    row(
        "application-autoscaling:DeleteScalingPolicy",
        WRITE,
        &[
            need("application-autoscaling:DeleteScalingPolicy", On::Any, When::ScalingServices),
            need("cloudwatch:DeleteAlarms", On::ScalingAlarms, When::Always),
        ],
    ),
    plain!("application-autoscaling:DeleteScheduledAction", WRITE, On::Any, When::ScalingServices),
    row(
        "application-autoscaling:DeregisterScalableTarget",
        WRITE,
        &[
            need(
                "application-autoscaling:DeregisterScalableTarget",
                On::Any,
                When::ScalingServices,
            ),
            need("cloudwatch:DeleteAlarms", On::ScalingAlarms, When::Always),
        ],
    ),
    plain!("application-autoscaling:DescribeScalableTargets", READ, On::Any, When::Here),
    plain!("application-autoscaling:DescribeScalingActivities", READ, On::Any, When::Here),
    plain!("application-autoscaling:DescribeScalingPolicies", READ, On::Any, When::Here),
    plain!("application-autoscaling:DescribeScheduledActions", READ, On::Any, When::Here),
    row(
        "application-autoscaling:PutScalingPolicy",
        APPLY,
        &[
            need("application-autoscaling:PutScalingPolicy", On::Scaled, When::ScalingServices),
            need("cloudwatch:DescribeAlarms", On::ScaledAlarms, When::Always),
            need("cloudwatch:PutMetricAlarm", On::ScaledAlarms, When::Always),
        ],
    ),
    plain!("application-autoscaling:PutScheduledAction", APPLY, On::Scaled, When::ScalingServices),
    row(
        "application-autoscaling:RegisterScalableTarget",
        APPLY,
        &[
            need(
                "application-autoscaling:RegisterScalableTarget",
                On::Scaled,
                When::ScalingServices,
            ),
            need("ecs:DescribeServices", On::Services, When::Always),
            need("ecs:UpdateService", On::Services, When::Ours),
            need("iam:CreateServiceLinkedRole", On::Linked(SCALING), When::For(SCALING)),
        ],
    ),
    // CloudTrail, for whoever asks who it was.
    plain!("cloudtrail:LookupEvents", NONE, On::Any, When::Here),
    // CloudWatch. Composite alarms are shown only to whoever may look at all (CloudWatch API reference,
    // `DescribeAlarms`).
    plain!("cloudwatch:DescribeAlarms", READ, On::Watching, When::Here),
    // EC2.
    plain!("ec2:AuthorizeSecurityGroupIngress", APPLY, On::SecurityGroups, When::Ours),
    making!(
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        On::SecurityGroups,
        need("ec2:CreateSecurityGroup", On::SecurityGroups, When::Bringing),
        need("ec2:CreateSecurityGroup", On::Vpc, When::Always)
    ),
    plain!("ec2:CreateTags", APPLY, On::SecurityGroups, When::Ours),
    plain!("ec2:DeleteSecurityGroup", WRITE, On::SecurityGroups, When::Ours),
    plain!("ec2:DescribeNetworkInterfaces", WRITE, On::Any, When::Here),
    plain!("ec2:DescribeRouteTables", READ, On::Any, When::Here),
    plain!("ec2:DescribeSecurityGroups", READ, On::Any, When::Here),
    plain!("ec2:DescribeSubnets", READ, On::Any, When::Here),
    plain!("ec2:DescribeVpcEndpoints", READ, On::Any, When::Here),
    plain!("ec2:DescribeVpcs", READ, On::Any, When::Here),
    plain!("ec2:RevokeSecurityGroupIngress", WRITE, On::SecurityGroups, When::Ours),
    // Container Registry.
    row(
        "ecr:BatchGetImage",
        READ,
        &[
            need("ecr:BatchGetImage", On::Repositories, When::Always),
            need("ecr:BatchGetImage", On::Images, When::Always),
        ],
    ),
    row(
        "ecr:CreateRepository",
        APPLY,
        &[
            need("ecr:CreateRepository", On::Repositories, When::BringingApp),
            need("ecr:TagResource", On::Repositories, When::BringingApp),
        ],
    ),
    plain!("ecr:DeleteRepository", WRITE, On::Repositories, When::OfApp),
    plain!("ecr:DescribeImages", READ, On::Repositories, When::Always),
    // Finding all repositories of the app means listing, which is about every one.
    plain!("ecr:DescribeRepositories", READ_AND_PUSH, On::Any, When::Here),
    // The token speaks for whoever asked for it: what the registry is then told is judged as these
    // (ECR User Guide, IAM permissions for pushing an image).
    row(
        "ecr:GetAuthorizationToken",
        PUSH,
        &[
            need("ecr:GetAuthorizationToken", On::Any, When::Here),
            need("ecr:BatchCheckLayerAvailability", On::Repositories, When::Always),
            need("ecr:CompleteLayerUpload", On::Repositories, When::Always),
            need("ecr:InitiateLayerUpload", On::Repositories, When::Always),
            need("ecr:PutImage", On::Repositories, When::Always),
            need("ecr:UploadLayerPart", On::Repositories, When::Always),
        ],
    ),
    plain!("ecr:GetLifecyclePolicy", READ, On::Repositories, When::Always),
    plain!("ecr:ListTagsForResource", READ, On::Repositories, When::Always),
    plain!("ecr:PutImageScanningConfiguration", APPLY, On::Repositories, When::OfApp),
    plain!("ecr:PutImageTagMutability", APPLY, On::Repositories, When::OfApp),
    plain!("ecr:PutLifecyclePolicy", APPLY, On::Repositories, When::OfApp),
    plain!("ecr:TagResource", APPLY, On::Repositories, When::OfApp),
    // ECS.
    making!(
        "ecs:CreateCluster",
        "ecs:TagResource",
        On::Cluster,
        need("ecs:CreateCluster", On::Cluster, When::Bringing),
        need("iam:CreateServiceLinkedRole", On::Linked(ECS), When::For(ECS))
    ),
    making!(
        "ecs:CreateService",
        "ecs:TagResource",
        On::Services,
        need("ecs:CreateService", On::Services, When::Bringing),
        need("iam:PassRole", On::Shifter, When::ToEcs)
    ),
    plain!("ecs:DeleteCluster", WRITE, On::Cluster, When::Ours),
    plain!("ecs:DeleteService", WRITE, On::Services, When::Ours),
    plain!("ecs:DeregisterTaskDefinition", WRITE, On::Any, When::Here),
    plain!("ecs:DescribeClusters", READ, On::Clusters, When::Always),
    plain!("ecs:DescribeServiceDeployments", READ, On::Rollouts, When::Always),
    plain!("ecs:DescribeServiceRevisions", READ, On::ServiceRevisions, When::Always),
    plain!("ecs:DescribeServices", READ, On::Services, When::Always),
    plain!("ecs:DescribeTaskDefinition", READ, On::Any, When::Here),
    plain!("ecs:DescribeTasks", READ, On::Tasks, When::Always),
    row(
        "ecs:ExecuteCommand",
        APPLY,
        &[
            need("ecs:ExecuteCommand", On::Cluster, When::Always),
            need("ecs:ExecuteCommand", On::Tasks, When::Always),
        ],
    ),
    plain!("ecs:ListServiceDeployments", READ, On::Services, When::Always),
    plain!("ecs:ListServices", READ, On::Any, When::InCluster),
    plain!("ecs:ListTaskDefinitionFamilies", READ, On::Any, When::Here),
    plain!("ecs:ListTaskDefinitions", READ, On::Any, When::Here),
    plain!("ecs:ListTasks", READ, On::Any, When::InCluster),
    plain!("ecs:PutClusterCapacityProviders", APPLY, On::Cluster, When::Ours),
    making!(
        "ecs:RegisterTaskDefinition",
        "ecs:TagResource",
        On::Families,
        need("ecs:RegisterTaskDefinition", On::Families, When::Bringing),
        need("iam:PassRole", On::Roles, When::ToTasks),
        need("iam:PassRole", On::RolesElsewhere, When::ToTasks)
    ),
    row(
        "ecs:RunTask",
        APPLY,
        &[
            need("ecs:RunTask", On::Families, When::InCluster),
            need("iam:PassRole", On::Roles, When::ToTasks),
            need("iam:PassRole", On::RolesElsewhere, When::ToTasks),
        ],
    ),
    plain!("ecs:StopServiceDeployment", APPLY, On::Rollouts, When::Always),
    plain!("ecs:StopTask", WRITE, On::Tasks, When::Always),
    row(
        "ecs:TagResource",
        APPLY,
        &[
            need("ecs:TagResource", On::Cluster, When::Ours),
            need("ecs:TagResource", On::Services, When::Ours),
            need("ecs:TagResource", On::Families, When::Ours),
        ],
    ),
    plain!("ecs:UntagResource", WRITE, On::Services, When::Ours),
    plain!("ecs:UpdateCluster", APPLY, On::Cluster, When::Ours),
    row(
        "ecs:UpdateService",
        WRITE,
        &[
            need("ecs:UpdateService", On::Services, When::Ours),
            need("iam:PassRole", On::Shifter, When::ToEcs),
        ],
    ),
    // Elastic Load Balancing.
    row(
        "elasticloadbalancing:AddTags",
        APPLY,
        &[
            need("elasticloadbalancing:AddTags", On::Balancer, When::Ours),
            need("elasticloadbalancing:AddTags", On::Listeners, When::Ours),
            need("elasticloadbalancing:AddTags", On::Rules, When::Ours),
            need("elasticloadbalancing:AddTags", On::TargetGroups, When::Ours),
        ],
    ),
    making!(
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:AddTags",
        On::Listeners,
        need("elasticloadbalancing:CreateListener", On::Balancer, When::Ours)
    ),
    making!(
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:AddTags",
        On::Balancer,
        need("elasticloadbalancing:CreateLoadBalancer", On::Balancer, When::Bringing),
        need("iam:CreateServiceLinkedRole", On::Linked(ELB), When::For(ELB))
    ),
    making!(
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:AddTags",
        On::Rules,
        need("elasticloadbalancing:CreateRule", On::Listeners, When::Ours),
        need("elasticloadbalancing:CreateRule", On::ListenersElsewhere, When::Bringing)
    ),
    making!(
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:AddTags",
        On::TargetGroups,
        need("elasticloadbalancing:CreateTargetGroup", On::TargetGroups, When::Bringing)
    ),
    plain!("elasticloadbalancing:DeleteListener", WRITE, On::Listeners, When::Ours),
    plain!("elasticloadbalancing:DeleteLoadBalancer", WRITE, On::Balancer, When::Ours),
    plain!("elasticloadbalancing:DeleteRule", WRITE, On::Rules, When::Ours),
    plain!("elasticloadbalancing:DeleteTargetGroup", WRITE, On::TargetGroups, When::Ours),
    plain!("elasticloadbalancing:DescribeListenerCertificates", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeListeners", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeLoadBalancerAttributes", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeLoadBalancers", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeRules", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeTags", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeTargetGroupAttributes", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeTargetGroups", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:DescribeTargetHealth", READ, On::Any, When::Here),
    plain!("elasticloadbalancing:ModifyListener", WRITE, On::Listeners, When::Ours),
    plain!("elasticloadbalancing:ModifyLoadBalancerAttributes", APPLY, On::Balancer, When::Ours),
    plain!("elasticloadbalancing:ModifyRule", APPLY, On::Rules, When::Ours),
    plain!("elasticloadbalancing:ModifyTargetGroup", APPLY, On::TargetGroups, When::Ours),
    plain!("elasticloadbalancing:ModifyTargetGroupAttributes", APPLY, On::TargetGroups, When::Ours),
    // Takes no condition on tags.
    plain!("elasticloadbalancing:SetRulePriorities", APPLY, On::Rules, When::Always),
    plain!("elasticloadbalancing:SetSecurityGroups", APPLY, On::Balancer, When::Ours),
    plain!("elasticloadbalancing:SetSubnets", APPLY, On::Balancer, When::Ours),
    // IAM. The path of the roles is the stack's own.
    row(
        "iam:CreateRole",
        APPLY,
        &[
            need("iam:CreateRole", On::Roles, When::Bringing),
            need("iam:TagRole", On::Roles, When::Bringing),
        ],
    ),
    plain!("iam:DeleteRole", WRITE, On::Roles, When::Always),
    plain!("iam:DeleteRolePolicy", WRITE, On::Roles, When::Always),
    plain!("iam:DetachRolePolicy", WRITE, On::Roles, When::Always),
    row(
        "iam:GetRole",
        READ,
        &[
            need("iam:GetRole", On::RoleNames, When::Always),
            need("iam:GetRole", On::RolesElsewhere, When::Always),
        ],
    ),
    plain!("iam:GetRolePolicy", READ, On::RoleNames, When::Always),
    plain!("iam:ListAttachedRolePolicies", WRITE, On::RoleNames, When::Always),
    plain!("iam:ListRolePolicies", WRITE, On::RoleNames, When::Always),
    plain!("iam:ListRoles", READ, On::Any, When::Always),
    plain!("iam:PutRolePolicy", APPLY, On::Roles, When::Always),
    plain!("iam:SimulatePrincipalPolicy", APPLY, On::RolesElsewhere, When::Always),
    plain!("iam:TagRole", APPLY, On::Roles, When::Bringing),
    plain!("iam:UpdateAssumeRolePolicy", APPLY, On::Roles, When::Always),
    // CloudWatch Logs.
    row(
        "logs:CreateLogGroup",
        APPLY,
        &[
            need("logs:CreateLogGroup", On::LogGroups, When::Bringing),
            need("logs:TagResource", On::LogGroups, When::Bringing),
        ],
    ),
    plain!("logs:DeleteLogGroup", WRITE, On::LogGroups, When::Always),
    plain!("logs:DeleteRetentionPolicy", APPLY, On::LogGroups, When::Always),
    plain!("logs:DescribeLogGroups", READ, On::Any, When::Here),
    plain!("logs:FilterLogEvents", READ, On::LogGroups, When::Always),
    plain!("logs:GetLogEvents", READ, On::LogGroups, When::Always),
    plain!("logs:ListTagsForResource", READ, On::LogGroups, When::Always),
    plain!("logs:PutRetentionPolicy", APPLY, On::LogGroups, When::Always),
    plain!("logs:TagResource", APPLY, On::LogGroups, When::Bringing),
    // Route 53.
    plain!("route53:ChangeResourceRecordSets", WRITE, On::Zones, When::OurNames),
    plain!("route53:GetHostedZone", READ, On::Zones, When::Always),
    plain!("route53:ListHostedZones", READ, On::Any, When::Always),
    plain!("route53:ListHostedZonesByName", READ, On::Any, When::Always),
    plain!("route53:ListResourceRecordSets", READ, On::Zones, When::Always),
    // EventBridge Scheduler.
    row(
        "scheduler:CreateSchedule",
        APPLY,
        &[
            need("scheduler:CreateSchedule", On::Schedules, When::Always),
            need("iam:PassRole", On::Roles, When::ToScheduler),
        ],
    ),
    row(
        "scheduler:CreateScheduleGroup",
        APPLY,
        &[
            need("scheduler:CreateScheduleGroup", On::ScheduleGroup, When::Bringing),
            need("scheduler:TagResource", On::ScheduleGroup, When::Bringing),
        ],
    ),
    plain!("scheduler:DeleteSchedule", WRITE, On::Schedules, When::Always),
    plain!("scheduler:DeleteScheduleGroup", WRITE, On::ScheduleGroup, When::Ours),
    plain!("scheduler:GetSchedule", READ, On::Schedules, When::Always),
    plain!("scheduler:GetScheduleGroup", READ, On::ScheduleGroup, When::Always),
    plain!("scheduler:ListSchedules", READ, On::Any, When::Here),
    plain!("scheduler:ListTagsForResource", READ, On::ScheduleGroup, When::Always),
    plain!("scheduler:TagResource", APPLY, On::ScheduleGroup, When::Ours),
    row(
        "scheduler:UpdateSchedule",
        APPLY,
        &[
            need("scheduler:UpdateSchedule", On::Schedules, When::Always),
            need("iam:PassRole", On::Roles, When::ToScheduler),
        ],
    ),
    // Secrets: what they are, never what they hold.
    plain!("secretsmanager:DescribeSecret", READ, On::Secrets, When::Always),
    // Systems Manager: the lease, and what parameters there are.
    plain!("ssm:DeleteParameter", WRITE, On::Lease, When::Always),
    plain!("ssm:DescribeParameters", READ, On::Any, When::Here),
    plain!("ssm:GetParameter", WRITE, On::Lease, When::Always),
    plain!("ssm:GetParametersByPath", WRITE, On::Lease, When::Always),
    plain!("ssm:PutParameter", WRITE, On::Lease, When::Always),
    // Needs no permission (STS API reference, GetCallerIdentity).
    row("sts:GetCallerIdentity", READ, &[]),
    // The action has a prefix of its own.
    row("tagging:GetResources", READ, &[need("tag:GetResources", On::Any, When::Here)]),
];
