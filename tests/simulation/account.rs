//! The account: what is in it, and what others put there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use wharf_sandbox::Sandbox;

use crate::case::InTheWay;
use crate::spec::REGION;

/// Everything in the account, thing by thing, under a path such as `ec2/groups/sg-1`.
pub(crate) type Inventory = BTreeMap<String, Value>;

/// What changes by itself and says nothing about who changed it.
const ASIDE: &[&str] = &["changes", "ledger", "run_tokens"];

/// Takes stock.
pub(crate) fn inventory(sandbox: &Sandbox) -> Inventory {
    take_stock(&sandbox.world_json())
}

fn take_stock(world: &Value) -> Inventory {
    let mut found = Inventory::new();
    let regions = world["regions"].as_object().into_iter().flatten().map(|(_, region)| region);
    for place in regions.chain([&world["global"]]) {
        for (service, kinds) in place.as_object().into_iter().flatten() {
            for (kind, things) in kinds.as_object().into_iter().flatten() {
                if ASIDE.contains(&kind.as_str()) {
                    continue;
                }
                for (name, thing) in things.as_object().into_iter().flatten() {
                    add(&mut found, &format!("{service}/{kind}"), name, thing);
                }
            }
        }
    }
    found
}

fn add(found: &mut Inventory, kind: &str, name: &str, thing: &Value) {
    let mut thing = thing.clone();
    let mut parts = Vec::new();
    match kind {
        "route53/zones" => {
            for record in thing["records"].as_array_mut().into_iter().flatten() {
                let name = format!("{}/{}", text(&record["name"]), text(&record["kind"]));
                parts.push((format!("route53/records/{name}"), record.take()));
            }
            thing["records"] = Value::Null;
        }
        "ecs/families" => {
            for (number, one) in thing["revisions"].as_object().into_iter().flatten() {
                parts.push((format!("ecs/revisions/{name}:{number}"), one.clone()));
            }
            thing["revisions"] = Value::Null;
        }
        "elbv2/target_groups" => {
            for (_, target) in thing["targets"].as_object_mut().into_iter().flatten() {
                for count in ["serial", "successes", "failures", "asleep"] {
                    target[count] = Value::Null;
                }
            }
        }
        // Addresses are handed out to whoever starts tasks.
        "ec2/subnets" => thing["last_address"] = Value::Null,
        _ => {}
    }
    found.insert(format!("{kind}/{name}"), thing);
    found.extend(parts);
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Says whether something only remembers what once was, or belongs to AWS itself.
pub(crate) fn is_history(path: &str, thing: &Value) -> bool {
    match path.rsplitn(2, '/').last().map_or("", |_| kind_of(path)) {
        "ecs/clusters" => thing["active"] == false,
        "ecs/services" => thing["status"] == "INACTIVE",
        "ecs/tasks" => thing["last_status"] == "STOPPED",
        "ecs/revisions" => thing["status"] != "ACTIVE",
        // A family is nothing but its revisions.
        "ecs/families" => true,
        "iam/roles" => thing["service_linked"] == true,
        _ => false,
    }
}

/// The first two parts of a path: service and kind.
pub(crate) fn kind_of(path: &str) -> &str {
    let end = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
    &path[..end]
}

/// Sends requests as somebody else.
async fn send(
    sandbox: &Sandbox,
    request: http::request::Builder,
    service: &str,
    body: String,
) -> String {
    let region = if service == "route53" || service == "iam" { "us-east-1" } else { REGION };
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let request = request.header("authorization", credential).body(Bytes::from(body)).unwrap();
    let response = sandbox.call(request).await;
    let status = response.status();
    let body = String::from_utf8(response.into_body().to_vec()).unwrap();
    assert!(status.is_success(), "somebody else's {service} call: {body}");
    body
}

async fn json_call(sandbox: &Sandbox, service: &str, operation: &str, input: Value) {
    let request = Request::post("/").header("x-amz-target", format!("Any_1.{operation}"));
    send(sandbox, request, service, input.to_string()).await;
}

async fn query(sandbox: &Sandbox, service: &str, form: String) -> String {
    send(sandbox, Request::post("/"), service, format!("{form}&Version=x")).await
}

fn default_vpc(sandbox: &Sandbox) -> String {
    sandbox.with_world(|world| {
        let mut vpcs = world.region(REGION).ec2.vpcs.values();
        vpcs.find(|vpc| vpc.is_default).map(|vpc| vpc.id.clone()).unwrap()
    })
}

async fn security_group(sandbox: &Sandbox, name: &str) -> String {
    let vpc = default_vpc(sandbox);
    let form =
        format!("Action=CreateSecurityGroup&GroupName={name}&GroupDescription=by-hand&VpcId={vpc}");
    let answer = query(sandbox, "ec2", form).await;
    let id = answer.split("<groupId>").nth(1).and_then(|rest| rest.split('<').next());
    id.unwrap().to_owned()
}

/// The value of the secret that services refer to. It must never be seen.
pub(crate) const CANARY: &str = "postgres-canary-9f2c";

/// Puts the secret in its place.
pub(crate) async fn secret(sandbox: &Sandbox) {
    let input = json!({"Name": "/notes/canary", "Value": CANARY, "Type": "SecureString"});
    json_call(sandbox, "ssm", "PutParameter", input).await;
}

/// Says that tasks of ECS may take a role, as a form has it.
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
     %22Principal%22%3A%7B%22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%2C%22Action%22%3A\
     %22sts%3AAssumeRole%22%7D%5D%7D";

/// Makes the role that services may be told to run with. It is somebody else's.
pub(crate) async fn role(sandbox: &Sandbox) {
    let form = format!("Action=CreateRole&RoleName=theirs&AssumeRolePolicyDocument={TRUST}");
    query(sandbox, "iam", form).await;
}

const ELB: &str = "elasticloadbalancing";

/// Makes what others share with whoever asks: two clusters, and a balancer with a certificate for all names.
pub(crate) async fn commons(sandbox: &Sandbox) {
    for name in ["commons", "others"] {
        let input = json!({"clusterName": name, "capacityProviders": ["FARGATE", "FARGATE_SPOT"]});
        json_call(sandbox, "ecs", "CreateCluster", input).await;
    }
    let group = security_group(sandbox, "edge").await;
    for port in [80, 443] {
        let rule = format!(
            "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort={port}&IpPermissions.1.ToPort={port}\
             &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
        );
        let form = format!("Action=AuthorizeSecurityGroupIngress&GroupId={group}&{rule}");
        query(sandbox, "ec2", form).await;
    }
    let vpc = default_vpc(sandbox);
    let subnets: Vec<String> = sandbox.with_world(|world| {
        let all = world.region(REGION).ec2.subnets.values();
        all.filter(|subnet| subnet.vpc == vpc).map(|subnet| subnet.id.clone()).collect()
    });
    let [one, two, ..] = subnets.as_slice() else { panic!("the default VPC has two subnets") };
    let form = format!(
        "Action=CreateLoadBalancer&Name=edge&SecurityGroups.member.1={group}&Subnets.member.1={one}\
         &Subnets.member.2={two}"
    );
    let answer = query(sandbox, ELB, form).await;
    let inside = |text: &str, tag: &str| {
        let rest = text.split(&format!("<{tag}>")).nth(1).unwrap_or_default();
        rest.split('<').next().unwrap_or_default().to_owned()
    };
    let balancer = inside(&answer, "LoadBalancerArn");
    let input = json!({
        "DomainName": "*.example.com", "SubjectAlternativeNames": ["www.notes.example.com"],
        "ValidationMethod": "DNS",
    });
    json_call(sandbox, "acm", "RequestCertificate", input).await;
    let certificate = sandbox.with_world(|world| {
        let mut all = world.region(REGION).acm.certificates.values_mut();
        let own = all.find(|one| one.domain == "*.example.com").unwrap();
        "ISSUED".clone_into(&mut own.status);
        own.arn.clone()
    });
    let action = "DefaultActions.member.1.Type=fixed-response\
                  &DefaultActions.member.1.FixedResponseConfig.StatusCode=404";
    for speaks in [
        "Protocol=HTTP&Port=80".to_owned(),
        format!("Protocol=HTTPS&Port=443&Certificates.member.1.CertificateArn={certificate}"),
    ] {
        let form = format!("Action=CreateListener&LoadBalancerArn={balancer}&{speaks}&{action}");
        query(sandbox, ELB, form).await;
    }
    // Until the balancer is active, and the certificate says what proves its names.
    tokio::time::sleep(Duration::from_mins(10)).await;
    let request = Request::post("/").header("x-amz-target", "Any_1.DescribeCertificate");
    let input = json!({"CertificateArn": certificate}).to_string();
    let shown: Value = serde_json::from_str(&send(sandbox, request, "acm", input).await).unwrap();
    let proofs = shown["Certificate"]["DomainValidationOptions"].as_array().unwrap().iter();
    let proofs = proofs.map(|proof| {
        let record = &proof["ResourceRecord"];
        let (name, value) = (text(&record["Name"]), text(&record["Value"]));
        change(name.trim_end_matches('.'), "CNAME", value)
    });
    let proofs: BTreeSet<String> = proofs.collect();
    change_records(sandbox, &Vec::from_iter(proofs)).await;
}

/// Puts objects of others into the account, under names like ours.
pub(crate) async fn neighbours(sandbox: &Sandbox) {
    let vpc = default_vpc(sandbox);
    json_call(sandbox, "ecs", "CreateCluster", json!({"clusterName": "notes2"})).await;
    for name in ["/wharf/notes2/web", "/wharf/notes", "/wharf/notes/web/by-hand"] {
        json_call(sandbox, "logs", "CreateLogGroup", json!({"logGroupName": name})).await;
    }
    for name in ["notes2/web", "notes/by-hand"] {
        json_call(sandbox, "ecr", "CreateRepository", json!({"repositoryName": name})).await;
    }
    let input = json!({"Name": "/wharf/notes2/lease/1", "Value": "x", "Type": "String"});
    json_call(sandbox, "ssm", "PutParameter", input).await;
    let input = json!({"DomainName": "other.example.com", "ValidationMethod": "DNS"});
    json_call(sandbox, "acm", "RequestCertificate", input).await;
    let input = json!({
        "family": "notes-web2", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "nginx:1.27", "essential": true}],
    });
    json_call(sandbox, "ecs", "RegisterTaskDefinition", input).await;
    let group = security_group(sandbox, "notes-tasks-2").await;
    let rule = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=3000&IpPermissions.1.ToPort=3000\
                &IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
    let form = format!("Action=AuthorizeSecurityGroupIngress&GroupId={group}&{rule}");
    query(sandbox, "ec2", form).await;
    let form = format!(
        "Action=CreateTargetGroup&Name=notes-web-by-hand&Protocol=HTTP&Port=3000&TargetType=ip&VpcId={vpc}"
    );
    query(sandbox, "elasticloadbalancing", form).await;
    for (path, name) in [("/wharf/notes2/", "notes2-web-task"), ("/wharf/notes/", "notes-by-hand")]
    {
        let form = format!(
            "Action=CreateRole&RoleName={name}&Path={path}&AssumeRolePolicyDocument={TRUST}"
        );
        query(sandbox, "iam", form).await;
    }
    records(sandbox).await;
}

