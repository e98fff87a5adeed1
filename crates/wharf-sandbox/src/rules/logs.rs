//! What CloudWatch Logs refuses.

use super::rules;

rules! { "CloudWatch Logs"
    GROUP_NAME_UNIQUE: "logs/group-name-unique", 400 "ResourceAlreadyExistsException",
        "A log group is made once.",
        "CloudWatch Logs API reference, CreateLogGroup";
    GROUPS_COUNT: "logs/groups-count", 400 "LimitExceededException",
        "A region has 1,000,000 log groups at most.",
        "CloudWatch Logs user guide, quotas; CloudWatch Logs API reference, CreateLogGroup";
    GROUP_NAME_RESERVED: "logs/group-name-reserved", 400 "InvalidParameterException",
        "A log group's name does not begin with `aws/`.",
        "CloudWatch Logs API reference, CreateLogGroup";
    GROUP_EXISTS: "logs/group-exists", 400 "ResourceNotFoundException",
        "A log group must exist.",
        "CloudWatch Logs API reference, PutRetentionPolicy";
    GROUP_PROTECTED: "logs/group-protected", 400 "ValidationException",
        "A log group whose deletion protection is on is not deleted.",
        "CloudWatch Logs API reference, PutLogGroupDeletionProtection";
    STREAM_EXISTS: "logs/stream-exists", 400 "ResourceNotFoundException",
        "A log stream must exist.",
        "CloudWatch Logs API reference, ResourceNotFoundException";
    STREAM_NAME_UNIQUE: "logs/stream-name-unique", 400 "ResourceAlreadyExistsException",
        "A log stream is made once.",
        "CloudWatch Logs API reference, CreateLogStream";
    STREAM_ORDER: "logs/stream-order", 400 "InvalidParameterException",
        "Streams with a prefix are not ordered by time.",
        "CloudWatch Logs API reference, DescribeLogStreams";
    EVENTS_IN_ORDER: "logs/events-in-order", 400 "InvalidParameterException",
        "Events of a request are in the order of time.",
        "CloudWatch Logs API reference, PutLogEvents";
    STREAMS_ONE_WAY: "logs/streams-one-way", 400 "InvalidParameterException",
        "Streams are chosen by name or by prefix.",
        "CloudWatch Logs API reference, FilterLogEvents";
    GROUPS_ONE_WAY: "logs/groups-one-way", 400 "InvalidParameterException",
        "Groups are chosen by prefix or by pattern.",
        "CloudWatch Logs API reference, DescribeLogGroups";
    PAGE_TOKEN: "logs/page-token", 400 "InvalidParameterException",
        "The token of a page comes from the page before.",
        "CloudWatch Logs API reference, GetLogEvents";
    RETENTION: "logs/retention", 400 "InvalidParameterException",
        "A retention is one of the periods there are.",
        "CloudWatch Logs API reference, PutRetentionPolicy";
    GROUP_ARN: "logs/group-arn", 400 "InvalidParameterException",
        "What is tagged is named by the ARN of a group, without `:*`.",
        "CloudWatch Logs API reference, TagResource";
}
