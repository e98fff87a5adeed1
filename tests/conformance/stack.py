"""A whole stack, from nothing to a healthy service behind HTTPS and back to nothing."""

import json

from changes import changes
from patience import until
from schedules import command, schedules
from shifting import shifting

TAGS = [{"Key": "wharf:app", "Value": "shop"}]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def network(check, world):
    ec2 = check.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    in_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnets = ec2.describe_subnets(Filters=in_vpc)["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) >= 2
    for call in (
        ec2.describe_route_tables,
        ec2.describe_security_groups,
        ec2.describe_network_interfaces,
        ec2.describe_vpc_endpoints,
    ):
        call(Filters=in_vpc)
    ec2.describe_nat_gateways()
    ec2.describe_internet_gateways()
    check.fails("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"])

    def group(name):
        tagged = [{"ResourceType": "security-group", "Tags": TAGS}]
        made = {"GroupName": name, "Description": name, "VpcId": vpc["VpcId"]}
        answer = ec2.create_security_group(TagSpecifications=tagged, **made)
        check.fails("InvalidGroup.Duplicate", ec2.create_security_group, **made)
        return answer["GroupId"]

    balancer, task = group("shop-alb"), group("shop-task")
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    secure = {**web, "FromPort": 443, "ToPort": 443}
    ec2.authorize_security_group_ingress(GroupId=balancer, IpPermissions=[web, secure])
    check.fails(
        "InvalidPermission.Duplicate",
        ec2.authorize_security_group_ingress,
        GroupId=balancer,
        IpPermissions=[web],
    )
    pair = [{"GroupId": balancer}]
    inner = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": pair}
    ec2.authorize_security_group_ingress(GroupId=task, IpPermissions=[inner])
    ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [task]}])
    ec2.describe_security_groups(GroupIds=[task])
    check.fails("DependencyViolation", ec2.delete_security_group, GroupId=balancer)
    world.update(
        vpc=vpc["VpcId"],
        subnets=sorted(subnet["SubnetId"] for subnet in subnets),
        balancer_group=balancer,
        task_group=task,
        inner=inner,
    )


def roles(check, world):
    iam = check.client("iam")
    name = "shop-execution"
    check.fails("NoSuchEntity", iam.get_role, RoleName=name)
    made = {"RoleName": name, "Path": "/wharf/shop/", "AssumeRolePolicyDocument": TRUST}
    world["role"] = iam.create_role(Tags=TAGS, **made)["Role"]["Arn"]
    check.fails("EntityAlreadyExists", iam.create_role, **made)
    iam.attach_role_policy(RoleName=name, PolicyArn=EXECUTION)
    statement = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="secrets", PolicyDocument=document)
    assert iam.get_role_policy(RoleName=name, PolicyName="secrets")["PolicyDocument"]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["secrets"]
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert iam.list_roles(PathPrefix="/wharf/")["Roles"]
    may = iam.simulate_principal_policy(
        PolicySourceArn=world["role"], ActionNames=["ssm:GetParameters", "ssm:PutParameter"]
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in may] == ["allowed", "implicitDeny"]
    nobody = world["role"] + "-none"
    check.fails(
        "NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=nobody, ActionNames=["a:B"]
    )
    iam.tag_role(RoleName=name, Tags=[{"Key": "x", "Value": "y"}])
    iam.untag_role(RoleName=name, TagKeys=["x"])
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=TRUST)
    assert iam.get_role(RoleName=name)["Role"]["Tags"] == TAGS
    check.fails("DeleteConflict", iam.delete_role, RoleName=name)


def certificate(check, world):
    acm, route53 = check.client("acm"), check.client("route53")
    zones = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    zone = zones[0]["Id"].removeprefix("/hostedzone/")
    route53.get_hosted_zone(Id=zone)
    route53.list_hosted_zones()
    route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)
    check.fails("NoSuchHostedZone", route53.get_hosted_zone, Id="ZNONE0000000")
    arn = acm.request_certificate(
        DomainName="shop.example.com", ValidationMethod="DNS", Tags=TAGS, IdempotencyToken="t"
    )["CertificateArn"]

    def record():
        shown = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return shown["DomainValidationOptions"][0].get("ResourceRecord")

    found = until("the validation record", record)
    acm.list_certificates()
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == TAGS
    validation = {
        "Name": found["Name"],
        "Type": found["Type"],
        "TTL": 300,
        "ResourceRecords": [{"Value": found["Value"]}],
    }
    world.update(zone=zone, certificate=arn, validation=validation)

    def issued():
        status = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
        return status == "ISSUED"

    assert not issued()
    change(route53, zone, "CREATE", validation)
    check.fails(
        "InvalidChangeBatch",
        route53.change_resource_record_sets,
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": validation}]},
    )
    until("the certificate", issued)
    acm.describe_certificate(CertificateArn=arn)


