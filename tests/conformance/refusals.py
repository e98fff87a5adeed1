"""Bad input for every operation wharf uses: without what the operation requires, or as `BAD` says."""

from botocore import xform_name
from botocore.exceptions import ClientError

FILTER = {"Filters": [{"Name": "no-such-filter", "Values": ["x"]}]}
NO_GROUP = {"GroupId": "sg-0123456789abcdef0"}
NO_CLUSTER = {"cluster": "none"}
NO_ZONE = {"HostedZoneId": "ZNONE"}
RULE = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
# Operations that require nothing, or nothing that can be left out.
BAD = {
    "acm:ListCertificates": {"MaxItems": 0},
    "ec2:AuthorizeSecurityGroupIngress": {**NO_GROUP, "IpPermissions": [RULE]},
    "ec2:DeleteSecurityGroup": NO_GROUP,
    "ec2:DescribeNetworkInterfaces": FILTER,
    "ec2:DescribeRouteTables": FILTER,
    "ec2:DescribeSecurityGroups": FILTER,
    "ec2:DescribeSubnets": FILTER,
    "cloudtrail:LookupEvents": {"StartTime": 2, "EndTime": 1},
    "cloudwatch:DescribeAlarms": {"AlarmNames": ["none"], "AlarmNamePrefix": "n"},
    "ec2:DescribeVpcEndpoints": FILTER,
    "ec2:DescribeVpcs": FILTER,
    "ec2:RevokeSecurityGroupIngress": {**NO_GROUP, "IpPermissions": [RULE]},
    "ecr:DescribeRepositories": {"repositoryNames": ["none"]},
    "ecs:CreateCluster": {"clusterName": "no name"},
    "ecs:DescribeClusters": {"clusters": ["x"] * 101},
    "ecs:ListClusters": {"nextToken": "none"},
    "ecs:ListServices": NO_CLUSTER,
    "ecs:ListTaskDefinitionFamilies": {"nextToken": "none"},
    "ecs:ListTaskDefinitions": {"nextToken": "none"},
    "ecs:ListTasks": NO_CLUSTER,
    "elbv2:DescribeListeners": {"ListenerArns": ["none"]},
    "elbv2:DescribeLoadBalancers": {"Names": ["none"]},
    "elbv2:DescribeRules": {"RuleArns": ["none"]},
    "elbv2:DescribeTargetGroups": {"Names": ["none"]},
    "iam:ListRoles": {"MaxItems": 0},
    "logs:DescribeLogGroups": {"limit": 0},
    "logs:FilterLogEvents": {"logGroupName": "none"},
    "resourcegroupstaggingapi:GetResources": {
        "ResourceARNList": ["arn:aws:ecs:eu-west-1:111122223333:cluster/x"],
        "TagFilters": [{"Key": "x"}],
    },
    "route53:ChangeResourceRecordSets": {**NO_ZONE, "ChangeBatch": {"Changes": []}},
    "route53:GetHostedZone": {"Id": "Z0"},
    "route53:ListHostedZones": {"MaxItems": "0"},
    "route53:ListHostedZonesByName": {"MaxItems": "0"},
    "route53:ListResourceRecordSets": NO_ZONE,
    # What stands in the path cannot be left out.
    "scheduler:CreateSchedule": {"Name": "x", "ScheduleExpression": "never"},
    "scheduler:CreateScheduleGroup": {"Name": "no name"},
    "scheduler:DeleteSchedule": {"Name": "none"},
    "scheduler:DeleteScheduleGroup": {"Name": "none"},
    "scheduler:GetSchedule": {"Name": "none"},
    "scheduler:GetScheduleGroup": {"Name": "none"},
    "scheduler:ListSchedules": {"MaxResults": 0},
    "scheduler:ListTagsForResource": {"ResourceArn": "none"},
    "scheduler:TagResource": {"ResourceArn": "none", "Tags": []},
    "scheduler:UpdateSchedule": {"Name": "none", "ScheduleExpression": "never"},
    "ssm:DescribeParameters": {"MaxResults": 0},
}


def refusals(check, operations):
    """Sends each operation what it cannot take; the answer must be the caller's fault."""
    for name in sorted(operations):
        service, operation = name.split(":")
        client = check.client(service, parameter_validation=False)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = BAD.get(name, {})
        if not given and not shape.required_members:
            check.faults.append(f"{name}: nothing is known that it could refuse")
            continue
        try:
            getattr(client, xform_name(operation))(**given)
            check.faults.append(f"{name}: took {given or 'a request without anything in it'}")
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if not 400 <= status < 500 or not error.response["Error"].get("Message"):
                check.faults.append(f"{name}: {status} {error}")
