"""Everyday verbs against moto, as far as moto can: it starts no tasks, so what is asserted is what AWS was asked.

`exec`, `run`, `scale`, `restart`, `wait` and `cancel` wait for tasks or for rollouts that last; the sandbox has them.
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

    # Looking changes nothing.
    seen = account.everything()
    status = document(wharf, "status")
    assert [one["name"] for one in status["services"]] == ["web"], status
    assert wharf("logs").stdout == ""
    wharf("plan", "--format", "markdown")
    wharf("graph", "--live", "--format", "mermaid")
    wharf("render", "--why")
    wharf("adopt", "--yes")
    assert account.everything() == seen

    wharf.destroy("notes")
    assert account.everything() == before
