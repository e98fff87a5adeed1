"""The served sandbox under boto3: what wharf made is there, console edits are drift, apply undoes them."""

import json
import re
import subprocess

import pytest

from account import Account
from conftest import ROOT, Wharf, wharf_binary

REGION = "ap-southeast-2"


@pytest.fixture
def served(tmp_path):
    """A served sandbox whose clock runs forty times as fast, the binary pointed at it, and boto3."""
    process = subprocess.Popen(
        [wharf_binary(), "sandbox", "serve", "--port", "0", f"--sandbox={tmp_path / 'sandbox'}"],
        stdout=subprocess.PIPE, text=True, env={"WHARF_SANDBOX_SPEED": "40", "HOME": str(tmp_path)},
    )
    try:
        url = re.search(r"http://\S+", process.stdout.readline()).group(0)
        spec = (ROOT / "specs" / "minimal.yaml").read_text()
        yield Wharf(url, tmp_path, spec), Account(url, REGION)
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_console_edits_through_any_client_are_drift(served):
    wharf, account = served
    elb, logs, ecs, ec2 = (account.client(name) for name in ("elbv2", "logs", "ecs", "ec2"))
    wharf("apply", "--yes", "--wait-image", "5m")
    wharf.converged()

    group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    security_group = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["notes-balancer"]}])["SecurityGroups"][0]["GroupId"]
    service = ecs.list_services(cluster="notes")["serviceArns"][0]

    def open_ports():
        found = ec2.describe_security_groups(GroupIds=[security_group])["SecurityGroups"][0]
        return {rule["FromPort"] for rule in found["IpPermissions"]}

    def retention():
        return logs.describe_log_groups(logGroupNamePrefix="/wharf/notes/web")["logGroups"][0].get("retentionInDays")

    def state():
        return {
            "path": elb.describe_target_groups()["TargetGroups"][0]["HealthCheckPath"],
            "retention": retention(),
            "count": ecs.describe_services(cluster="notes", services=[service])["services"][0]["desiredCount"],
            "ports": open_ports(),
            "listener": elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["DefaultActions"][0]["Type"],
        }

    before = state()
    assert before == {"path": "/health", "retention": 30, "count": 1, "ports": {80}, "listener": "forward"}
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/elsewhere")
    logs.put_retention_policy(logGroupName="/wharf/notes/web", retentionInDays=1)
    ecs.update_service(cluster="notes", service=service, desiredCount=2)
    ec2.authorize_security_group_ingress(GroupId=security_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    elb.modify_listener(ListenerArn=listener, DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])

    text = wharf("drift", code=2).stdout
    for part in ("/elsewhere", "retention", "count", "balancer:22", "503"):
        assert part in text, f"{part} not in\n{text}"
    document = json.loads(wharf("drift", "--format", "json", code=2).stdout)
    assert {one["address"] for one in document["drift"]} == {
        "target_group.web", "log_group.web", "service.web", "ingress_rule.balancer:22:0.0.0.0/0", "listener.http"}

    # What was added by hand is deleted only when that is allowed; nothing is half done.
    assert "--allow-delete" in wharf("apply", "--yes", code=11).stderr
    assert state()["path"] == "/elsewhere"
    wharf.apply()
    wharf.converged()
    assert state() == before

    wharf.destroy("notes")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []
    assert ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"] == []
    assert ecs.list_clusters()["clusterArns"] == []
    assert logs.describe_log_groups()["logGroups"] == []
    assert account.client("ecr").describe_repositories()["repositories"] == []
    groups = ec2.describe_security_groups()["SecurityGroups"]
    assert {group["GroupName"] for group in groups} == {"default"}