def change(route53, zone, action, record):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    answer = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    done = lambda: route53.get_change(Id=answer["ChangeInfo"]["Id"])["ChangeInfo"]["Status"]  # noqa: E731
    until("the change", lambda: done() == "INSYNC")


def balancer(check, world):
    elb = check.client("elbv2")
    check.fails("LoadBalancerNotFound", elb.describe_load_balancers, Names=["shop"])
    check.fails("TargetGroupNotFound", elb.describe_target_groups, Names=["shop"])
    common = {"Name": "shop", "SecurityGroups": [world["balancer_group"]]}
    check.fails(
        "ValidationError", elb.create_load_balancer, Subnets=world["subnets"][:1], **common
    )
    made = elb.create_load_balancer(Subnets=world["subnets"], Tags=TAGS, **common)
    made = made["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "61"}]
    )
    elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
    group = elb.create_target_group(
        Name="shop",
        Protocol="HTTP",
        Port=8080,
        VpcId=world["vpc"],
        TargetType="ip",
        HealthCheckPath="/",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        Tags=TAGS,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
    )
    elb.describe_target_group_attributes(TargetGroupArn=group)
    world.update(balancer=arn, group=group, dns=made)


def listeners(check, world):
    elb = check.client("elbv2")
    forward = [{"Type": "forward", "TargetGroupArn": world["group"]}]
    secure = {
        "LoadBalancerArn": world["balancer"],
        "Protocol": "HTTPS",
        "Port": 443,
        "Certificates": [{"CertificateArn": world["certificate"]}],
        "DefaultActions": forward,
    }
    listener = elb.create_listener(Tags=TAGS, **secure)["Listeners"][0]["ListenerArn"]
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    plain = {
        "LoadBalancerArn": world["balancer"],
        "Protocol": "HTTP",
        "Port": 80,
        "DefaultActions": [{"Type": "redirect", "RedirectConfig": redirect}],
    }
    elb.create_listener(**plain)
    # The same again is the same listener; another one on its port is refused.
    elb.create_listener(**plain)
    check.fails("DuplicateListener", elb.create_listener, **{**plain, "DefaultActions": forward})
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}]
    rule = {"ListenerArn": listener, "Priority": 1, "Conditions": conditions, "Actions": forward}
    made = elb.create_rule(Tags=TAGS, **rule)["Rules"][0]["RuleArn"]
    check.fails("PriorityInUse", elb.create_rule, **rule)
    elb.modify_rule(RuleArn=made, Conditions=conditions, Actions=forward)
    elb.describe_rules(ListenerArn=listener)
    elb.describe_listeners(LoadBalancerArn=world["balancer"])
    elb.modify_listener(ListenerArn=listener, DefaultActions=forward)
    elb.describe_target_groups(LoadBalancerArn=world["balancer"])
    arns = [world["balancer"], world["group"], listener, made]
    assert len(elb.describe_tags(ResourceArns=arns)["TagDescriptions"]) == 4
    elb.add_tags(ResourceArns=[made], Tags=[{"Key": "x", "Value": "y"}])
    elb.remove_tags(ResourceArns=[made], TagKeys=["x"])
    elb.delete_rule(RuleArn=made)
    world["listener"] = listener
    check.fails("ResourceInUse", elb.delete_target_group, TargetGroupArn=world["group"])

    def active():
        shown = elb.describe_load_balancers(LoadBalancerArns=[world["balancer"]])
        return shown["LoadBalancers"][0]["State"]["Code"] == "active"

    until("the balancer", active)


