//! What EventBridge Scheduler refuses.

use super::rules;

rules! { "EventBridge Scheduler"
    SCHEDULE_NAME_UNIQUE: "scheduler/schedule-name-unique", 409 "ConflictException",
        "A schedule is made once in its group.",
        "EventBridge Scheduler API reference, CreateSchedule";
    SCHEDULE_EXISTS: "scheduler/schedule-exists", 404 "ResourceNotFoundException",
        "A schedule must exist.",
        "EventBridge Scheduler API reference, GetSchedule";
    GROUP_NAME_UNIQUE: "scheduler/group-name-unique", 409 "ConflictException",
        "A group of schedules is made once.",
        "EventBridge Scheduler API reference, CreateScheduleGroup";
    GROUP_EXISTS: "scheduler/group-exists", 404 "ResourceNotFoundException",
        "A group of schedules must exist.",
        "EventBridge Scheduler API reference, CreateSchedule";
    GROUP_STAYS: "scheduler/group-stays", 409 "ConflictException",
        "A group that is being deleted takes no schedules, and is not deleted again.",
        "EventBridge Scheduler API reference, DeleteScheduleGroup";
    DEFAULT_GROUP_STAYS: "scheduler/default-group-stays", 400 "ValidationException",
        "The default group cannot be deleted.",
        "EventBridge Scheduler user guide, managing a schedule group";
    EXPRESSION_FORM: "scheduler/expression-form", 400 "ValidationException",
        "An expression is `at(…)`, `rate(…)` or `cron(…)` with six fields, one of the two kinds of days being `?`.",
        "EventBridge Scheduler user guide, schedule types";
    TIMEZONE_KNOWN: "scheduler/timezone-known", 400 "ValidationException",
        "A time zone is one of the IANA list.",
        "EventBridge Scheduler API reference, CreateSchedule";
    WINDOW_LENGTH: "scheduler/window-length", 400 "ValidationException",
        "A flexible time window has a length, and no other has.",
        "EventBridge Scheduler API reference, FlexibleTimeWindow";
    ROLE_ASSUMABLE: "scheduler/role-assumable", 400 "ValidationException",
        "The scheduler can assume the role of a target.",
        "EventBridge Scheduler user guide, setting up; texts in public logs";
    TARGET_FITS: "scheduler/target-fits", 400 "ValidationException",
        "Parameters for ECS belong to the ARN of a cluster, and it needs them.",
        "EventBridge Scheduler API reference, EcsParameters";
    TARGET_SIMULATED: "scheduler/target-simulated", 400 "ValidationException",
        "Only clusters are simulated as targets.",
        "the sandbox";
    LAUNCH_TYPE_OR_STRATEGY: "scheduler/launch-type-or-strategy", 400 "ValidationException",
        "A target has a launch type or a capacity provider strategy.",
        "EventBridge Scheduler API reference, EcsParameters";
    PAGE_TOKEN: "scheduler/page-token", 400 "ValidationException",
        "The token of a page comes from the page before.",
        "EventBridge Scheduler API reference, ListSchedules";
}
