"""Ranges of tasks against moto: what is registered, changed and left behind.

moto scales nothing by itself, so what is asserted is what the autoscaler was told.
"""

RANGE = "service/notes/"


def targets(client):
    found = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return {target["ResourceId"]: (target["MinCapacity"], target["MaxCapacity"]) for target in found}


def policies(client):
    found = client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    all = {}
    for policy in found:
        tracking = policy["TargetTrackingScalingPolicyConfiguration"]
        metric = tracking["PredefinedMetricSpecification"]
        all[metric["PredefinedMetricType"]] = (tracking["TargetValue"], metric.get("ResourceLabel"))
    return all


def service_name(ecs):
    arns = ecs.list_services(cluster="notes")["serviceArns"]
    [service] = ecs.describe_services(cluster="notes", services=arns)["services"]
    return service["serviceName"]


def change(wharf, old, new, touches):
    wharf.edit(old, new)
    plan = wharf.plan(code=2)
    assert {step["address"] for step in plan["steps"]} == set(touches)
    wharf.apply()
    wharf.converged()


def test_scaling(sample):
    wharf, account = sample("scaling")
    # moto forgets what share of a service is on Spot, and shows a service on EC2 instead.
    wharf.edit("spot: 50%", "spot: 0%")
    before = account.everything()
    wharf.apply(code=12)
    account.push("notes/web", "v1")
    wharf.apply()
    wharf.converged()
    scaling, ecs = account.client("application-autoscaling"), account.client("ecs")
    name = service_name(ecs)
    assert targets(scaling) == {RANGE + name: (2, 10)}
    metrics = policies(scaling)
    assert metrics["ECSServiceAverageCPUUtilization"] == (60, None)
    aim, label = metrics["ALBRequestCountPerTarget"]
    assert aim == 800 and label.startswith("app/notes/") and "/targetgroup/notes-web-" in label

    change(wharf, "min: 2", "min: 3", ["scalable_target.web", "service.web"])
    assert targets(scaling) == {RANGE + name: (3, 10)}
    change(wharf, "cpu: 60", "cpu: 70", ["scaling_policy.web:cpu"])
    assert policies(scaling)["ECSServiceAverageCPUUtilization"] == (70, None)
    schedule = "schedule: { day: { cron: \"0 7 * * MON-FRI\", timezone: Europe/Berlin, min: 4, max: 20 } }"
    change(
        wharf,
        "requests: 800 ",
        f"{schedule} ",
        ["scaling_policy.web:requests", "scheduled_action.web:day"],
    )
    [action] = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert action["Schedule"] == "cron(0 7 ? * MON,TUE,WED,THU,FRI *)"
    assert action["Timezone"] == "Europe/Berlin"

    text = wharf.spec.read_text()
    start, end = text.index("    scale:"), text.index("    spot:")
    change(
        wharf,
        text[start:end],
        "    scale: 3\n",
        # The service has as many already.
        ["scalable_target.web", "scaling_policy.web:cpu", "scheduled_action.web:day"],
    )
    assert targets(scaling) == {} and policies(scaling) == {}
    change(
        wharf,
        "    scale: 3\n",
        "    scale: { min: 1, max: 2, cpu: 50 }\n",
        ["scalable_target.web", "scaling_policy.web:cpu"],
    )
    wharf.destroy("notes")
    assert targets(scaling) == {}
    after = account.everything()
    for part, things in before.items():
        assert after[part] == things, part
