//! What CloudWatch refuses.

use super::rules;

rules! { "CloudWatch"
    ALARM_EXISTS: "cloudwatch/alarm-exists", 404 "ResourceNotFound",
        "An alarm that is deleted or set must exist.",
        "CloudWatch API reference, DeleteAlarms, SetAlarmState";
    NAMES_OR_PREFIX: "cloudwatch/names-or-prefix", 400 "InvalidParameterCombination",
        "Alarms are asked for by names or by what names begin with.",
        "CloudWatch API reference, DescribeAlarms";
    PAGE_TOKEN: "cloudwatch/page-token", 400 "InvalidNextToken",
        "The token of a page comes from the page before.",
        "CloudWatch API reference, DescribeAlarms";
}
