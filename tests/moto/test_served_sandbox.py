"""The served sandbox under boto3: what wharf made is there, console edits are drift, apply undoes them."""

import os
import pathlib
import re
import subprocess

import boto3
import pytest

from conftest import wharf_binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "ap-southeast-2"


class Served:
    """A served sandbox and the binary pointed at it."""

    def __init__(self, url, home):
        self.url = url
        self.home = home
        self.spec = home / "wharf.yaml"
        self.spec.write_text((ROOT / "specs" / "minimal.yaml").read_text())

    def client(self, service):
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url,
            aws_access_key_id="x", aws_secret_access_key="x",
        )

    def __call__(self, *args, code=0):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true",
        }
        run = subprocess.run(
            [wharf_binary(), *args, "--file", str(self.spec)], env=environment, capture_output=True,
            text=True, timeout=300, stdin=subprocess.DEVNULL,
        )
        assert run.returncode == code, f"{args}: {run.returncode}\n{run.stdout}\n{run.stderr}"
        return run.stdout


@pytest.fixture
def served(tmp_path):
    process = subprocess.Popen(
        [wharf_binary(), "sandbox", "serve", "--port", "0", f"--sandbox={tmp_path / 'sandbox'}"],
        stdout=subprocess.PIPE, text=True, env={"WHARF_SANDBOX_SPEED": "40", "HOME": str(tmp_path)},
    )
    try:
        url = re.search(r"http://\S+", process.stdout.readline()).group(0)
        yield Served(url, tmp_path)
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_console_edits_through_any_client_are_drift(served):
    served("apply", "--yes", "--wait-image", "5m")
    elb, logs, ecs, ec2 = (served.client(name) for name in ("elbv2", "logs", "ecs", "ec2"))

    group = elb.describe_target_groups()["TargetGroups"][0]
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/elsewhere")
    logs.put_retention_policy(logGroupName="/wharf/notes/web", retentionInDays=1)
    service = ecs.list_services(cluster="notes")["serviceArns"][0]
    ecs.update_service(cluster="notes", service=service, desiredCount=2)
    security_group = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["notes-balancer"]}])["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=security_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    elb.modify_listener(ListenerArn=listener, DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])

    named = served("drift", code=2)
    for part in ("/elsewhere", "retention", "count", "balancer:22", "503"):
        assert part in named, f"{part} not in\n{named}"
    served("apply", "--yes", "--allow-delete")
    served("drift")
    health = elb.describe_target_groups()["TargetGroups"][0]["HealthCheckPath"]
    assert health == "/health"

    served("destroy", "--yes", "--confirm", "notes")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []
    assert ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"] == []
