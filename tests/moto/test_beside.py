"""Environments beside each other against moto: in the cluster and behind the balancer of another one."""

import time

from conftest import Wharf

REGION = "eu-west-1"
SPEC = """\
version: 1
app: notes
region: eu-west-1
environments:
  staging:
    services:
      web: { domain: { names: [staging.example.com], certificate: "CERTIFICATE" } }
  trial:
    cluster: { use: notes-staging }
    balancer: { use: notes-staging }
    services:
      web: { domain: "trial.example.com", scale: 1 }
  preview:
    cluster: { use: notes-staging }
    balancer: { use: notes-staging }
    services:
      web: { domain: "${env}.example.com", scale: 1 }
services:
  web: { image: { tag: v1 }, port: 3000, scale: 2 }
"""


def certificate(account):
    """Has a certificate issued for all names of the zone."""
    acm = account.client("acm")
    arn = acm.request_certificate(DomainName="*.example.com", ValidationMethod="DNS")["CertificateArn"]
    for _ in range(100):
        if acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED":
            return arn
        time.sleep(0.1)
    raise AssertionError("moto issues no certificate")


def hosts(account):
    """Returns the hosts of all rules of the HTTPS listener, by where they lead."""
    elb = account.client("elbv2")
    [balancer] = elb.describe_load_balancers(Names=["notes-staging"])["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    [https] = [one for one in listeners if one["Protocol"] == "HTTPS"]
    found = []
    for rule in elb.describe_rules(ListenerArn=https["ListenerArn"])["Rules"]:
        for condition in rule["Conditions"]:
            found += condition.get("HostHeaderConfig", {}).get("Values", [])
    return sorted(found)


def images(account):
    """Returns the images of the services in the shared cluster, by the name of the service's family."""
    ecs = account.client("ecs")
    arns = ecs.list_services(cluster="notes-staging")["serviceArns"]
    found = {}
    for service in ecs.describe_services(cluster="notes-staging", services=arns)["services"]:
        if service["status"] == "INACTIVE":
            continue
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        definition = definition["taskDefinition"]
        found[definition["family"]] = definition["containerDefinitions"][0]["image"]
    return found


def records(account):
    route53 = account.client("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    sets = [route53.list_resource_record_sets(HostedZoneId=zone["Id"]) for zone in zones]
    return {record["Name"] for one in sets for record in one["ResourceRecordSets"]}


def test_a_preview_lives_beside_its_like(moto, tmp_path):
    account = moto(REGION)
    account.make_surroundings()
    spec = SPEC.replace("CERTIFICATE", certificate(account))
    staging = Wharf(account.url, tmp_path, spec, "staging")
    staging.apply(code=12)
    account.push("notes/web", "v1")
    staging.apply()
    staging.converged()
    before = account.everything()
    assert "pr-1.example.com" not in hosts(account)

    preview = Wharf(account.url, tmp_path, spec, "pr-1")
    preview.flags += ["--from", "preview"]
    applied = preview("apply", "--yes", "--ttl", "48h")
    assert "https://pr-1.example.com" in applied.stdout
    preview.converged()
    assert "pr-1.example.com" in hosts(account)
    assert "pr-1.example.com." in records(account)
    made = images(account)
    assert set(made) == {"notes-staging-web", "notes-pr-1-web"}
    assert len(set(made.values())) == 1, "both run the same digest"
    # Whose balancer and cluster they are sees nothing of it.
    staging.converged()
    sweeping = Wharf(account.url, tmp_path, spec, "preview")
    assert "pr-1  wanted for 47 h more" in sweeping("sweep", "--dry-run").stdout

    # What is tried in one goes to the other, by its digest.
    account.push("notes/web", "v2")
    trial = Wharf(account.url, tmp_path, spec, "trial")
    trial("apply", "--yes", "--image", "web=:v2")
    tried = images(account)["notes-trial-web"]
    assert tried != images(account)["notes-staging-web"]
    promoting = Wharf(account.url, tmp_path, spec)
    promoting("promote", "trial", "staging", "--yes")
    assert images(account)["notes-staging-web"] == tried
    staging("apply", "--yes")
    assert images(account)["notes-staging-web"] == made["notes-staging-web"]

    trial.destroy("notes-trial")
    preview.destroy("notes-pr-1")
    assert set(images(account)) == {"notes-staging-web"}
    after = account.everything()
    # The image and the revisions of the second release stay.
    for part in before.keys() - {"images", "services", "task_definitions"}:
        assert after[part] == before[part], part
    staging.converged()
