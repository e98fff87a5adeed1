//! Cases of jobs and of what runs before a release.

use serde_json::json;

use super::{
    case::{Case, edit, image},
    place::Place,
};
use crate::{image::OneOff, services::scheduler::Schedule, world::World};

const EXIT: &str = "stopped task: Essential container in task exited, exit code 3";

pub(super) const CASES: &[Case] = &[
    image(
        "release-fails",
        "C303",
        "the release command of the next image fails, with code 3",
        EXIT,
        |pushed| pushed.app.one_off = Some(fails("migration 0042 failed: column exists already")),
    ),
    image("job-fails", "C303", "jobs of the next image fail, with code 3", EXIT, |pushed| {
        pushed.app.one_off = Some(fails("report failed: no rows"));
    }),
    image(
        "job-hangs",
        "C953",
        "jobs and the release command of the next image never end",
        "a task that runs on",
        |pushed| {
            let log = vec!["waiting for a lock".to_owned()];
            pushed.app.one_off = Some(OneOff { exit_code: None, after_seconds: 0, log });
        },
    ),
    edit(
        "schedule-off",
        "C951",
        "somebody switches the schedules off",
        "a schedule that is DISABLED",
        |world, place| {
            for schedule in schedules(world, place)? {
                schedule.body["State"] = json!("DISABLED");
            }
            Ok(())
        },
    ),
    edit(
        "scheduler-untrusted",
        "C952",
        "the role that starts jobs does not trust the scheduler any more",
        "times that pass without a task",
        |world, place| {
            let arns: Vec<String> = schedules(world, place)?
                .filter_map(|it| it.body["Target"]["RoleArn"].as_str().map(str::to_owned))
                .collect();
            let trust = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }]});
            for role in world.global.iam.roles.values_mut() {
                if arns.contains(&role.arn) {
                    role.trust = trust.to_string();
                }
            }
            Ok(())
        },
    ),
];

fn fails(line: &str) -> OneOff {
    OneOff { exit_code: Some(3), after_seconds: 2, log: vec![line.to_owned()] }
}

fn schedules<'w>(
    world: &'w mut World,
    place: &Place,
) -> Result<impl Iterator<Item = &'w mut Schedule> + use<'w>, String> {
    let all = &mut world.region(&place.region).scheduler.schedules;
    if all.is_empty() {
        return Err("no job has a schedule".to_owned());
    }
    Ok(all.values_mut())
}
