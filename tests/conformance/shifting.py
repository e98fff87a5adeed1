"""A service whose requests move between two target groups: made, released, stopped, taken back to rolling."""

import json

from patience import until


def shifting(check, world):
    ecs, elb, iam = check.client("ecs"), check.client("elbv2"), check.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}
    document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})  # noqa: E731
    role = iam.create_role(RoleName="shop-shifter", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="shop-shifter", PolicyName="may", PolicyDocument=document(may))

    first = elb.describe_target_groups(TargetGroupArns=[world["group"]])["TargetGroups"][0]
    second = elb.create_target_group(
        Name="shop-second",
        Protocol="HTTP",
        Port=first["Port"],
        VpcId=first["VpcId"],
        TargetType="ip",
        HealthCheckPath=first["HealthCheckPath"],
        HealthCheckIntervalSeconds=10,
    )["TargetGroups"][0]["TargetGroupArn"]
    weights = [{"TargetGroupArn": world["group"], "Weight": 100}, {"TargetGroupArn": second, "Weight": 0}]
    both = [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}]
    elb.modify_listener(ListenerArn=world["listener"], DefaultActions=both)
    rules = elb.describe_rules(ListenerArn=world["listener"])["Rules"]
    rule = next(rule["RuleArn"] for rule in rules if rule["IsDefault"])

    def update(**wanted):
        return ecs.update_service(cluster="shop", service="shop", **wanted)["service"]

    def settled():
        shown = ecs.describe_services(cluster="shop", services=["shop"])["services"][0]
        return shown["deployments"][0]["rolloutState"] == "COMPLETED"

    def weight():
        shown = elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]["ForwardConfig"]
        return {group["TargetGroupArn"]: group["Weight"] for group in shown["TargetGroups"]}

    until("earlier deployments", settled, 120)
    plain = {"targetGroupArn": world["group"], "containerName": "shop", "containerPort": 8080}
    advanced = {"alternateTargetGroupArn": second, "productionListenerRule": rule, "roleArn": role}
    green = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
    refused = ("InvalidParameterException", update)
    check.fails(*refused, deploymentConfiguration=green)
    wrong = {**advanced, "productionListenerRule": world["listener"]}
    check.fails(*refused, loadBalancers=[{**plain, "advancedConfiguration": wrong}])
    # The groups come with a deployment of the old strategy, the new one when that is through.
    pair = [{**plain, "advancedConfiguration": advanced}]
    update(loadBalancers=pair)
    check.fails(*refused, deploymentConfiguration=green)
    until("the groups", settled, 120)
    shown = update(deploymentConfiguration=green)
    assert shown["deploymentConfiguration"]["strategy"] == "BLUE_GREEN", shown
    assert shown["loadBalancers"][0]["advancedConfiguration"] == advanced, shown

    update(forceNewDeployment=True)
    until("the requests", lambda: weight()[second] == 100, 120)
    newest = ecs.list_service_deployments(cluster="shop", service="shop")["serviceDeployments"][0]
    arn = newest["serviceDeploymentArn"]
    shown = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
    assert shown["lifecycleStage"] in ("PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"), shown
    revision = shown["targetServiceRevision"]["arn"]
    shown = ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"][0]
    live = shown["resolvedConfiguration"]["loadBalancers"][0]
    assert live == {"targetGroupArn": second, "productionListenerRule": rule}, live
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert weight() == {world["group"]: 100, second: 0}, weight()
    until("the way back", settled, 120)

    for steps in (
        {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0}},
        {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 0}},
    ):
        update(deploymentConfiguration={**steps, "bakeTimeInMinutes": 0})
        update(forceNewDeployment=True)
        until(f"requests that move by {steps['strategy']}", settled, 120)
    assert weight() == {world["group"]: 100, second: 0}, weight()

    update(deploymentConfiguration={"strategy": "ROLLING"}, loadBalancers=[plain])
    until("rolling again", settled, 120)
    forward = [{"Type": "forward", "TargetGroupArn": world["group"]}]
    elb.modify_listener(ListenerArn=world["listener"], DefaultActions=forward)
    elb.delete_target_group(TargetGroupArn=second)
    iam.delete_role_policy(RoleName="shop-shifter", PolicyName="may")
    iam.delete_role(RoleName="shop-shifter")
