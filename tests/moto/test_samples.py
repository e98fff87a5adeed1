"""Every sample against moto: plan, apply, plan again, change one thing at a time, destroy.

After each apply boto3 looks, and what it sees is compared with a whole picture of the stack, so that
what should be there is, and nothing else changed. moto starts no tasks and nobody pushes to it, so
images are put into the repositories here, and what is asserted of a service is what it was asked to do.
"""

import copy

ACCOUNT = "123456789012"
WORLD = ("0.0.0.0/0", "::/0")
UNTAGGED = ("image", "dns_record", "certificate_validation", "ingress_rule")


def world(stack, *ports):
    return {(f"{stack}-balancer", port, source) for port in ports for source in WORLD}


def execution(region, repository, log_group, ssm=(), sm=()):
    """What an execution role may do: fetch this image, write this log, read these secrets."""
    layers = [f"arn:aws:ecr:{region}:{ACCOUNT}:repository/{repository}"]
    log = [f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{log_group}:*"]
    policy = {
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:BatchCheckLayerAvailability": layers,
        "ecr:BatchGetImage": layers,
        "ecr:GetDownloadUrlForLayer": layers,
        "logs:CreateLogStream": log,
        "logs:PutLogEvents": log,
    }
    if ssm:
        policy["ssm:GetParameters"] = [f"arn:aws:ssm:{region}:{ACCOUNT}:parameter{name}" for name in ssm]
    if sm:
        policy["secretsmanager:GetSecretValue"] = list(sm)
    return policy


def target_group(port, path):
    return {"type": "ip", "protocol": "HTTP", "port": port, "path": path, "drain": "30",
            "check": ("HTTP", "traffic-port", 10, 5, 2, 3, "200-299")}


def service(stack, name, subnets, public, port=None, count=1, exec_=False):
    return {
        "family": f"{stack}-{name}", "status": "ACTIVE", "count": count, "launch": "FARGATE",
        "subnets": subnets, "public": public, "groups": [f"{stack}-tasks"],
        "balancers": [(f"{stack}-{name}", name, port)] if port else [],
        "exec": exec_, "propagate": "SERVICE",
    }


def definition(stack, name, region, image, log_group, port=None, **more):
    return {
        "image": image, "size": ("256", "512"), "needs": (["FARGATE"], "awsvpc", "X86_64"),
        "roles": [f"{stack}-{name}-{role}-{region}" for role in ("execution", "task")],
        "ports": [(port, "tcp")] if port else [], "command": None, "env": {}, "secrets": {},
        "stop": 30, "health": None, "log": ("awslogs", log_group, region), **more,
    }


def balancer(stack, subnets):
    return {"type": "application", "scheme": "internet-facing", "subnets": subnets, "idle": "60",
            "groups": [f"{stack}-balancer"], "protected": "false", "drops": "true"}


PLAIN = {80: {"protocol": "HTTP", "default": "to notes-web"}}


def https(name):
    return {
        80: {"protocol": "HTTP", "default": "redirect HTTPS 443 HTTP_301"},
        443: {"protocol": "HTTPS", "default": "answer 404", "certificates": [name],
              "policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    }


def aliases(stack, *names):
    return sorted((name, kind, stack) for name in names for kind in ("A", "AAAA"))


def minimal(image):
    region = "ap-southeast-2"
    return {
        "balancer": balancer("notes", ["a", "b", "c"]),
        "listeners": PLAIN,
        "rules": [],
        "target_groups": {"notes-web": target_group(3000, "/health")},
        "providers": ["FARGATE", "FARGATE_SPOT"],
        "services": {"web": service("notes", "web", ["a", "b", "c"], "ENABLED", 3000)},
        "task_definitions": {"web": definition("notes", "web", region, image, "/wharf/notes/web", 3000)},
        "ingress": world("notes", 80) | {("notes-tasks", 3000, "notes-balancer")},
        "roles": {
            f"notes-web-execution-{region}": execution(region, "notes/web", "/wharf/notes/web"),
            f"notes-web-task-{region}": {},
        },
        "repositories": {"notes/web": ("MUTABLE", True, [100])},
        "log_groups": {"/wharf/notes/web": 30},
        "certificates": [], "records": [], "proofs": [], "leases": [],
    }


class Life:
    """One stack from nothing to nothing."""

    def __init__(self, sample, name, stack, env=None, tags=None):
        self.wharf, self.account = sample(name, env)
        self.stack = stack
        self.own_tags = {"wharf:app": stack.split("-")[0], "wharf:env": env or "-", **(tags or {})}
        self.before = self.account.everything()
        self.picture = None
        self.addresses = set()

    def begin(self, images, expected):
        """Plans, applies as far as that goes, pushes, applies; `expected` gets the digests."""
        plan = self.wharf.plan(code=2)
        assert {step["action"] for step in plan["steps"]} == {"create"}
        assert plan["stack"] == self.stack and plan["account"] == ACCOUNT
        self.addresses = {step["address"] for step in plan["steps"]}
        assert plan["summary"]["create"] == len(self.addresses)
        assert self.account.everything() == self.before, "a plan wrote something"

        run = self.wharf.apply(code=12)
        for repository, tag in images:
            assert f"docker push {ACCOUNT}.dkr.ecr.{self.account.region}.amazonaws.com/{repository}:{tag}" \
                in run.stdout + run.stderr
        assert self.wharf.plan(code=2)["summary"]["drift"] == 0
        pushed = [f"{repository}@{self.account.push(repository, tag)}" for repository, tag in images]
        self.wharf.apply()
        self.picture = expected(*pushed)
        self.look()
        self.look_at_tags()
        self.wharf.converged()

    def look(self):
        seen = self.account.picture(self.stack)
        for part, wanted in self.picture.items():
            assert seen[part] == wanted, part
        assert seen.keys() == self.picture.keys()

    def look_at_tags(self):
        seen = self.account.tags(self.stack)
        assert seen.keys() == {one for one in self.addresses if one.split(".")[0] not in UNTAGGED}
        for address, tags in seen.items():
            shared = address.startswith("repository.")
            wanted = {key: value for key, value in self.own_tags.items() if not (shared and key == "wharf:env")}
            assert wanted.items() <= tags.items(), address
            # What all environments share carries the mark of none.
            assert ("wharf:spec" in tags) != shared, address

    def change(self, old, new, touches, expect):
        """Makes one change of the spec: the plan shows just that, apply does just that."""
        self.wharf.edit(old, new)
        plan = self.wharf.plan(code=2)
        assert {step["address"] for step in plan["steps"]} == set(touches)
        assert plan["summary"]["drift"] == 0
        self.wharf.apply()
        self.picture = copy.deepcopy(self.picture)
        expect(self.picture)
        self.look()
        self.wharf.converged()

    def end(self):
        self.wharf.destroy(self.stack)
        left = self.account.everything()
        for part, things in self.before.items():
            assert left[part] == things, part
        assert "Nothing of this stack exists." in self.wharf.destroy(self.stack).stdout

    # Changes that every sample goes through.

    def change_image(self, name, repository, old="tag: v1", new="tag: v2"):
        digest = self.account.push(repository, "v2")

        def expect(picture):
            picture["task_definitions"][name]["image"] = f"{repository}@{digest}"

        self.change(old, new, [f"task_definition.{name}", f"service.{name}"], expect)

    def change_port(self, name, port, listener):
        old = self.picture["target_groups"][f"{self.stack}-{name}"]["port"]

        def expect(picture):
            picture["target_groups"][f"{self.stack}-{name}"]["port"] = port
            picture["services"][name]["balancers"] = [(f"{self.stack}-{name}", name, port)]
            picture["task_definitions"][name]["ports"] = [(port, "tcp")]
            rule = (f"{self.stack}-tasks", old, f"{self.stack}-balancer")
            picture["ingress"] = picture["ingress"] - {rule} | {(rule[0], port, rule[2])}

        self.change(f"port: {old}", f"port: {port}", [
            f"ingress_rule.tasks:{old}", f"ingress_rule.tasks:{port}", f"target_group.{name}",
            f"task_definition.{name}", f"service.{name}", listener], expect)

    def change_health(self, name, old, new, path):
        def expect(picture):
            picture["target_groups"][f"{self.stack}-{name}"]["path"] = path

        self.change(old, new, [f"target_group.{name}"], expect)

    def change_count(self, name, old, new, count):
        def expect(picture):
            picture["services"][name]["count"] = count

        self.change(old, new, [f"service.{name}"], expect)

    def add_secret(self, name, old, new, variable, parameter):
        region = self.account.region
        arn = f"arn:aws:ssm:{region}:{ACCOUNT}:parameter{parameter}"

        def expect(picture):
            definition = picture["task_definitions"][name]
            definition["secrets"] = {**definition["secrets"], variable: arn}
            readable = picture["roles"][f"{self.stack}-{name}-execution-{region}"]
            readable["ssm:GetParameters"] = sorted([*readable.get("ssm:GetParameters", []), arn])

        self.change(old, new, [f"role.{name}/execution", f"service.{name}", f"task_definition.{name}"], expect)


def test_minimal(sample):
    life = Life(sample, "minimal", "notes")
    life.begin([("notes/web", "v1")], minimal)
    life.change_image("web", "notes/web")
    life.change_port("web", 4000, "listener.http")
    life.change_health("web", "health: /health", "health: /up", "/up")
    life.change_count("web", "    port:", "    scale: 2\n    port:", 2)
    life.add_secret("web", "    port:", "    secrets: { DATABASE_URL: ssm:/notes/database_url }\n    port:",
                    "DATABASE_URL", "/notes/database_url")

    def routed(picture):
        picture["listeners"] = {80: {"protocol": "HTTP", "default": "answer 404"}}
        picture["rules"] = [(80, None, ["/app/*"], "to notes-web")]

    life.change("    port:", "    route: { path: /app/* }\n    port:",
                ["listener.http", "listener_rule.web"], routed)
    life.end()


def test_https(sample):
    life = Life(sample, "https", "notes")
    name = "notes.example.com"

    def expected(image):
        picture = minimal(image)
        picture["listeners"] = https(name)
        picture["rules"] = [(443, [name], None, "to notes-web")]
        picture["ingress"] |= world("notes", 443)
        picture["certificates"] = [("ISSUED", [name])]
        picture["records"] = aliases("notes", name)
        picture["proofs"] = [name]
        return picture

    life.begin([("notes/web", "v1")], expected)
    life.change_image("web", "notes/web")
    life.change_port("web", 4000, "listener_rule.web")
    life.change_health("web", "health: /health", "health: /up", "/up")
    life.change_count("web", "    port:", "    scale: 3\n    port:", 3)
    life.add_secret("web", "    port:", "    secrets: { TOKEN: ssm:/notes/database_url }\n    port:",
                    "TOKEN", "/notes/database_url")

    # A second name needs another certificate, which takes the place of the first one.
    def named(picture):
        picture["listeners"] = https(name)
        picture["rules"] = [(443, [name, "www.example.com"], None, "to notes-web")]
        picture["certificates"] = [("ISSUED", [name, "www.example.com"])]
        picture["records"] = aliases("notes", name, "www.example.com")
        picture["proofs"] = [name, "www.example.com"]

    life.change(f"domain: {name}", f"domain: {{ names: [{name}, www.example.com] }}", [
        "certificate.main", "certificate_validation.main", "listener.https", "listener_rule.web",
        f"dns_record._validation.{name}/CNAME", "dns_record._validation.www.example.com/CNAME",
        "dns_record.www.example.com/A", "dns_record.www.example.com/AAAA"], named)
    life.end()


def production(env, count, level, names, retain):
    """What the sample makes in one environment."""
    stack, region, log = f"notes-{env}", "eu-west-1", f"/wharf/notes/{env}/api"

    def expected(image, secret):
        key = {"DATABASE_URL": f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/notes/{env}/database_url",
               "STRIPE_KEY": f"{secret}:stripe_key::"}
        messages = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
        return {
            "balancer": balancer(stack, ["public-a", "public-b"]),
            "listeners": https(names[0]),
            "rules": [(443, names, None, f"to {stack}-api")],
            "target_groups": {f"{stack}-api": target_group(8080, "/healthz")},
            "providers": ["FARGATE", "FARGATE_SPOT"],
            "services": {"api": service(stack, "api", ["private-a", "private-b"], "DISABLED", 8080,
                                        count=count, exec_=True)},
            "task_definitions": {"api": definition(
                stack, "api", region, image, log, 8080, size=("512", "1024"), command=["serve"],
                env={"LOG_LEVEL": level, "RUST_BACKTRACE": "1"}, secrets=key)},
            "ingress": world(stack, 80, 443) | {(f"{stack}-tasks", 8080, f"{stack}-balancer")},
            "roles": {
                f"{stack}-api-execution-{region}": execution(
                    region, "notes/api", log, [f"/notes/{env}/database_url"], [secret]),
                f"{stack}-api-task-{region}": {
                    **{f"s3:{verb}Object": [f"arn:aws:s3:::notes-{env}-files/*"] for verb in ("Get", "Put")},
                    **{f"ssmmessages:{verb}": ["*"] for verb in messages}},
            },
            "repositories": {"notes/api": ("IMMUTABLE", True, [50])},
            "log_groups": {log: retain},
            "certificates": [("ISSUED", sorted(names))],
            "records": aliases(stack, *names),
            "proofs": sorted(names),
            "leases": [],
        }

    return expected


TEAM = {"team": "notes", "cost-center": "4711"}


def secret_arn(account, name):
    return account.client("secretsmanager").describe_secret(SecretId=name)["ARN"]


def test_production(sample):
    life = Life(sample, "production", "notes-prod", "prod", TEAM)
    names = ["notes.example.com", "www.notes.example.com"]
    expected = production("prod", 2, "warn", names, 30)
    life.begin([("notes/api", "v1")], lambda image: expected(image, secret_arn(life.account, "notes/prod")))
    life.change_image("api", "notes/api", "image: { tag: v1 }", "image: { tag: v2 }")
    life.change_port("api", 9090, "listener_rule.api")
    life.change_health("api", "path: /healthz", "path: /livez", "/livez")
    life.change_count("api", "    scale: 2", "    scale: 3", 3)
    life.add_secret("api", "    secrets:   ", "    secrets:\n      OTHER: ssm:/notes/database_url\n     ",
                    "OTHER", "/notes/database_url")

    def routed(picture):
        picture["rules"] = [(443, names, ["/v1/*"], "to notes-prod-api")]

    life.change("    port: 9090", "    route: { path: /v1/* }\n    port: 9090", ["listener_rule.api"], routed)

    # The spec protects the balancer: destroy refuses, and touches nothing.
    refused = life.wharf.destroy("notes-prod", code=11)
    assert "protect" in refused.stderr and "balancer" in refused.stderr
    life.look()
    life.wharf.edit("    protect: [balancer]", "    protect: []")

    # It keeps images and logs.
    life.wharf.destroy("notes-prod")
    left = life.account.everything()
    kept = {"repositories", "images", "log_groups"}
    assert {part for part in left if left[part] != life.before[part]} == kept
    assert any("notes/api" in one for one in left["repositories"])
    assert any("/wharf/notes/prod/api" in one for one in left["log_groups"])
    life.wharf.edit("    destroy: { repository: keep, logs: keep }", "    destroy: {}")
    life.end()


def test_staging_beside_production(sample):
    """Two environments in one account: each is its own stack, and only the repository is shared."""
    life = Life(sample, "production", "notes-prod", "prod", TEAM)
    expected = production("prod", 2, "warn", ["notes.example.com", "www.notes.example.com"], 30)
    life.begin([("notes/api", "v1")], lambda image: expected(image, secret_arn(life.account, "notes/prod")))
    both = life.account.everything()

    wharf = life.wharf
    wharf.flags = ["--env", "staging"]
    plan = wharf.plan(code=2)
    assert "repository.api" not in {step["address"] for step in plan["steps"]}
    # The image is there already.
    wharf.apply()
    wharf.converged()
    wanted = production("staging", 1, "info", ["notes.staging.example.com"], 7)(
        life.picture["task_definitions"]["api"]["image"], secret_arn(life.account, "notes/staging"))
    seen = life.account.picture("notes-staging")
    shared = ("log_groups", "certificates", "records", "proofs")
    for part in wanted:
        if part in shared:
            continue
        assert seen[part] == wanted[part], part
    for part in shared:
        assert set(wanted[part]) <= set(seen[part]) if part != "certificates" else True, part
    wharf.flags = ["--env", "prod"]
    wharf.converged()

    wharf.flags = ["--env", "staging"]
    wharf.destroy("notes-staging")
    after = life.account.everything()
    for part in both:
        assert after[part] == both[part], part
    wharf.flags = ["--env", "prod"]
    wharf.converged()


def services_alone(text):
    """The shop without what runs to its end, for moto ends no task, and with an image for each service."""
    def cut(text, start, end):
        at = text.index(start)
        return text[:at] + (text[text.index(end, at):] if end else "")

    text = cut(text, "# One image, many roles", "# Merged under")
    text = cut(text, "# Runs to its end", "services:")
    text = cut(text, "jobs:", None).replace("  image: main\n", "")
    for service in ("api", "worker"):
        text = text.replace(f"  {service}:\n", f"  {service}:\n    image: {{ tag: v1 }}\n")
    return text


def test_shop(sample):
    life = Life(sample, "shop", "shop")
    life.wharf.spec.write_text(services_alone(life.wharf.spec.read_text()))
    region, name = "eu-west-1", "shop.example.com"
    url = f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/shop/database_url"

    def expected(api, web, worker):
        env = {"env": {"LOG_FORMAT": "json"}}
        secret = {"secrets": {"DATABASE_URL": url}}
        log = "/wharf/shop/"
        zones = ["a", "b", "c"]
        return {
            "balancer": balancer("shop", zones),
            "listeners": https(name),
            "rules": [(443, [name], ["/api/*"], "to shop-api"), (443, [name], None, "to shop-web")],
            "target_groups": {"shop-api": target_group(8080, "/healthz"), "shop-web": target_group(3000, "/")},
            "providers": ["FARGATE", "FARGATE_SPOT"],
            "services": {
                "api": service("shop", "api", zones, "ENABLED", 8080, count=2),
                "web": service("shop", "web", zones, "ENABLED", 3000),
                "worker": service("shop", "worker", zones, "ENABLED", count=2),
            },
            "task_definitions": {
                "api": definition("shop", "api", region, api, log + "api", 8080, **env, **secret),
                "web": definition("shop", "web", region, web, log + "web", 3000, **env),
                "worker": definition("shop", "worker", region, worker, log + "worker", **env, **secret,
                                     command=["bin/worker"], stop=120, health=["CMD", "bin/worker", "ping"]),
            },
            "ingress": world("shop", 80, 443) | {
                ("shop-tasks", 8080, "shop-balancer"), ("shop-tasks", 3000, "shop-balancer")},
            "roles": {
                **{f"shop-{one}-execution-{region}": execution(
                    region, f"shop/{one}", log + one, [] if one == "web" else ["/shop/database_url"])
                   for one in ("api", "web", "worker")},
                **{f"shop-{one}-task-{region}": {} for one in ("api", "web", "worker")},
            },
            "repositories": {f"shop/{one}": ("MUTABLE", True, [100]) for one in ("api", "web", "worker")},
            "log_groups": {log + one: 30 for one in ("api", "web", "worker")},
            "certificates": [("ISSUED", [name])],
            "records": aliases("shop", name),
            "proofs": [name],
            "leases": [],
        }

    life.begin([("shop/api", "v1"), ("shop/web", "v1"), ("shop/worker", "v1")], expected)
    life.change_image("worker", "shop/worker", "    image: { tag: v1 }\n    command:",
                      "    image: { tag: v2 }\n    command:")
    life.change_port("web", 4000, "listener_rule.web")
    life.change_health("api", "health: /healthz", "health: /livez", "/livez")
    life.change_count("worker", "ping\"]\n    scale: 2", "ping\"]\n    scale: 3", 3)
    life.add_secret("worker", "    container_health:", "    secrets: { EXTRA: ssm:/notes/database_url }\n"
                    "    container_health:", "EXTRA", "/notes/database_url")

    def routed(picture):
        picture["rules"] = [(443, [name], ["/v1/*"], "to shop-api"), picture["rules"][1]]

    life.change("path: /api/*", "path: /v1/*", ["listener_rule.api"], routed)

    # A service that leaves the spec takes with it what was only its own, once that is allowed.
    text = life.wharf.spec.read_text()
    life.wharf.spec.write_text(text[:text.index("  # No port, so no balancer")])
    assert "--allow-delete" in life.wharf("apply", "--yes", code=11).stderr
    life.look()
    life.wharf.apply()
    for part in ("services", "task_definitions"):
        del life.picture[part]["worker"]
    for role in ("execution", "task"):
        del life.picture["roles"][f"shop-worker-{role}-{region}"]
    del life.picture["log_groups"]["/wharf/shop/worker"]
    # moto's tagging API leaves repositories out, and that is how wharf finds one no service has.
    life.look()
    life.wharf.converged()
    life.account.client("ecr").delete_repository(repositoryName="shop/worker", force=True)
    life.end()


def test_console_edits(sample):
    """What boto3 changes behind wharf's back is named by `drift`, and put back by `apply`."""
    life = Life(sample, "minimal", "notes")
    life.begin([("notes/web", "v1")], minimal)
    elb, logs, ecs, ec2 = (life.account.client(name) for name in ("elbv2", "logs", "ecs", "ec2"))

    group = elb.describe_target_groups(Names=[one["TargetGroupName"] for one in
                                              elb.describe_target_groups()["TargetGroups"]
                                              if one["TargetGroupName"] != "other"])["TargetGroups"][0]
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/elsewhere")
    logs.put_retention_policy(logGroupName="/wharf/notes/web", retentionInDays=1)
    arn = ecs.list_services(cluster="notes")["serviceArns"][0]
    ecs.update_service(cluster="notes", service=arn, desiredCount=2)
    balancer_group = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["notes-balancer"]}])["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=balancer_group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    arn = elb.describe_load_balancers(Names=["notes"])["LoadBalancers"][0]["LoadBalancerArn"]
    elb.modify_listener(
        ListenerArn=elb.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["ListenerArn"],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])

    named = life.wharf("drift", code=2).stdout
    for part in ("/elsewhere", "retention", "count", "balancer:22", "503"):
        assert part in named, f"{part} not in\n{named}"
    life.wharf.apply()
    life.look()
    life.wharf.converged()
    life.end()


def test_a_foreign_balancer_is_left_alone(sample):
    """A balancer and a cluster that somebody else made under the stack's name are refused."""
    wharf, account = sample("minimal")
    subnets = account.client("ec2").describe_subnets(
        Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    account.client("elbv2").create_load_balancer(
        Name="notes", Subnets=[subnet["SubnetId"] for subnet in subnets[:2]])
    account.client("ecs").create_cluster(clusterName="notes")
    before = account.everything()
    refused = wharf.apply(code=11).stderr
    assert "cluster" in refused and "balancer" in refused
    assert account.everything() == before
