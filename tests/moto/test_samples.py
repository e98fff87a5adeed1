"""Every sample against moto: plan, apply, plan again, change, destroy. boto3 looks at the results.

moto starts no tasks and pushes no images, so an image is put into the repository here, and rollouts
are judged by what the service was asked for.
"""

import hashlib
import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"


def make_network(moto, region, name=None, default=False):
    """A VPC with an internet gateway and public subnets in two zones; moto's own default VPC has none."""
    ec2 = moto.client("ec2", region)
    if default:
        vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    else:
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": name}])
        for index, zone in enumerate("ab"):
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=region + zone)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(
        RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
    )
    if not default:
        private = []
        for index, zone in enumerate("ab"):
            subnet = ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.9.{index + 10}.0/24", AvailabilityZone=region + zone
            )["Subnet"]["SubnetId"]
            private.append(subnet)
        public = ec2.describe_subnets(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "cidr-block", "Values": ["10.9.0.0/24"]}]
        )["Subnets"][0]["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        for subnet in private:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return vpc


def push(moto, region, repository, tag):
    """Puts an image there, as `docker push` would."""
    config = {"digest": "sha256:" + hashlib.sha256(tag.encode()).hexdigest(), "size": 1,
              "mediaType": "application/vnd.docker.container.image.v1+json"}
    manifest = {"schemaVersion": 2, "config": config, "layers": [],
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    moto.client("ecr", region).put_image(
        repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest)
    )


def surroundings(moto, region):
    """What the samples refer to and wharf never makes."""
    make_network(moto, region, default=True)
    make_network(moto, region, name="main")
    moto.client("route53").create_hosted_zone(Name="example.com", CallerReference="tests")
    ssm = moto.client("ssm", region)
    for name in ["/notes/staging/database_url", "/notes/prod/database_url", "/shop/database_url"]:
        ssm.put_parameter(Name=name, Value="x", Type="SecureString")
    for name in ["notes/staging", "notes/prod"]:
        moto.client("secretsmanager", region).create_secret(Name=name, SecretString='{"stripe_key": "x"}')


def everything(moto, region):
    """All objects of the services wharf touches, by their own describe calls."""
    ecs, elb, ec2 = (moto.client(name, region) for name in ("ecs", "elbv2", "ec2"))
    clusters = [c for c in ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
                if c["status"] != "INACTIVE"]
    services = [arn for cluster in clusters
                for arn in ecs.list_services(cluster=cluster["clusterArn"])["serviceArns"]]
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    listeners = [listener for balancer in balancers
                 for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]]
    zones = moto.client("route53").list_hosted_zones()["HostedZones"]
    return {
        "clusters": [c["clusterName"] for c in clusters],
        "services": services,
        "task_definitions": ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"],
        "balancers": [b["LoadBalancerName"] for b in balancers],
        "listeners": [(l["Port"], l["Protocol"]) for l in listeners],
        "target_groups": [(t["TargetGroupName"], t["Port"], t["HealthCheckPath"])
                          for t in elb.describe_target_groups()["TargetGroups"]],
        "groups": [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"]
                   if g["GroupName"] != "default"],
        "repositories": [r["repositoryName"] for r in
                         moto.client("ecr", region).describe_repositories()["repositories"]],
        "log_groups": [g["logGroupName"] for g in
                       moto.client("logs", region).describe_log_groups()["logGroups"]],
        "roles": [r["RoleName"] for r in moto.client("iam").list_roles()["Roles"]],
        "certificates": [c["DomainName"] for c in
                         moto.client("acm", region).list_certificates()["CertificateSummaryList"]],
        "records": [(r["Name"], r["Type"]) for zone in zones
                    for r in moto.client("route53").list_resource_record_sets(
                        HostedZoneId=zone["Id"])["ResourceRecordSets"]
                    if r["Type"] not in ("NS", "SOA")],
        "leases": [p["Name"] for p in moto.client("ssm", region).describe_parameters()["Parameters"]
                   if p["Name"].startswith("/wharf/")],
    }




@pytest.mark.parametrize("sample", sorted(p.stem for p in SPECS.glob("*.yaml")))
def test_sample(sample, moto, wharf, tmp_path):
    text = (SPECS / f"{sample}.yaml").read_text()
    region = re.search(r"^region: *(\S+)", text, re.M).group(1)
    app = re.search(r"^app: *(\S+)", text, re.M).group(1)
    env = re.findall(r"^  (prod|staging):", text, re.M)
    flags = ["--env", "prod"] if env else []
    spec = tmp_path / "wharf.yaml"
    spec.write_text(text)
    surroundings(moto, region)
    before = everything(moto, region)

    plan = wharf.plan("--detailed-exitcode", *flags, spec=spec, code=2)
    assert plan["summary"]["create"] == len({step["address"] for step in plan["steps"]})
    waits = [step["address"] for step in plan["steps"] if step["address"].startswith("image.")]

    if waits:
        # Nobody pushes on moto: converge as far as possible, say what is missing, then push.
        run = wharf("apply", "--yes", *flags, spec=spec, code=12)
        assert "docker push" in run.stdout + run.stderr
        for address in waits:
            service = address.split(".", 1)[1]
            tag = re.search(r"tag: *(\S+?)[ ,}\n]", text).group(1)
            push(moto, region, f"{app}/{service}", tag)
    wharf("apply", "--yes", *flags, spec=spec)
    after = everything(moto, region)
    assert after["clusters"] and after["services"] and after["balancers"] and after["target_groups"]
    assert not after["leases"]
    assert wharf.plan("--detailed-exitcode", *flags, spec=spec)["steps"] == []
    wharf("drift", *flags, spec=spec)

    stack = plan["stack"]
    wharf("destroy", "--yes", "--confirm", stack, *flags, spec=spec)
    left = everything(moto, region)
    assert left == before