async fn records(sandbox: &Sandbox) {
    let changes = [
        change("notes.example.com", "TXT", "&quot;by hand&quot;"),
        change("other.example.com", "A", "192.0.2.1"),
        change("xnotes.example.com", "CNAME", "other.example.com"),
    ];
    change_records(sandbox, &changes).await;
}

fn change(name: &str, kind: &str, value: &str) -> String {
    format!(
        "<Change><Action>CREATE</Action><ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>\
         <TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>\
         </ResourceRecords></ResourceRecordSet></Change>"
    )
}

async fn change_records(sandbox: &Sandbox, changes: &[String]) {
    let zone = sandbox.with_world(|world| world.global.route53.zones.keys().next().cloned());
    let body = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ChangeBatch><Changes>{}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        changes.join("")
    );
    let path = format!("/2013-04-01/hostedzone/{}/rrset", zone.unwrap());
    send(sandbox, Request::post(path), "route53", body).await;
}

impl InTheWay {
    /// Puts the object there.
    pub(crate) async fn put(self, sandbox: &Sandbox, service: &str) {
        match self {
            Self::Cluster => {
                json_call(sandbox, "ecs", "CreateCluster", json!({"clusterName": "notes"})).await;
            }
            Self::LogGroup => {
                let input = json!({"logGroupName": format!("/wharf/notes/{service}")});
                json_call(sandbox, "logs", "CreateLogGroup", input).await;
            }
            Self::SecurityGroup => drop(security_group(sandbox, "notes-tasks").await),
            Self::Repository => {
                let input = json!({"repositoryName": format!("notes/{service}")});
                json_call(sandbox, "ecr", "CreateRepository", input).await;
            }
        }
    }

    /// Takes it away again.
    pub(crate) fn remove(self, sandbox: &Sandbox, service: &str) {
        sandbox.with_world(|world| {
            let region = world.region(REGION);
            match self {
                Self::Cluster => drop(region.ecs.clusters.remove("notes")),
                Self::LogGroup => {
                    drop(region.logs.groups.remove(&format!("/wharf/notes/{service}")));
                }
                Self::SecurityGroup => {
                    region.ec2.groups.retain(|_, group| group.name != "notes-tasks");
                    let groups = &region.ec2.groups;
                    region.ec2.rules.retain(|_, rule| groups.contains_key(&rule.group));
                }
                Self::Repository => {
                    drop(region.ecr.repositories.remove(&format!("notes/{service}")));
                }
            }
        });
    }
}
