"""What is done to a stack that stands: settings changed in place, tasks run and stopped, rollouts looked at."""


def changes(check, world):
    ecs, elb, ec2 = check.client("ecs"), check.client("elbv2"), check.client("ec2")
    acm, ecr = check.client("acm"), check.client("ecr")
    tag = {"Key": "x", "Value": "y"}
    acm.add_tags_to_certificate(CertificateArn=world["certificate"], Tags=[tag])
    certificates = check.client("elbv2").describe_listener_certificates(ListenerArn=world["listener"])
    assert certificates["Certificates"], certificates
    ec2.create_tags(Resources=[world["task_group"]], Tags=[tag])
    assert ecr.describe_repositories(repositoryNames=["shop"])["repositories"]

    elb.set_security_groups(
        LoadBalancerArn=world["balancer"], SecurityGroups=[world["balancer_group"]]
    )
    elb.set_subnets(LoadBalancerArn=world["balancer"], Subnets=world["subnets"])
    forward = [{"Type": "forward", "TargetGroupArn": world["group"]}]
    paths = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/moved"]}}]
    rule = elb.create_rule(
        ListenerArn=world["listener"], Priority=7, Conditions=paths, Actions=forward
    )["Rules"][0]["RuleArn"]
    moved = elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": 8}])["Rules"]
    assert moved[0]["Priority"] == "8", moved
    elb.delete_rule(RuleArn=rule)

    assert ecs.list_clusters()["clusterArns"] and ecs.list_task_definition_families()["families"]
    ecs.update_cluster(cluster="shop", settings=[{"name": "containerInsights", "value": "enabled"}])
    providers = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"]}
    ecs.put_cluster_capacity_providers(
        cluster="shop", defaultCapacityProviderStrategy=[], **providers
    )
    place = {"subnets": world["subnets"], "assignPublicIp": "ENABLED"}
    task = ecs.run_task(
        cluster="shop",
        taskDefinition=world["task"],
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": place},
    )["tasks"][0]["taskArn"]
    ecs.stop_task(cluster="shop", task=task, reason="seen enough")
    ecs.update_service(cluster="shop", service="shop", forceNewDeployment=True)
    listed = ecs.list_service_deployments(cluster="shop", service="shop")["serviceDeployments"]
    newest = listed[0]["serviceDeploymentArn"]
    shown = ecs.describe_service_deployments(serviceDeploymentArns=[newest])["serviceDeployments"]
    revision = shown[0]["targetServiceRevision"]["arn"]
    ecs.describe_service_revisions(serviceRevisionArns=[revision])
    stop = {"serviceDeploymentArn": newest}
    check.fails("InvalidParameterException", ecs.stop_service_deployment, stopType="ABORT", **stop)
    ecs.stop_service_deployment(stopType="ROLLBACK", **stop)
