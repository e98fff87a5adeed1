//! EventBridge Scheduler: groups, schedules, and the tasks they start.

mod calendar;
mod expression;
mod fire;
mod groups;
mod schedules;
pub mod state;

use super::{Operation, Protocol, Service, read, write};
use crate::{
    tags::Tags,
    world::{Event, RegionState, World},
};

use self::state::SchedulerEvent;
pub use self::state::{Group, Invocation, Schedule, SchedulerState};

/// EventBridge Scheduler.
pub static SERVICE: Service = Service {
    name: "scheduler",
    protocol: Protocol::RestJson,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateSchedule", schedules::create).at("POST", "/schedules/{Name}"),
    read("GetSchedule", schedules::get).at("GET", "/schedules/{Name}"),
    write("UpdateSchedule", schedules::update).at("PUT", "/schedules/{Name}"),
    write("DeleteSchedule", schedules::delete).at("DELETE", "/schedules/{Name}"),
    read("ListSchedules", schedules::list).at("GET", "/schedules"),
    write("CreateScheduleGroup", groups::create).at("POST", "/schedule-groups/{Name}"),
    read("GetScheduleGroup", groups::get).at("GET", "/schedule-groups/{Name}"),
    write("DeleteScheduleGroup", groups::delete).at("DELETE", "/schedule-groups/{Name}"),
    read("ListScheduleGroups", groups::list).at("GET", "/schedule-groups"),
    write("TagResource", groups::tag).at("POST", "/tags/{ResourceArn}"),
    write("UntagResource", groups::untag).at("DELETE", "/tags/{ResourceArn}"),
    read("ListTagsForResource", groups::list_tags).at("GET", "/tags/{ResourceArn}"),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: SchedulerEvent) {
    match event {
        SchedulerEvent::Fire { key, version } => fire::due(world, region, &key, version),
        SchedulerEvent::Again { key, version, tried, since } => {
            fire::again(world, region, &key, version, (tried, since));
        }
        SchedulerEvent::GroupGone { name } => {
            let state = &mut world.region(region).scheduler;
            state.schedules.retain(|_, schedule| schedule.group != name);
            state.groups.remove(&name);
        }
    }
}

fn schedule_event(
    world: &mut World,
    region: &str,
    after: std::time::Duration,
    event: SchedulerEvent,
) {
    world.schedule(after, region, Event::Scheduler(event));
}

/// Groups are what carries tags; schedules cannot (EventBridge Scheduler API reference,
/// `TagResource`).
fn tagged(state: &RegionState) -> Vec<(String, Tags)> {
    let groups = state.scheduler.groups.values();
    groups.map(|group| (group.arn.clone(), group.tags.clone())).collect()
}
