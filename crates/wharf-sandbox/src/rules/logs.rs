//! What CloudWatch Logs refuses.

use super::rules;

rules! { "CloudWatch Logs"
    GROUP_NAME_UNIQUE: "logs/group-name-unique", 400 "ResourceAlreadyExistsException",
        "A log group is made once.",
        "CloudWatch Logs API reference, CreateLogGroup";
    GROUP_NAME_RESERVED: "logs/group-name-reserved", 400 "InvalidParameterException",
        "A log group's name does not begin with `aws/`.",
        "CloudWatch Logs API reference, CreateLogGroup";
    GROUP_EXISTS: "logs/group-exists", 400 "ResourceNotFoundException",
        "A log group must exist.",
        "CloudWatch Logs API reference, PutRetentionPolicy";
}
