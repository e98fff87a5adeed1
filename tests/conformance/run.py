"""Drives a served sandbox with boto3, good and bad input, and checks every answer.

    cargo run -p wharf-sandbox --example serve -- 4566 &
    python3 tests/conformance/run.py http://127.0.0.1:4566

Needs a fresh sandbox. Each area is a function in `AREAS`.
"""

import json
import sys
import time

sys.dont_write_bytecode = True

import coverage  # noqa: E402 (after the setting that keeps the tree clean)
from patience import until  # noqa: E402
from refusals import refusals  # noqa: E402
from stack import stack  # noqa: E402
from strict import Checker  # noqa: E402

TAGS = [{"Key": "wharf:app", "Value": "notes"}]


def identity(check):
    answer = check.client("sts").get_caller_identity()
    assert answer["Account"] == "111122223333", answer


def images(check):
    ecr = check.client("ecr")
    name = "notes/api"
    made = ecr.create_repository(
        repositoryName=name, tags=TAGS, encryptionConfiguration={"encryptionType": "KMS"}
    )
    arn = made["repository"]["repositoryArn"]
    check.fails("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName=name)
    check.fails(
        "RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=[name, "none"]
    )
    wanted = {"repositoryName": name, "imageIds": [{"imageTag": "v1"}]}
    check.fails("ImageNotFoundException", ecr.describe_images, **wanted)
    time.sleep(0.5)
    digest = ecr.describe_images(**wanted)["imageDetails"][0]["imageDigest"]
    got = ecr.batch_get_image(**wanted)["images"][0]
    assert got["imageId"]["imageDigest"] == digest
    ecr.list_images(repositoryName=name, filter={"tagStatus": "TAGGED"})
    check.fails("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy, repositoryName=name)
    check.fails("RepositoryPolicyNotFoundException", ecr.get_repository_policy, repositoryName=name)
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    policy = json.dumps({"rules": [rule]})
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    ecr.get_lifecycle_policy(repositoryName=name)
    ecr.delete_lifecycle_policy(repositoryName=name)
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(
        repositoryName=name, imageScanningConfiguration={"scanOnPush": True}
    )
    manifest = json.dumps({"schemaVersion": 2})
    ecr.put_image(repositoryName=name, imageTag="v2", imageManifest=manifest)
    check.fails(
        "ImageTagAlreadyExistsException",
        ecr.put_image,
        repositoryName=name,
        imageTag="v1",
        imageManifest=manifest,
    )
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v2"}, {"imageTag": "v9"}])
    ecr.get_authorization_token()
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "x", "Value": "y"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["x"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == TAGS
    tagging = check.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "wharf:app", "Values": ["notes"]}])
    assert [item["ResourceARN"] for item in found["ResourceTagMappingList"]] == [arn]
    check.fails("RepositoryNotEmptyException", ecr.delete_repository, repositoryName=name)
    ecr.delete_repository(repositoryName=name, force=True)


def logs(check):
    client = check.client("logs")
    group = {"logGroupName": "/notes/api"}
    client.create_log_group(tags={"a": "b"}, **group)
    check.fails("ResourceAlreadyExistsException", client.create_log_group, **group)
    client.put_retention_policy(retentionInDays=14, **group)
    check.fails("InvalidParameterException", client.put_retention_policy, retentionInDays=8, **group)
    shown = client.describe_log_groups(logGroupNamePrefix="/notes")["logGroups"][0]
    arn = shown["logGroupArn"]
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}
    client.create_log_stream(logStreamName="s", **group)
    events = [{"timestamp": 1, "message": "x"}]
    client.put_log_events(logStreamName="s", logEvents=events, **group)
    assert client.get_log_events(logStreamName="s", **group)["events"][0]["message"] == "x"
    assert client.filter_log_events(filterPattern="x", **group)["events"]
    client.describe_log_streams(**group)
    client.delete_retention_policy(**group)
    client.delete_log_group(**group)
    check.fails("ResourceNotFoundException", client.delete_log_group, **group)


