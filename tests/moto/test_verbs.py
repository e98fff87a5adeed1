"""Everyday verbs against moto, as far as moto can: it starts no tasks, so what is asserted is what AWS was asked.

`exec` and `run` need tasks, `wait` a rollout that ends, `cancel` and the strategies records of rollouts; the sandbox has
them.
"""

import json


def document(wharf, *args, code=0):
    return json.loads(wharf(*args, "--format", "json", code=code).stdout)


def service(account):
    ecs = account.client("ecs")
    arns = ecs.list_services(cluster="notes")["serviceArns"]
    [found] = ecs.describe_services(cluster="notes", services=arns)["services"]
    return found


def image(account):
    definition = account.client("ecs").describe_task_definition(
        taskDefinition=service(account)["taskDefinition"]
    )
    return definition["taskDefinition"]["containerDefinitions"][0]["image"]


def exported_is_there(wharf, account):
    """Checks that boto3 finds what `wharf export` names, by the same identities."""
    objects = document(wharf, "export")["objects"]
    ids = {block["to"]: block["id"] for one in objects for block in one["terraform"]}
    assert len(ids) == sum(len(one["terraform"]) for one in objects)
    cluster, name = ids["aws_ecs_service.web"].split("/")
    ecs, elb, iam = (account.client(service) for service in ("ecs", "elbv2", "iam"))
    [found] = ecs.describe_services(cluster=cluster, services=[name])["services"]
    assert found["status"] == "ACTIVE"
    assert ids["aws_ecs_cluster.main"] == cluster
    assert ids["aws_ecs_task_definition.web"] == found["taskDefinition"]
    elb.describe_load_balancers(LoadBalancerArns=[ids["aws_lb.main"]])
    elb.describe_listeners(ListenerArns=[ids["aws_lb_listener.http"]])
    elb.describe_target_groups(TargetGroupArns=[ids["aws_lb_target_group.web"]])
    account.client("ecr").describe_repositories(repositoryNames=[ids["aws_ecr_repository.web"]])
    account.client("ecr").get_lifecycle_policy(repositoryName=ids["aws_ecr_lifecycle_policy.web"])
    role, policy = ids["aws_iam_role_policy.web_execution"].split(":")
    assert role == ids["aws_iam_role.web_execution"]
    iam.get_role_policy(RoleName=role, PolicyName=policy)
    group = ids["aws_cloudwatch_log_group.web"]
    logs = account.client("logs").describe_log_groups(logGroupNamePrefix=group)
    assert [one["logGroupName"] for one in logs["logGroups"]] == [group]
    groups = [ids[f"aws_security_group.{role}"] for role in ("balancer", "tasks")]
    assert len(account.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]) == 2


def test_verbs(sample):
    wharf, account = sample("minimal")
    before = account.everything()
    wharf.apply(code=12)
    account.push("notes/web", "v1")
    wharf.apply()
    first = image(account)

    # A second release, and back.
    account.push("notes/web", "v2")
    wharf.edit("tag: v1", "tag: v2")
    wharf.apply()
    assert image(account) != first
    listed = document(wharf, "releases")["services"][0]["releases"]
    assert [release["revision"] for release in listed] == [2, 1], listed
    wharf("rollback", "--yes")
    assert image(account) == first
    # The spec still asks for what was gone back from.
    assert wharf.plan(code=2)["steps"]
    wharf.apply()
    assert image(account) != first

    # Another number of tasks, which only the spec keeps; and new tasks of the same release.
    now = image(account)
    wharf("scale", "web", "3")
    assert service(account)["desiredCount"] == 3
    drifted = wharf("drift", code=2)
    assert "spec: 1, live: 3" in drifted.stdout, drifted.stdout
    wharf.apply()
    assert service(account)["desiredCount"] == 1
    wharf("restart", "web")
    assert image(account) == now
    wharf.converged()
    # No task ever starts, and doctor sees just that.
    doctor = wharf("doctor", "web", code=1)
    assert "0 of 1 tasks running" in doctor.stdout, doctor.stdout

    # Looking changes nothing.
    seen = account.everything()
    status = document(wharf, "status")
    assert [one["name"] for one in status["services"]] == ["web"], status
    assert wharf("logs").stdout == ""
    wharf("plan", "--format", "markdown")
    wharf("graph", "--live", "--format", "mermaid")
    wharf("render", "--why")
    wharf("adopt", "--yes")
    exported_is_there(wharf, account)
    assert account.everything() == seen

    wharf.destroy("notes")
    assert account.everything() == before