def service(check, world):
    ecs, elb, ecr = check.client("ecs"), check.client("elbv2"), check.client("ecr")
    tags = [{"key": "wharf:app", "value": "shop"}]
    uri = ecr.create_repository(repositoryName="shop", tags=TAGS)["repository"]["repositoryUri"]
    check.client("logs").create_log_group(logGroupName="/shop")
    ecs.create_cluster(clusterName="shop", tags=tags)
    assert ecs.describe_clusters(clusters=["shop", "none"])["failures"]
    log = {"awslogs-group": "/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "x"}
    container = {
        "name": "shop",
        "image": f"{uri}:v1",
        "essential": True,
        "portMappings": [{"containerPort": 8080}],
        "secrets": [{"name": "DATABASE_URL", "valueFrom": "/shop/database_url"}],
        "logConfiguration": {"logDriver": "awslogs", "options": log},
    }
    definition = {
        "family": "shop",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": world["role"],
        "containerDefinitions": [container],
    }
    check.fails(
        "ClientException", ecs.register_task_definition, cpu="256", memory="123", **definition
    )
    made = ecs.register_task_definition(cpu="256", memory="512", tags=tags, **definition)
    task = made["taskDefinition"]["taskDefinitionArn"]
    ecs.describe_task_definition(taskDefinition="shop", include=["TAGS"])
    ecs.list_task_definitions(familyPrefix="shop")
    vpc = {
        "subnets": world["subnets"],
        "securityGroups": [world["task_group"]],
        "assignPublicIp": "ENABLED",
    }
    to = {"targetGroupArn": world["group"], "containerName": "shop", "containerPort": 8080}
    wanted = {
        "cluster": "shop",
        "serviceName": "shop",
        "taskDefinition": task,
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": vpc},
        "loadBalancers": [to],
        "healthCheckGracePeriodSeconds": 30,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    }
    check.fails(
        "InvalidParameterException",
        ecs.create_service,
        **{**wanted, "loadBalancers": [{**to, "containerPort": 9}]},
    )
    arn = ecs.create_service(tags=tags, **wanted)["service"]["serviceArn"]

    def rolled_out():
        shown = ecs.describe_services(cluster="shop", services=["shop"], include=["TAGS"])
        shown = shown["services"][0]
        return shown["runningCount"] == 1 and shown["deployments"][0]["rolloutState"] == "COMPLETED"

    until("the rollout", rolled_out, 120)
    tasks = ecs.list_tasks(cluster="shop", serviceName="shop")["taskArns"]
    ecs.describe_tasks(cluster="shop", tasks=tasks)
    health = elb.describe_target_health(TargetGroupArn=world["group"])
    states = [item["TargetHealth"]["State"] for item in health["TargetHealthDescriptions"]]
    assert states == ["healthy"], health
    ecs.list_services(cluster="shop")
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "x", "value": "y"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["x"])
    ecs.list_tags_for_resource(resourceArn=arn)
    ecs.update_service(cluster="shop", service="shop", desiredCount=2)
    check.fails("ClusterContainsServicesException", ecs.delete_cluster, cluster="shop")
    world["task"] = task


def scaling(check, world):
    client = check.client("application-autoscaling")
    own = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/shop/shop",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    none = {**own, "ResourceId": "service/shop/none"}
    check.fails(
        "ValidationException", client.register_scalable_target, MinCapacity=1, MaxCapacity=2, **none
    )
    check.fails("ObjectNotFoundException", client.deregister_scalable_target, **own)
    arn = client.register_scalable_target(MinCapacity=2, MaxCapacity=4, **own)["ScalableTargetARN"]
    client.register_scalable_target(SuspendedState={"DynamicScalingInSuspended": True}, **own)
    shown = client.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[own["ResourceId"], none["ResourceId"]]
    )["ScalableTargets"]
    assert [target["ScalableTargetARN"] for target in shown] == [arn]
    assert (shown[0]["MinCapacity"], shown[0]["MaxCapacity"]) == (2, 4)

    def tracking(metric, **more):
        specification = {"PredefinedMetricType": metric, **more}
        return {
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": specification,
                "ScaleOutCooldown": 30,
                "ScaleInCooldown": 300,
            },
        }

    cpu = tracking("ECSServiceAverageCPUUtilization")
    check.fails("ObjectNotFoundException", client.put_scaling_policy, PolicyName="cpu", **none, **cpu)
    made = client.put_scaling_policy(PolicyName="cpu", **own, **cpu)
    assert len(made["Alarms"]) == 2
    check.fails("ValidationException", client.put_scaling_policy, PolicyName="two", **own, **cpu)
    balancer = world["balancer"].split(":loadbalancer/")[1]
    group = world["group"].rsplit(":", 1)[1]
    requests = tracking("ALBRequestCountPerTarget", ResourceLabel=f"{balancer}/{group}")
    client.put_scaling_policy(PolicyName="requests", **own, **requests)
    policies = client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert [policy["PolicyName"] for policy in policies] == ["cpu", "requests"]
    when = {"Schedule": "cron(0 7 ? * MON-FRI *)", "Timezone": "Europe/Berlin"}
    action = {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 4}, **when}
    client.put_scheduled_action(ScheduledActionName="day", **own, **action)
    check.fails(
        "ValidationException",
        client.put_scheduled_action,
        ScheduledActionName="night",
        **own,
        **{**action, "Schedule": "0 7 * * *"},
    )
    actions = client.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert [action["Timezone"] for action in actions] == ["Europe/Berlin"]
    client.describe_scaling_activities(ServiceNamespace="ecs")
    client.delete_scheduled_action(ScheduledActionName="day", **own)
    check.fails(
        "ObjectNotFoundException", client.delete_scheduled_action, ScheduledActionName="day", **own
    )
    client.delete_scaling_policy(PolicyName="cpu", **own)
    check.fails("ObjectNotFoundException", client.delete_scaling_policy, PolicyName="cpu", **own)
    client.deregister_scalable_target(**own)