def settings(check):
    ssm = check.client("ssm")
    made = {"Name": "/wharf/x", "Value": "b", "Type": "String"}
    ssm.put_parameter(Tags=TAGS, **made)
    check.fails("ParameterAlreadyExists", ssm.put_parameter, **made)
    ssm.get_parameter(Name="/notes/database_url", WithDecryption=True)
    check.fails("ParameterNotFound", ssm.get_parameter, Name="/nope")
    ssm.get_parameters_by_path(Path="/notes", Recursive=True)
    ssm.describe_parameters()
    assert ssm.get_parameters(Names=["/wharf/x", "/nope"])["InvalidParameters"] == ["/nope"]
    resource = {"ResourceType": "Parameter", "ResourceId": "/wharf/x"}
    ssm.add_tags_to_resource(Tags=[{"Key": "q", "Value": "r"}], **resource)
    ssm.remove_tags_from_resource(TagKeys=["q"], **resource)
    assert ssm.list_tags_for_resource(**resource)["TagList"] == TAGS
    ssm.delete_parameter(Name="/wharf/x")
    ssm.delete_parameters(Names=["/wharf/x"])

    secrets = check.client("secretsmanager")
    secrets.create_secret(Name="s", SecretString="{}")
    check.fails("ResourceExistsException", secrets.create_secret, Name="s")
    secrets.describe_secret(SecretId="s")
    secrets.list_secrets()
    secrets.put_secret_value(SecretId="s", SecretString="x")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "x"
    secrets.delete_secret(SecretId="s")
    check.fails("InvalidRequestException", secrets.get_secret_value, SecretId="s")
    check.fails("ResourceNotFoundException", secrets.describe_secret, SecretId="nope")


def alarms(check):
    client = check.client("cloudwatch")
    wanted = {
        "AlarmName": "notes-5xx",
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Namespace": "AWS/ApplicationELB",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/notes/1"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 0.5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Tags": TAGS,
    }
    client.put_metric_alarm(**wanted)
    check.fails("ValidationError", client.put_metric_alarm, **{**wanted, "Statistic": "Mode"})
    state = {"AlarmName": "notes-5xx", "StateValue": "ALARM", "StateReason": "a test"}
    client.set_alarm_state(**state)
    check.fails("ResourceNotFound", client.set_alarm_state, **{**state, "AlarmName": "none"})
    shown = client.describe_alarms(AlarmNames=["notes-5xx", "none"])["MetricAlarms"]
    assert [(one["StateValue"], one["Threshold"]) for one in shown] == [("ALARM", 0.5)], shown
    assert shown[0]["StateUpdatedTimestamp"].year >= 2025, shown
    both = {"AlarmNames": ["notes-5xx"], "AlarmNamePrefix": "notes"}
    check.fails("InvalidParameterCombination", client.describe_alarms, **both)
    client.delete_alarms(AlarmNames=["notes-5xx"])
    check.fails("ResourceNotFound", client.delete_alarms, AlarmNames=["notes-5xx"])
    assert not client.describe_alarms()["MetricAlarms"]


def history(check):
    client = check.client("cloudtrail")
    page = client.lookup_events(MaxResults=5)
    assert "Events" in page
    name = {"AttributeKey": "EventName", "AttributeValue": "PutMetricAlarm"}
    check.fails(
        "InvalidLookupAttributesException",
        client.lookup_events,
        LookupAttributes=[name, {**name, "AttributeKey": "Username"}],
    )
    until("an event", lambda: client.lookup_events(LookupAttributes=[name])["Events"])
    event = client.lookup_events(LookupAttributes=[name])["Events"][0]
    assert event["Username"] == "AKIDEXAMPLE", event
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["AlarmName"] == "notes-5xx"


AREAS = [identity, images, logs, settings, alarms, history, stack]


def main():
    check = Checker(sys.argv[1])
    for area in AREAS:
        area(check)
    refusals(check, coverage.used() - coverage.NEVER_REFUSED)
    faults = sorted(set(check.faults)) + coverage.missing(check.operations, check.refused)
    for fault in faults:
        print(fault)
    print(
        f"{len(check.operations)} operations, {len(check.refused)} of them refused too, "
        f"{len(coverage.used())} that wharf uses, {len(faults)} faults"
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
