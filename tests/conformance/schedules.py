"""Schedules and their groups, and a command in a running task."""

from patience import until

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":["scheduler.amazonaws.com","ecs-tasks.amazonaws.com"]}}]}'
)

AGENT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssmmessages:*","Resource":"*"}]}'
)


def schedules(check, world):
    iam, client = check.client("iam"), check.client("scheduler")
    role = iam.create_role(RoleName="shop-scheduler", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    world["scheduler_role"] = role
    group = {"Name": "shop"}
    tags = [{"Key": "a", "Value": "b"}]
    arn = client.create_schedule_group(Tags=tags, **group)["ScheduleGroupArn"]
    check.fails("ConflictException", client.create_schedule_group, **group)
    assert client.get_schedule_group(**group)["State"] == "ACTIVE"
    check.fails("ResourceNotFoundException", client.get_schedule_group, Name="none")
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    assert len(client.list_tags_for_resource(ResourceArn=arn)["Tags"]) == 2
    place = {"Subnets": world["subnets"], "AssignPublicIp": "ENABLED"}
    cluster = check.client("ecs").describe_clusters(clusters=["shop"])["clusters"][0]["clusterArn"]
    target = {
        "Arn": cluster,
        "RoleArn": role,
        "EcsParameters": {
            "TaskDefinitionArn": world["task"],
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": place},
        },
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
    }
    one = {"Name": "nightly", "GroupName": "shop"}
    when = {
        "ScheduleExpression": "cron(30 2 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }

    def make():
        # A role that was made a moment ago cannot be taken yet.
        try:
            client.create_schedule(Target=target, **one, **when)
        except client.exceptions.ValidationException:
            return False
        return True

    until("the scheduler's role", make)
    check.fails("ConflictException", client.create_schedule, Target=target, **one, **when)
    wrong = {**when, "ScheduleExpression": "30 2 * * *"}
    check.fails(
        "ValidationException", client.create_schedule, Name="x", Target=target, **wrong
    )
    shown = client.get_schedule(**one)
    assert shown["ScheduleExpressionTimezone"] == "Europe/Berlin", shown
    assert shown["Target"]["EcsParameters"]["TaskCount"] == 1, shown
    client.update_schedule(Target=target, State="DISABLED", **one, **when)
    listed = client.list_schedules(GroupName="shop", NamePrefix="night")["Schedules"]
    assert [item["State"] for item in listed] == ["DISABLED"], listed
    client.delete_schedule(**one)
    check.fails("ResourceNotFoundException", client.delete_schedule, **one)
    check.fails("ResourceNotFoundException", client.update_schedule, Target=target, **one, **when)
    client.delete_schedule_group(**group)


def command(check, world):
    ecs, iam = check.client("ecs"), check.client("iam")
    policy = {"RoleName": "shop-scheduler", "PolicyName": "exec"}
    iam.put_role_policy(PolicyDocument=AGENT, **policy)
    place = {"subnets": world["subnets"], "assignPublicIp": "ENABLED"}
    known = ecs.describe_task_definition(taskDefinition=world["task"])["taskDefinition"]
    kept = ("containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities")
    definition = ecs.register_task_definition(
        family="shop-command",
        executionRoleArn=known["executionRoleArn"],
        taskRoleArn=world["scheduler_role"],
        **{name: known[name] for name in kept},
    )["taskDefinition"]["taskDefinitionArn"]
    task = ecs.run_task(
        cluster="shop",
        taskDefinition=definition,
        launchType="FARGATE",
        enableExecuteCommand=True,
        networkConfiguration={"awsvpcConfiguration": place},
    )["tasks"][0]["taskArn"]

    def run():
        try:
            return ecs.execute_command(cluster="shop", task=task, command="sh", interactive=True)
        except ecs.exceptions.ClientError:
            return None

    made = until("the agent in the task", run)
    assert made["session"]["tokenValue"], made
    ecs.stop_task(cluster="shop", task=task)
    ecs.deregister_task_definition(taskDefinition=definition)
    iam.delete_role_policy(**policy)
    iam.delete_role(RoleName="shop-scheduler")
