//! A schedule as EventBridge Scheduler shows and takes it.

use std::collections::BTreeSet;

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{
    AssignPublicIp, AwsVpcConfiguration, EcsParameters, FlexibleTimeWindow, FlexibleTimeWindowMode,
    LaunchType, NetworkConfiguration, PropagateTags, RetryPolicy, ScheduleState, Target,
};
use wharf_graph::{ErrorClass, Input, StackId};

use super::Props;
use crate::error::AwsError;

/// The launch type of tasks.
pub(super) const FARGATE: &str = "FARGATE";
/// The platform version that is the newest.
pub(super) const LATEST: &str = "LATEST";
/// Where tasks take their tags from.
pub(super) const TASK_DEFINITION: &str = "TASK_DEFINITION";

/// Brings what the scheduler returns into canonical form; `group` is the ARN of its group.
pub(super) fn props(found: &GetScheduleOutput, group: &str) -> Props {
    let target = found.target();
    let ecs = target.and_then(Target::ecs_parameters);
    let network = ecs
        .and_then(EcsParameters::network_configuration)
        .and_then(NetworkConfiguration::awsvpc_configuration);
    let retry = target.and_then(Target::retry_policy);
    let number = |value: Option<i32>| value.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
    let known = |text: &str| Input::Known(text.to_owned());
    let exact = found
        .flexible_time_window()
        .is_none_or(|window| *window.mode() == FlexibleTimeWindowMode::Off);
    let zone = found.schedule_expression_timezone().unwrap_or("UTC");
    Props {
        name: found.name().unwrap_or_default().to_owned(),
        group: known(group),
        expression: found.schedule_expression().unwrap_or_default().to_owned(),
        timezone: zone.to_owned(),
        // One that is spread over a window, or bound to dates, is not what was asked for either.
        enabled: found.state() == Some(&ScheduleState::Enabled)
            && exact
            && found.start_date().is_none()
            && found.end_date().is_none(),
        cluster: known(target.map_or("", Target::arn)),
        role: known(target.map_or("", Target::role_arn)),
        task_definition: known(ecs.map_or("", EcsParameters::task_definition_arn)),
        launch: ecs
            .and_then(EcsParameters::launch_type)
            .map_or_else(String::new, |launch| launch.as_str().to_owned()),
        platform: ecs.and_then(EcsParameters::platform_version).unwrap_or(LATEST).to_owned(),
        subnets: network.map(|it| it.subnets().iter().cloned().collect()).unwrap_or_default(),
        public_ip: network.and_then(AwsVpcConfiguration::assign_public_ip)
            == Some(&AssignPublicIp::Enabled),
        security_groups: network
            .map(|it| it.security_groups().iter().map(|group| known(group)).collect())
            .unwrap_or_default(),
        retries: number(retry.and_then(RetryPolicy::maximum_retry_attempts)),
        late: number(retry.and_then(RetryPolicy::maximum_event_age_in_seconds)),
        propagate_tags: ecs
            .and_then(EcsParameters::propagate_tags)
            .map_or_else(String::new, |from| from.as_str().to_owned()),
    }
}

/// Builds the target.
pub(super) fn target(want: &Props) -> Result<Target, AwsError> {
    let public = if want.public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let groups: Result<Vec<String>, _> =
        want.security_groups.iter().map(|group| group.get().cloned()).collect();
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(want.subnets.iter().cloned().collect()))
        .set_security_groups(Some(groups?))
        .assign_public_ip(public)
        .build()
        .map_err(|error| bug(&error))?;
    let ecs = EcsParameters::builder()
        .task_definition_arn(want.task_definition.get()?)
        .task_count(1)
        .launch_type(LaunchType::from(want.launch.as_str()))
        .platform_version(&want.platform)
        .network_configuration(
            NetworkConfiguration::builder().awsvpc_configuration(network).build(),
        )
        .propagate_tags(PropagateTags::from(want.propagate_tags.as_str()))
        .enable_ecs_managed_tags(true)
        .build()
        .map_err(|error| bug(&error))?;
    let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    Target::builder()
        .arn(want.cluster.get()?)
        .role_arn(want.role.get()?)
        .ecs_parameters(ecs)
        .retry_policy(
            RetryPolicy::builder()
                .maximum_retry_attempts(signed(want.retries))
                .maximum_event_age_in_seconds(signed(want.late))
                .build(),
        )
        .build()
        .map_err(|error| bug(&error))
}

fn bug(error: &dyn std::error::Error) -> AwsError {
    AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
}

/// Returns the name of the group.
pub(super) fn group(want: &Props) -> Result<String, AwsError> {
    let arn = want.group.get()?;
    Ok(arn.rsplit('/').next().unwrap_or(arn).to_owned())
}

pub(super) fn state(enabled: bool) -> ScheduleState {
    if enabled { ScheduleState::Enabled } else { ScheduleState::Disabled }
}

/// A schedule runs when it says, and not within a window.
pub(super) fn exactly() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .expect("the mode is all that is required, and it is set")
}

pub(super) fn description(stack: &StackId, name: &str) -> String {
    format!("Runs {name} of {stack}; made by wharf")
}

/// Returns props in which every field has a value.
pub(super) fn example() -> Props {
    let arn = |service: &str, rest: &str| {
        Input::Known(format!("arn:aws:{service}:eu-west-1:111122223333:{rest}"))
    };
    Props {
        name: "nightly".to_owned(),
        group: arn("scheduler", "schedule-group/notes-prod"),
        expression: "cron(30 2 * * ? *)".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        enabled: true,
        cluster: arn("ecs", "cluster/notes-prod"),
        role: Input::Known(
            "arn:aws:iam::111122223333:role/wharf/notes/prod/notes-prod-main-scheduler-eu-west-1"
                .to_owned(),
        ),
        task_definition: arn("ecs", "task-definition/notes-prod-nightly:3"),
        launch: FARGATE.to_owned(),
        platform: LATEST.to_owned(),
        subnets: BTreeSet::from(["subnet-a".to_owned(), "subnet-b".to_owned()]),
        public_ip: true,
        security_groups: BTreeSet::from([Input::Known("sg-1".to_owned())]),
        retries: 2,
        late: 3600,
        propagate_tags: TASK_DEFINITION.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let want = example();
        let group = want.group.get().unwrap().clone();
        let found = GetScheduleOutput::builder()
            .name(&want.name)
            .schedule_expression(&want.expression)
            .schedule_expression_timezone(&want.timezone)
            .state(state(true))
            .flexible_time_window(exactly())
            .target(target(&want).unwrap());
        assert_eq!(props(&found.clone().build(), &group), want);
        let window = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Flexible)
            .maximum_window_in_minutes(15)
            .build()
            .unwrap();
        assert!(!props(&found.flexible_time_window(window).build(), &group).enabled);
    }
}
