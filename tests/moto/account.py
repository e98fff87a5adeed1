"""One emulated account under boto3: what stands around a stack, and a plain picture of what is in it."""

import hashlib
import json

import boto3


def tag_map(tags):
    """AWS spells tags as `Key`, `key` or a map."""
    if isinstance(tags, dict):
        return tags
    return {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags}


class Account:
    """An endpoint and a region."""

    def __init__(self, url, region):
        self.url = url
        self.region = region
        self._clients = {}

    def client(self, service):
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.region,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]

    def pages(self, service, operation, key, **arguments):
        """Yields the items of all pages of an operation."""
        client = self.client(service)
        if not client.can_paginate(operation):
            yield from getattr(client, operation)(**arguments)[key]
            return
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]

    # What stands around a stack.

    def make_network(self, name=None):
        """Makes a VPC with public and private subnets and a way out of both; without a name, turns the
        default VPC into one that leads to the internet, which moto's does not."""
        ec2 = self.client("ec2")
        if name is None:
            filters = [{"Name": "is-default", "Values": ["true"]}]
            vpc = ec2.describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"]
        else:
            vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": name}])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        ec2.create_route(
            RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )
        if name is None:
            return
        subnets = {}
        for kind, third in (("public", 0), ("private", 10)):
            for index, zone in enumerate("ab"):
                subnet = ec2.create_subnet(
                    VpcId=vpc, CidrBlock=f"10.9.{third + index}.0/24", AvailabilityZone=self.region + zone
                )["Subnet"]["SubnetId"]
                ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": f"{kind}-{zone}"}])
                subnets[kind, zone] = subnet
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=subnets["public", "a"], AllocationId=address)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(
            RouteTableId=table, DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=nat["NatGateway"]["NatGatewayId"],
        )
        for zone in "ab":
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnets["private", zone])

    def make_surroundings(self):
        """Makes what the samples refer to, and things of other people under names of their own."""
        self.make_network()
        self.make_network("main")
        zone = self.client("route53").create_hosted_zone(Name="example.com", CallerReference="tests")
        for name in ("notes/staging", "notes/prod"):
            self.client("secretsmanager").create_secret(Name=name, SecretString='{"stripe_key": "x"}')
        for name in ("notes/staging", "notes/prod", "notes", "shop"):
            self.client("ssm").put_parameter(Name=f"/{name}/database_url", Value="x", Type="SecureString")
        self._make_others(zone["HostedZone"]["Id"])

    def _make_others(self, zone):
        ec2, elb, ecs = (self.client(name) for name in ("ec2", "elbv2", "ecs"))
        subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        vpc = subnets[0]["VpcId"]
        group = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                                           "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        balancer = elb.create_load_balancer(
            Name="other", Subnets=[subnet["SubnetId"] for subnet in subnets[:2]], SecurityGroups=[group],
        )["LoadBalancers"][0]
        target = elb.create_target_group(
            Name="other", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip",
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
                            DefaultActions=[{"Type": "forward", "TargetGroupArn": target}])
        ecs.create_cluster(clusterName="other")
        ecs.register_task_definition(
            family="other", networkMode="awsvpc", cpu="256", memory="512", requiresCompatibilities=["FARGATE"],
            containerDefinitions=[{"name": "other", "image": "nginx"}])
        ecs.create_service(
            cluster="other", serviceName="other", taskDefinition="other", desiredCount=1, launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {
                "subnets": [subnets[0]["SubnetId"]], "securityGroups": [group]}})
        self.client("ecr").create_repository(repositoryName="other")
        self.client("logs").create_log_group(logGroupName="/other")
        self.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": []}))
        self.client("acm").request_certificate(DomainName="other.example.com", ValidationMethod="DNS")
        alias = {"HostedZoneId": balancer["CanonicalHostedZoneId"], "DNSName": balancer["DNSName"],
                 "EvaluateTargetHealth": False}
        self.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
            {"Action": "CREATE",
             "ResourceRecordSet": {"Name": "other.example.com", "Type": "A", "AliasTarget": alias}}]})

    def push(self, repository, tag):
        """Puts an image there, as `docker push` would; returns its digest."""
        layer = "sha256:" + hashlib.sha256(f"{repository}:{tag}".encode()).hexdigest()
        manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1,
                       "digest": layer},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1,
                        "digest": layer}],
        })
        put = self.client("ecr").put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest)
        return put["image"]["imageId"]["imageDigest"]

    # What is in it.

    def everything(self):
        """Returns all that the services wharf calls show, as they show it.

        Left out is what AWS, too, goes on showing of things that are gone (INACTIVE clusters, services
        and task definitions), and how many tasks a cluster has, which moto counts up and never down.
        """
        ecs, elb, ec2 = (self.client(name) for name in ("ecs", "elbv2", "ec2"))
        clusters = [
            {key: value for key, value in cluster.items() if not key.endswith("TasksCount")}
            for arn in self.pages("ecs", "list_clusters", "clusterArns")
            for cluster in ecs.describe_clusters(clusters=[arn], include=["TAGS", "SETTINGS"])["clusters"]
            if cluster["status"] == "ACTIVE"
        ]
        services = [
            service
            for cluster in clusters
            for arn in self.pages("ecs", "list_services", "serviceArns", cluster=cluster["clusterArn"])
            for service in ecs.describe_services(
                cluster=cluster["clusterArn"], services=[arn], include=["TAGS"])["services"]
            if service["status"] != "INACTIVE"
        ]
        balancers = list(self.pages("elbv2", "describe_load_balancers", "LoadBalancers"))
        listeners = [
            listener for balancer in balancers
            for listener in self.pages("elbv2", "describe_listeners", "Listeners",
                                       LoadBalancerArn=balancer["LoadBalancerArn"])
        ]
        repositories = list(self.pages("ecr", "describe_repositories", "repositories"))
        roles = list(self.pages("iam", "list_roles", "Roles"))
        zones = list(self.pages("route53", "list_hosted_zones", "HostedZones"))
        pairs = [
            ("clusters", clusters),
            ("services", services),
            ("task_definitions", [
                ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])["taskDefinition"]
                for arn in self.pages("ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE")]),
            ("balancers", balancers),
            ("balancer_attributes", [elb.describe_load_balancer_attributes(
                LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"] for balancer in balancers]),
            ("listeners", listeners),
            ("rules", [rule for listener in listeners for rule in self.pages(
                "elbv2", "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])]),
            ("target_groups", list(self.pages("elbv2", "describe_target_groups", "TargetGroups"))),
            ("security_groups", list(self.pages("ec2", "describe_security_groups", "SecurityGroups"))),
            ("security_group_rules", list(self.pages(
                "ec2", "describe_security_group_rules", "SecurityGroupRules"))),
            ("vpcs", list(self.pages("ec2", "describe_vpcs", "Vpcs"))),
            ("subnets", list(self.pages("ec2", "describe_subnets", "Subnets"))),
            ("route_tables", list(self.pages("ec2", "describe_route_tables", "RouteTables"))),
            ("repositories", repositories),
            ("images", [image for repository in repositories for image in self.pages(
                "ecr", "describe_images", "imageDetails", repositoryName=repository["repositoryName"])]),
            ("log_groups", list(self.pages("logs", "describe_log_groups", "logGroups"))),
            ("roles", roles),
            ("role_policies", [(role["RoleName"], list(self.pages(
                "iam", "list_role_policies", "PolicyNames", RoleName=role["RoleName"]))) for role in roles]),
            # Without the state, which moves on by itself.
            ("certificates", [
                (found["CertificateArn"], found["SubjectAlternativeNames"], found["InUseBy"])
                for found in (
                    self.client("acm").describe_certificate(CertificateArn=one["CertificateArn"])["Certificate"]
                    for one in self.pages("acm", "list_certificates", "CertificateSummaryList"))]),
            ("zones", [{key: zone[key] for key in ("Id", "Name", "Config")} for zone in zones]),
            ("records", [record for zone in zones for record in self.pages(
                "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])]),
            ("parameters", list(self.pages("ssm", "describe_parameters", "Parameters"))),
            ("secrets", list(self.pages("secretsmanager", "list_secrets", "SecretList"))),
        ]
        return {
            name: sorted(json.dumps(item, default=str, sort_keys=True) for item in items)
            for name, items in pairs
        }

    def subnet_names(self, ids):
        found = self.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
        names = (tag_map(subnet.get("Tags", [])).get("Name") for subnet in found)
        return sorted(name or subnet["AvailabilityZone"][-1] for name, subnet in zip(names, found))

    def group_names(self, ids):
        found = self.client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]
        return sorted(group["GroupName"] for group in found)

    def picture(self, stack):
        """Returns what one stack has made, with names in the place of identifiers."""
        return {**self._balancing(stack), **self._containers(stack), **self._around(stack)}

    def _balancing(self, stack):
        elb = self.client("elbv2")
        balancer = elb.describe_load_balancers(Names=[stack])["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        # By name: moto does not move a target group to the balancer whose rule is changed to lead to it.
        groups = {group["TargetGroupArn"]: group for group in elb.describe_target_groups()["TargetGroups"]
                  if group["TargetGroupName"].startswith(f"{stack}-")}
        assert len(groups) == len({base(group["TargetGroupName"]) for group in groups.values()})

        def action(actions):
            assert len(actions) == 1
            kind, rest = actions[0]["Type"], actions[0]
            if kind == "redirect":
                to = rest["RedirectConfig"]
                return f"redirect {to['Protocol']} {to['Port']} {to['StatusCode']}"
            if kind == "fixed-response":
                return f"answer {rest['FixedResponseConfig']['StatusCode']}"
            target = rest.get("TargetGroupArn") or rest["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
            return "to " + base(groups[target]["TargetGroupName"])

        listeners, rules = {}, []
        for listener in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            entry = {"protocol": listener["Protocol"], "default": action(listener["DefaultActions"])}
            if listener["Protocol"] == "HTTPS":
                entry["policy"] = listener["SslPolicy"]
                entry["certificates"] = [
                    self.client("acm").describe_certificate(CertificateArn=one["CertificateArn"])["Certificate"]
                    ["DomainName"] for one in listener["Certificates"]]
            listeners[listener["Port"]] = entry
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                if rule["IsDefault"]:
                    continue
                values = {condition["Field"]: condition.get("HostHeaderConfig",
                          condition.get("PathPatternConfig"))["Values"] for condition in rule["Conditions"]}
                rules.append((int(rule["Priority"]), listener["Port"], values.get("host-header"),
                              values.get("path-pattern"), action(rule["Actions"])))
        attributes = {one["Key"]: one["Value"] for one in
                      elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
        return {
            "balancer": {
                "type": balancer["Type"], "scheme": balancer["Scheme"],
                "subnets": self.subnet_names([z["SubnetId"] for z in balancer["AvailabilityZones"]]),
                "groups": self.group_names(balancer["SecurityGroups"]),
                "idle": attributes["idle_timeout.timeout_seconds"],
                "protected": attributes["deletion_protection.enabled"],
                "drops": attributes["routing.http.drop_invalid_header_fields.enabled"],
            },
            "listeners": listeners,
            # In the order in which they are tried.
            "rules": [rule[1:] for rule in sorted(rules)],
            "target_groups": {base(group["TargetGroupName"]): self._target_group(group)
                              for group in groups.values()},
        }

    def _target_group(self, group):
        attributes = {one["Key"]: one["Value"] for one in self.client("elbv2").describe_target_group_attributes(
            TargetGroupArn=group["TargetGroupArn"])["Attributes"]}
        return {
            "type": group["TargetType"], "protocol": group["Protocol"], "port": group["Port"],
            "path": group["HealthCheckPath"], "check": (
                group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckIntervalSeconds"],
                group["HealthCheckTimeoutSeconds"], group["HealthyThresholdCount"],
                group["UnhealthyThresholdCount"], group["Matcher"]["HttpCode"]),
            "drain": attributes["deregistration_delay.timeout_seconds"],
        }

    def _containers(self, stack):
        ecs = self.client("ecs")
        cluster = ecs.describe_clusters(clusters=[stack])["clusters"][0]
        assert cluster["status"] == "ACTIVE"
        services, definitions = {}, {}
        arns = ecs.list_services(cluster=stack)["serviceArns"]
        for service in ecs.describe_services(cluster=stack, services=arns)["services"]:
            if service["status"] == "INACTIVE":
                continue
            network = service["networkConfiguration"]["awsvpcConfiguration"]
            definition = ecs.describe_task_definition(
                taskDefinition=service["taskDefinition"], include=["TAGS"])["taskDefinition"]
            assert len(definition["containerDefinitions"]) == 1
            container = definition["containerDefinitions"][0]
            elb = self.client("elbv2")
            services[container["name"]] = {
                "family": definition["family"], "status": definition["status"],
                "count": service["desiredCount"], "launch": service["launchType"],
                "subnets": self.subnet_names(network["subnets"]), "public": network["assignPublicIp"],
                "groups": self.group_names(network["securityGroups"]),
                "balancers": [
                    (base(elb.describe_target_groups(TargetGroupArns=[one["targetGroupArn"]])
                          ["TargetGroups"][0]["TargetGroupName"]), one["containerName"], one["containerPort"])
                    for one in service["loadBalancers"]],
                "exec": service.get("enableExecuteCommand", False), "propagate": service["propagateTags"],
            }
            log = container["logConfiguration"]
            definitions[container["name"]] = {
                "image": container["image"].split("/", 1)[1],
                "size": (definition["cpu"], definition["memory"]),
                "needs": (definition["requiresCompatibilities"], definition["networkMode"],
                          definition["runtimePlatform"]["cpuArchitecture"]),
                "roles": [definition[key].rsplit("/", 1)[1] for key in ("executionRoleArn", "taskRoleArn")],
                "ports": [(one["containerPort"], one["protocol"]) for one in container["portMappings"]],
                "command": container.get("command"),
                "env": {one["name"]: one["value"] for one in container["environment"]},
                "secrets": {one["name"]: one["valueFrom"] for one in container.get("secrets", [])},
                "stop": container.get("stopTimeout"),
                "health": container.get("healthCheck", {}).get("command"),
                "log": (log["logDriver"], log["options"]["awslogs-group"], log["options"]["awslogs-region"]),
            }
        return {"providers": sorted(cluster["capacityProviders"]), "services": services,
                "task_definitions": definitions}

    def _around(self, stack):
        ec2, iam, ecr, logs = (self.client(name) for name in ("ec2", "iam", "ecr", "logs"))
        mine = [group for group in ec2.describe_security_groups()["SecurityGroups"]
                if group["GroupName"] in (f"{stack}-balancer", f"{stack}-tasks")]
        names = {group["GroupId"]: group["GroupName"] for group in mine}
        ingress = set()
        for group in mine:
            for rule in group["IpPermissions"]:
                assert rule["FromPort"] == rule["ToPort"] and rule["IpProtocol"] == "tcp"
                sources = [one["CidrIp"] for one in rule["IpRanges"]]
                sources += [one["CidrIpv6"] for one in rule["Ipv6Ranges"]]
                sources += [names[one["GroupId"]] for one in rule["UserIdGroupPairs"]]
                ingress |= {(group["GroupName"], rule["FromPort"], source) for source in sources}
        roles = {}
        for role in iam.list_roles()["Roles"]:
            if not (role["RoleName"].startswith(f"{stack}-") and "/wharf/" in role["Path"]):
                continue
            name = role["RoleName"]
            trust = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
            assert trust in ("ecs-tasks.amazonaws.com", ["ecs-tasks.amazonaws.com"])
            assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
            roles[name] = {
                action: statement["Resource"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
                for action in statement["Action"] if statement["Effect"] == "Allow"
            }
        records = [record for zone in self.client("route53").list_hosted_zones()["HostedZones"]
                   for record in self.client("route53").list_resource_record_sets(
                       HostedZoneId=zone["Id"])["ResourceRecordSets"]]
        certificates = [
            self.client("acm").describe_certificate(CertificateArn=found["CertificateArn"])["Certificate"]
            for found in self.client("acm").list_certificates()["CertificateSummaryList"]]
        return {
            "ingress": ingress,
            "roles": roles,
            "repositories": {
                found["repositoryName"]: (found["imageTagMutability"],
                                          found["imageScanningConfiguration"]["scanOnPush"],
                                          self._images_kept(found["repositoryName"]))
                for found in ecr.describe_repositories()["repositories"] if found["repositoryName"] != "other"},
            "log_groups": {found["logGroupName"]: found.get("retentionInDays")
                           for found in logs.describe_log_groups()["logGroups"]
                           if found["logGroupName"] != "/other"},
            "certificates": [(found["Status"], sorted(found["SubjectAlternativeNames"])) for found in certificates
                             if found["DomainName"] != "other.example.com"],
            "records": sorted(
                (record["Name"].rstrip("."), record["Type"], base_host(record["AliasTarget"]["DNSName"]))
                for record in records if "AliasTarget" in record and record["Name"] != "other.example.com."),
            "proofs": sorted(record["Name"].split(".", 1)[1].rstrip(".")
                             for record in records if record["Type"] == "CNAME"),
            "leases": [one["Name"] for one in self.client("ssm").describe_parameters()["Parameters"]
                       if one["Name"].startswith("/wharf")],
        }

    def _images_kept(self, repository):
        text = self.client("ecr").get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
        rules = [rule["selection"] for rule in json.loads(text)["rules"]]
        return [rule["countNumber"] for rule in rules if rule["tagStatus"] == "any"]

    def tags(self, stack):
        """Returns the tags of everything that carries the stack's, by the address they name."""
        ecs, elb, ec2 = (self.client(name) for name in ("ecs", "elbv2", "ec2"))
        found = []
        found.append(ecs.describe_clusters(clusters=[stack], include=["TAGS"])["clusters"][0]["tags"])
        arns = ecs.list_services(cluster=stack)["serviceArns"]
        for service in ecs.describe_services(cluster=stack, services=arns, include=["TAGS"])["services"]:
            found.append(service["tags"])
            found.append(ecs.describe_task_definition(
                taskDefinition=service["taskDefinition"], include=["TAGS"])["tags"])
        balancer = elb.describe_load_balancers(Names=[stack])["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = [one["ListenerArn"] for one in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]]
        rules = [rule["RuleArn"] for listener in listeners
                 for rule in elb.describe_rules(ListenerArn=listener)["Rules"] if not rule["IsDefault"]]
        groups = [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]
        for arn in [balancer, *listeners, *rules, *groups]:
            found.append(elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])
        found += [group.get("Tags", []) for group in ec2.describe_security_groups()["SecurityGroups"]]
        for repository in self.client("ecr").describe_repositories()["repositories"]:
            arn = repository["repositoryArn"]
            found.append(self.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"])
        for group in self.client("logs").describe_log_groups()["logGroups"]:
            found.append(self.client("logs").list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"])
        for role in self.client("iam").list_roles()["Roles"]:
            found.append(self.client("iam").list_role_tags(RoleName=role["RoleName"])["Tags"])
        for certificate in self.client("acm").list_certificates()["CertificateSummaryList"]:
            found.append(self.client("acm").list_tags_for_certificate(
                CertificateArn=certificate["CertificateArn"])["Tags"])
        maps = [tag_map(tags) for tags in found]
        return {tags["wharf:resource"]: tags for tags in maps if "wharf:resource" in tags}


def base(name):
    """Leaves out the hash at the end of a target group's name."""
    return name.rsplit("-", 1)[0]


def base_host(name):
    """Leaves out of a balancer's DNS name what differs from balancer to balancer."""
    return name.removeprefix("dualstack.").split(".")[0].rsplit("-", 1)[0]