def alias(check, world):
    route53 = check.client("route53")
    to = {
        "HostedZoneId": world["dns"]["CanonicalHostedZoneId"],
        "DNSName": world["dns"]["DNSName"],
        "EvaluateTargetHealth": False,
    }
    record = {"Name": "shop.example.com", "Type": "A", "AliasTarget": to}
    change(route53, world["zone"], "CREATE", record)
    assert route53.get_hosted_zone(Id=world["zone"])["DelegationSet"]["NameServers"]
    shown = route53.list_resource_record_sets(HostedZoneId=world["zone"])["ResourceRecordSets"]
    world["alias"] = next(item for item in shown if item["Type"] == "A")


def gone(check, world):
    ecs, elb, ec2 = check.client("ecs"), check.client("elbv2"), check.client("ec2")
    acm, iam, route53 = check.client("acm"), check.client("iam"), check.client("route53")
    change(route53, world["zone"], "DELETE", world["alias"])
    ecs.update_service(cluster="shop", service="shop", desiredCount=0)
    ecs.delete_service(cluster="shop", service="shop", force=True)

    def status():
        return ecs.describe_services(cluster="shop", services=["shop"])["services"][0]["status"]

    until("the drain", lambda: status() == "INACTIVE", 120)
    ecs.deregister_task_definition(taskDefinition=world["task"])
    ecs.delete_task_definitions(taskDefinitions=[world["task"]])
    until("the cluster", lambda: deleted(ecs.delete_cluster, cluster="shop"))
    check.fails("ResourceInUseException", acm.delete_certificate, CertificateArn=world["certificate"])
    elb.delete_listener(ListenerArn=world["listener"])
    elb.delete_load_balancer(LoadBalancerArn=world["balancer"])
    until("the group", lambda: deleted(elb.delete_target_group, TargetGroupArn=world["group"]))
    in_use = {"CertificateArn": world["certificate"]}
    until("the certificate", lambda: deleted(acm.delete_certificate, **in_use))
    change(route53, world["zone"], "DELETE", world["validation"])
    ec2.revoke_security_group_ingress(GroupId=world["task_group"], IpPermissions=[world["inner"]])
    for group in (world["task_group"], world["balancer_group"]):
        until("the group", lambda: deleted(ec2.delete_security_group, GroupId=group), 120)  # noqa: B023
    iam.detach_role_policy(RoleName="shop-execution", PolicyArn=EXECUTION)
    iam.delete_role_policy(RoleName="shop-execution", PolicyName="secrets")
    iam.delete_role(RoleName="shop-execution")
    check.client("ecr").delete_repository(repositoryName="shop", force=True)
    check.client("logs").delete_log_group(logGroupName="/shop")
    tagging = check.client("resourcegroupstaggingapi")
    left = tagging.get_resources(TagFilters=[{"Key": "wharf:app"}])["ResourceTagMappingList"]
    names = [item["ResourceARN"] for item in left]
    # What is INACTIVE may still be listed for a while; nothing else may.
    assert all(":ecs:" in name for name in names), names


def deleted(call, **arguments):
    try:
        call(**arguments)
    except call.__self__.exceptions.ClientError:
        return False
    return True


STEPS = [network, roles, certificate, balancer, listeners, service, scaling, alias, schedules, command, changes, shifting, gone]


def stack(check):
    world = {}
    for step in STEPS:
        step(check, world)
