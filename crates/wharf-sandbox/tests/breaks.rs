//! Every case of `breaks`: its symptom shows through the API, and mending undoes it.

use serde_json::{Value, json};
use wharf_sandbox::{
    breaks::{self, BreakError, Deed},
    services::ec2::state::Egress,
};

use crate::{
    acm::issued,
    common::{json as call, query, rest},
    ecs_stage::{Stage, breaker, definition, on, steady},
    route53::{change, zone},
};

const REGION: &str = "eu-west-1";

/// What shows of a case: texts that are somewhere in what AWS says, and one that is not.
struct Shows {
    case: &'static str,
    has: &'static [&'static str],
    lacks: &'static str,
}

const fn shows(case: &'static str, has: &'static [&'static str]) -> Shows {
    Shows { case, has, lacks: "" }
}

const fn lacks(case: &'static str, lacks: &'static str) -> Shows {
    Shows { case, has: &[], lacks }
}

const SYMPTOMS: &[Shows] = &[
    lacks("image-missing", "stopped image"),
    shows("image-expired", &["CannotPullContainerError", ": not found"]),
    shows("wrong-platform", &["does not contain descriptor matching platform 'linux/amd64'"]),
    shows("wrong-architecture", &["exec format error", "\"exitCode\":1"]),
    shows("registry-private", &["pull access denied for nginx"]),
    shows("registry-limit", &["toomanyrequests"]),
    shows("image-too-large", &["no space left on device"]),
    shows("exits-at-once", &["Essential container in task exited", "\"exitCode\":0"]),
    shows("crashes", &["EssentialContainerExited", "\"exitCode\":1", "connect ECONNREFUSED"]),
    shows("crashes-later", &["\"exitCode\":2", "assignment to entry in nil map"]),
    shows("variable-missing", &["error: BREAK_ME is not set", "\"exitCode\":1"]),
    shows(
        "wrong-command",
        &["CannotStartContainerError", "not found in $PATH", "\"exitCode\":127"],
    ),
    shows("out-of-memory", &["OutOfMemoryError", "\"exitCode\":137"]),
    Shows { case: "killed", has: &["\"exitCode\":137"], lacks: "OutOfMemory" },
    Shows { case: "ignores-sigterm", has: &["\"exitCode\":137"], lacks: "OutOfMemory" },
    shows("segfault", &["\"exitCode\":139"]),
    shows("wrong-path", &["codes: [404]", "Task failed ELB health checks"]),
    shows("server-error", &["[500]"]),
    shows("redirects", &["[301]"]),
    shows("wants-login", &["[401]"]),
    shows("wrong-port", &["due to (reason Health checks failed)", "listening on 0.0.0.0:9090"]),
    shows("localhost", &["due to (reason Request timed out)", "http://127.0.0.1/"]),
    shows("slow-start", &["due to (reason Health checks failed)", "warming up"]),
    shows("slow-answer", &["due to (reason Request timed out)"]),
    shows("check-fails", &["Task failed container health checks"]),
    shows("secret-missing", &["Secrets Manager can't find the specified secret"]),
    shows("parameter-missing", &["invalid ssm parameters"]),
    shows("secret-key-missing", &["did not contain json key"]),
    shows("secret-deleted", &["marked for deletion"]),
    shows("log-group-missing", &["failed to validate logger args", "log group does not exist"]),
    shows("sg-closed", &["due to (reason Request timed out)"]),
    shows("sg-wrong-port", &["due to (reason Request timed out)"]),
    shows("balancer-egress-closed", &["due to (reason Request timed out)"]),
    shows("no-way-out", &["RequestCanceled: request context canceled"]),
    shows("egress-closed", &["RequestCanceled: request context canceled"]),
    shows("layers-unreachable", &["CannotPullContainerError", "s3.eu-west-1", "i/o timeout"]),
    shows("logs-unreachable", &["failed to validate logger args", "i/o timeout"]),
    shows("subnets-full", &["InsufficientFreeAddressesInSubnet"]),
    shows("interface-slow", &["Timeout waiting for network interface provisioning"]),
    shows("storage-slow", &["Timeout waiting for EphemeralStorage provisioning"]),
    lacks("balancer-closed", "<fromPort>80</fromPort>"),
    lacks("balancer-private", "balancer subnet leads out"),
    shows("zone-disabled", &["Availability Zone that is not enabled for the load balancer"]),
    shows("no-capacity", &["Capacity is unavailable at this time"]),
    shows("vcpu-quota", &["limit on the number of vCPUs"]),
    shows("log-quota", &["LimitExceededException", "Resource limit exceeded."]),
    shows("size-quota", &["CPU configuration is above your limit"]),
    shows("zone-without-fargate", &["Reason: Internal error."]),
    shows("provisioning-limit", &["provisioning capacity limit was exceeded"]),
    shows("throttled", &["operations are being throttled"]),
    shows("linked-role-broken", &["IAM trust relationship has been misconfigured"]),
    shows("spot-reclaimed", &["SpotInterruption", "Your Spot Task was interrupted."]),
    shows("runtime-slow", &["ContainerRuntimeTimeoutError"]),
    shows("runtime-broken", &["CannotInspectContainerError"]),
    shows("scaled-to-zero", &["\"desiredCount\":0"]),
    shows("rule-gone", &["Target.NotInUse"]),
    shows("target-group-gone", &["due to TARGET GROUP IS NOT FOUND"]),
    lacks("listener-gone", "<ListenerArn>"),
    lacks("balancer-gone", "<LoadBalancerName>"),
    Shows {
        case: "certificate-pending",
        has: &["\"Status\":\"PENDING_VALIDATION\""],
        lacks: "<Value>_",
    },
    shows("zone-undelegated", &["\"Status\":\"PENDING_VALIDATION\"", "zone is not delegated"]),
    shows("caa-forbids", &["\"FailureReason\":\"CAA_ERROR\"", "letsencrypt.org"]),
    shows("certificate-expired", &["\"Status\":\"EXPIRED\""]),
    lacks("record-gone", "<AliasTarget>"),
    shows("record-elsewhere", &["dualstack.old-123456789"]),
    shows("pull-denied", &["not authorized to perform: ecr:GetAuthorizationToken"]),
    shows("layers-denied", &["403 Forbidden"]),
    shows("secret-denied", &["is not authorized to perform: secretsmanager:GetSecretValue"]),
    shows("log-denied", &["not authorized to perform: logs:CreateLogStream"]),
    shows("role-untrusted", &["ECS was unable to assume the role"]),
    shows("pass-role-denied", &["AccessDeniedException", "iam:PassRole"]),
    shows("deletion-protection", &["OperationNotPermitted", "deletion protection is enabled"]),
    shows("logs-protected", &["ValidationException", "deletion protection is enabled"]),
    shows("group-in-use", &["DependencyViolation", "has a dependent object"]),
    shows("cluster-busy", &["family:web"]),
];

/// A stage with everything that can be broken.
struct Scene {
    stage: Stage,
    private: Vec<String>,
    target_group: String,
    tasks_group: String,
    certificate: String,
    secrets: Value,
}

impl Scene {
    async fn new() -> Self {
        let mut stage = Stage::new().await;
        let vpc = stage.sandbox.with_world(|world| {
            world.images_appear = true;
            let region = &world.regions[REGION];
            region.ec2.vpcs.values().find(|it| !it.is_default).unwrap().id.clone()
        });
        let subnets = |egress: Egress| {
            stage.sandbox.with_world(|world| {
                let all = world.regions[REGION].ec2.subnets.values();
                let mut all: Vec<_> = all
                    .filter(|it| it.vpc == vpc && world.subnet_egress(REGION, &it.id) == egress)
                    .map(|it| (it.zone.clone(), it.id.clone()))
                    .collect();
                all.sort();
                all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
            })
        };
        let (public, private) = (subnets(Egress::InternetGateway), subnets(Egress::Nat));
        (stage.subnets, stage.vpc) = (public, vpc);
        let repository = json!({"repositoryName": "notes/web"});
        call(&stage.sandbox, "ecr", "CreateRepository", repository).await.ok();
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": ["ssm:GetParameters", "secretsmanager:GetSecretValue"], "Resource": "*"}]});
        let document = percent_encoding::utf8_percent_encode(
            &policy.to_string(),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string();
        let form = format!("RoleName=notes-exec&PolicyName=secrets&PolicyDocument={document}");
        query(&stage.sandbox, "iam", "PutRolePolicy", &form).await;
        let secrets = stage.sandbox.with_world(|world| {
            let region = &world.regions[REGION];
            let secret = &region.secrets.secrets["notes"].arn;
            let parameter = region.ssm.parameters.values().next().unwrap();
            json!([
                {"name": "KEY", "valueFrom": format!("{secret}:stripe_key::")},
                {"name": "URL", "valueFrom": parameter.arn},
            ])
        });
        let certificate = issued(&stage.sandbox, "web.example.com").await;
        let balancer_group = group(&stage, "balancer").await;
        let tasks_group = group(&stage, "tasks").await;
        let form = format!(
            "GroupId={balancer_group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80\
             &IpPermissions.1.ToPort=80&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0"
        );
        query(&stage.sandbox, "ec2", "AuthorizeSecurityGroupIngress", &form).await;
        let form = format!(
            "GroupId={tasks_group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=3000\
             &IpPermissions.1.ToPort=3000&IpPermissions.1.Groups.1.GroupId={balancer_group}"
        );
        query(&stage.sandbox, "ec2", "AuthorizeSecurityGroupIngress", &form).await;
        let target_group = stage.balance(20).await;
        let elb = "elasticloadbalancing";
        let shown = query(&stage.sandbox, elb, "DescribeLoadBalancers", "").await;
        let arn = shown.element("LoadBalancerArn");
        let form = format!("LoadBalancerArn={arn}&SecurityGroups.member.1={balancer_group}");
        query(&stage.sandbox, elb, "SetSecurityGroups", &form).await.element("RequestId");
        let form = format!(
            "LoadBalancerArn={arn}&Protocol=HTTPS&Port=443\
             &Certificates.member.1.CertificateArn={certificate}\
             &DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={target_group}"
        );
        query(&stage.sandbox, elb, "CreateListener", &form).await.element("ListenerArn");
        let zone = zone(&stage.sandbox).await;
        let record = format!(
            "<Change><Action>CREATE</Action><ResourceRecordSet><Name>web.example.com</Name>\
             <Type>A</Type><AliasTarget><HostedZoneId>{}</HostedZoneId><DNSName>dualstack.{}\
             </DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>\
             </ResourceRecordSet></Change>",
            shown.element("CanonicalHostedZoneId"),
            shown.element("DNSName"),
        );
        assert_eq!(change(&stage.sandbox, &zone, &[record]).await.status, 200);
        Self { stage, private, target_group, tasks_group, certificate, secrets }
    }

    /// Makes the service `web`; what keeps a task from starting or being healthy is not known here.
    async fn serve(&self, case: &str) -> Result<(), String> {
        let image = match case {
            "registry-private" | "registry-limit" => "nginx:1.27",
            _ => "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/web:v1",
        };
        let check = json!({"command": ["CMD", "healthy"], "interval": 30, "startPeriod": 200});
        let members = json!({"image": image, "secrets": self.secrets,
            "healthCheck": (case == "check-fails").then_some(check)});
        let input = definition("v1", members);
        let made = self.stage.ecs("RegisterTaskDefinition", input).await;
        if made.status != 200 {
            return Err(made.body);
        }
        let arn = made.json()["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned();
        let network = json!({"awsvpcConfiguration": {
            "subnets": self.private, "securityGroups": [self.tasks_group],
            "assignPublicIp": "DISABLED",
        }});
        let mut members = json!({
            "loadBalancers": on(&self.target_group),
            "deploymentConfiguration": breaker(true),
            "networkConfiguration": network,
        });
        if case == "check-fails" {
            members["loadBalancers"] = Value::Null;
        }
        if case == "spot-reclaimed" {
            let providers = json!({"cluster": "notes", "capacityProviders": ["FARGATE_SPOT"],
                "defaultCapacityProviderStrategy": []});
            self.stage.ecs("PutClusterCapacityProviders", providers).await.ok();
            let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
            members["launchType"] = Value::Null;
            members["capacityProviderStrategy"] = spot;
        }
        let input = self.stage.service(&arn, members);
        self.stage.ecs("CreateService", input).await.ok();
        Ok(())
    }

    /// Everything AWS says about the service and what is around it.
    async fn said(&self) -> String {
        let (stage, sandbox) = (&self.stage, &self.stage.sandbox);
        let mut all = stage.web().await.to_string();
        for task in stage.tasks("STOPPED").await {
            all += &task.to_string();
            let id = task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let input = json!({"logGroupName": "/notes/web",
                "logStreamName": format!("web/web/{id}")});
            all += &call(sandbox, "logs", "GetLogEvents", input).await.body;
        }
        for task in stage.tasks("RUNNING").await {
            all += &task["group"].to_string();
        }
        let elb = "elasticloadbalancing";
        let group = format!("TargetGroupArn={}", self.target_group);
        all += &query(sandbox, elb, "DescribeTargetHealth", &group).await.body;
        let balancers = query(sandbox, elb, "DescribeLoadBalancers", "").await;
        all += &balancers.body;
        if let Some(arn) = balancers.elements("LoadBalancerArn").first() {
            let form = format!("LoadBalancerArn={arn}");
            all += &query(sandbox, elb, "DescribeListeners", &form).await.body;
        }
        all += &query(sandbox, "ec2", "DescribeSecurityGroupRules", "").await.body;
        let input = json!({"CertificateArn": self.certificate});
        all += &call(sandbox, "acm", "DescribeCertificate", input).await.body;
        let zone = zone(sandbox).await;
        all +=
            &rest(sandbox, "GET", &format!("/2013-04-01/hostedzone/{zone}/rrset"), "").await.body;
        sandbox.with_world(|world| {
            let route53 = &world.global.route53;
            let public = route53.zones.values().filter(|zone| !zone.private);
            if public.into_iter().any(|zone| !route53.is_delegated(zone)) {
                all += "zone is not delegated";
            }
            if stage
                .subnets
                .iter()
                .any(|id| world.subnet_egress(REGION, id) == Egress::InternetGateway)
            {
                all += "balancer subnet leads out";
            }
            let repository = &world.regions[REGION].ecr.repositories["notes/web"];
            if !repository.images.is_empty() {
                all += "stopped image";
            }
        });
        all
    }
}

async fn group(stage: &Stage, name: &str) -> String {
    let form = format!("GroupName={name}&GroupDescription={name}&VpcId={}", stage.vpc);
    query(&stage.sandbox, "ec2", "CreateSecurityGroup", &form).await.element("groupId")
}

/// Cases that this service does not show: the command line's own tests break and mend jobs, a release, commands in
/// tasks, and a service whose requests move between two target groups.
const ELSEWHERE: &[&str] = &[
    "exec-denied",
    "exec-unreachable",
    "release-fails",
    "job-fails",
    "job-hangs",
    "schedule-off",
    "scheduler-untrusted",
    "shifter-denied",
    "weights-split",
];

#[tokio::test(start_paused = true)]
async fn every_case_shows_its_symptom() {
    let listed: Vec<&str> =
        breaks::all().map(|case| case.name).filter(|name| !ELSEWHERE.contains(name)).collect();
    let tested: Vec<&str> = SYMPTOMS.iter().map(|shows| shows.case).collect();
    assert_eq!(listed, tested, "each case is tested here, in the order of the table");
    let mut wrong = Vec::new();
    for shows in SYMPTOMS {
        if let Err(said) = symptom(shows).await {
            wrong.push(format!("{}: {}", shows.case, said.chars().take(6000).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

async fn symptom(shows: &Shows) -> Result<(), String> {
    let scene = Scene::new().await;
    let sandbox = &scene.stage.sandbox;
    let case = breaks::find(shows.case).unwrap();
    let later = matches!(case.deed, Deed::Edit(_));
    let set_up = || sandbox.with_world(|world| world.break_case(shows.case, Some("web")));
    if !later {
        set_up().unwrap();
    }
    if let Err(refused) = scene.serve(shows.case).await {
        return if shows.has.iter().all(|text| refused.contains(text)) {
            Ok(())
        } else {
            Err(refused)
        };
    }
    if later {
        scene.stage.until(steady).await;
        set_up().map_err(|error| format!("{error:?}"))?;
    }
    // Some texts are there for a while only.
    let mut missing: Vec<&str> = shows.has.to_vec();
    let mut said = String::new();
    for _ in 0..300 {
        scene.stage.pass(6).await;
        said = scene.said().await;
        said += &refusals(&scene, shows.case).await;
        missing.retain(|text| !said.contains(text));
        let lacks = !shows.lacks.is_empty() && said.contains(shows.lacks);
        if missing.is_empty() && !lacks {
            return Ok(());
        }
    }
    Err(format!("{missing:?} in {said}"))
}

/// What a call says that cannot be carried out.
async fn refusals(scene: &Scene, case: &str) -> String {
    let sandbox = &scene.stage.sandbox;
    match case {
        "deletion-protection" => {
            let elb = "elasticloadbalancing";
            let arn = query(sandbox, elb, "DescribeLoadBalancers", "").await;
            let form = format!("LoadBalancerArn={}", arn.element("LoadBalancerArn"));
            query(sandbox, elb, "DeleteLoadBalancer", &form).await.body
        }
        "log-quota" => {
            let input = json!({"logGroupName": "/more/web"});
            call(sandbox, "logs", "CreateLogGroup", input).await.body
        }
        "logs-protected" => {
            let input = json!({"logGroupName": "/notes/web"});
            let answer = call(sandbox, "logs", "DeleteLogGroup", input).await;
            answer.body
        }
        "group-in-use" => {
            scene.stage.update(json!({"desiredCount": 0})).await;
            let form = format!("GroupId={}", scene.tasks_group);
            query(sandbox, "ec2", "DeleteSecurityGroup", &form).await.body
        }
        _ => String::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn mending_puts_everything_back() {
    let scene = Scene::new().await;
    scene.serve("").await.unwrap();
    scene.stage.until(steady).await;
    let sandbox = &scene.stage.sandbox;
    let mut wrong = Vec::new();
    for case in breaks::all().filter(|case| matches!(case.deed, Deed::Edit(_))) {
        if case.name == "cluster-busy" || ELSEWHERE.contains(&case.name) {
            continue;
        }
        let picture = |world: &mut wharf_sandbox::world::World| {
            let region = &world.regions[REGION];
            let elb = json!([region.elbv2.balancers, region.elbv2.listeners, region.elbv2.rules]);
            let logs: Vec<_> =
                region.logs.groups.iter().map(|(name, it)| json!([name, it.protected])).collect();
            json!([
                logs,
                region.ec2.rules,
                region.ec2.route_tables,
                region.ec2.endpoints,
                region.ec2.groups,
                region.acm,
                region.secrets,
                region.ssm,
                elb,
                world.global.iam,
                world.global.route53
            ])
        };
        let (before, broken, after) = sandbox.with_world(|world| {
            let before = picture(world);
            world.break_case(case.name, None).unwrap();
            let broken = picture(world);
            assert_eq!(world.mend(), [case.name]);
            (before, broken, picture(world))
        });
        let visible = !["image-expired", "scaled-to-zero", "group-in-use", "subnets-full"]
            .contains(&case.name);
        if before != after || (visible && broken == before) {
            wrong.push(case.name);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
    scene.stage.pass(600).await;
    let web = scene.stage.until(steady).await;
    assert_eq!(web["runningCount"], 1, "{web}");
}

#[tokio::test(start_paused = true)]
async fn mended_images_work() {
    let scene = Scene::new().await;
    let sandbox = &scene.stage.sandbox;
    sandbox.with_world(|world| world.break_case("crashes", Some("web"))).unwrap();
    scene.serve("").await.unwrap();
    scene.stage.pass(120).await;
    assert!(scene.said().await.contains("EssentialContainerExited"));
    sandbox.with_world(wharf_sandbox::world::World::mend);
    scene.stage.update(json!({"forceNewDeployment": true})).await;
    scene.stage.until(steady).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_cannot_be_broken() {
    let scene = Scene::new().await;
    let refused = |name: &str, service: Option<&str>| {
        scene.stage.sandbox.with_world(|world| world.break_case(name, service)).unwrap_err()
    };
    assert_eq!(refused("nonsense", None), BreakError::NoCase);
    assert_eq!(refused("sg-closed", None), BreakError::NoService);
    scene.serve("").await.unwrap();
    scene.stage.until(steady).await;
    assert_eq!(refused("sg-closed", Some("worker")), BreakError::NoService);
    scene.stage.sandbox.with_world(|world| world.break_case("sg-closed", None)).unwrap();
    assert!(matches!(refused("sg-closed", None), BreakError::NothingToBreak(_)));
}
