//! What runs to its end: a release and jobs, drawn, changed and judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wharf_sandbox::Sandbox;

use crate::draw::Draw;
use crate::spec::{APP, REGION};

/// The first generation that has them.
const SINCE: u32 = 3;
/// Schedules a job may have.
const TIMES: [&str; 3] = [
    "{ cron: \"30 2 * * *\", timezone: Europe/Berlin }",
    "{ cron: \"0 */6 * * *\", timezone: Australia/Sydney }",
    "{ rate: 12h }",
];

/// The release and the jobs of a spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Seconds the release's command takes; `None` for no release.
    pub(crate) release: Option<u32>,
    /// Jobs with their schedules; `None` for by hand only.
    pub(crate) jobs: BTreeMap<&'static str, Option<&'static str>>,
}

impl Ends {
    pub(crate) fn draw(draw: &Draw) -> Self {
        let mut ends = Self::default();
        if !draw.since(SINCE) {
            return ends;
        }
        let mut own = draw.aside("release");
        if own.chance(35) {
            ends.release = Some(*own.pick(&[5, 40]));
        }
        let mut own = draw.aside("jobs");
        for name in ["nightly", "reindex"] {
            if own.chance(25) {
                ends.jobs.insert(name, own.chance(70).then(|| *own.pick(&TIMES)));
            }
        }
        ends
    }

    /// Adds, alters or drops one.
    pub(crate) fn change(&mut self, draw: &Draw) {
        let mut own = draw.aside("change of what ends");
        if !draw.since(SINCE) || !own.chance(40) {
            return;
        }
        match own.below(4) {
            0 => self.release = if self.release.is_some() { None } else { Some(30) },
            1 => self.release = self.release.map(|seconds| seconds + 1),
            2 => {
                if self.jobs.remove("nightly").is_none() {
                    self.jobs.insert("nightly", Some(*own.pick(&TIMES)));
                }
            }
            _ => {
                for schedule in self.jobs.values_mut() {
                    *schedule = own.chance(70).then(|| *own.pick(&TIMES));
                }
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Some(seconds) = self.release {
            writeln!(text, "release: {{ image: {{ tag: v1 }}, command: [sleep, \"{seconds}\"] }}")
                .unwrap();
        }
        if !self.jobs.is_empty() {
            text.push_str("jobs:\n");
        }
        for (name, schedule) in &self.jobs {
            writeln!(text, "  {name}:\n    image: {{ tag: v1 }}\n    command: [sleep, \"10\"]")
                .unwrap();
            if let Some(schedule) = schedule {
                writeln!(text, "    schedule: {schedule}\n    retries: 2").unwrap();
            }
        }
        text
    }

    /// Fewer of them, for each.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut list = Vec::new();
        if self.release.is_some() {
            list.push(Self { release: None, ..self.clone() });
        }
        for name in self.jobs.keys() {
            let mut fewer = self.clone();
            fewer.jobs.remove(name);
            list.push(fewer);
        }
        list
    }

    /// Every schedule is there as the spec says, and no other; the command of the release has ended
    /// well for the newest revision.
    pub(crate) fn check(&self, sandbox: &Sandbox) -> Result<(), String> {
        sandbox.with_world(|world| {
            let region = world.region(REGION);
            let wanted: Vec<&str> =
                self.jobs.iter().filter(|(_, it)| it.is_some()).map(|(name, _)| *name).collect();
            let own = region.scheduler.schedules.values().filter(|it| it.group == APP);
            let found: Vec<&str> = own.clone().map(|it| it.name.as_str()).collect();
            if wanted != found {
                return Err(format!("schedules {found:?} instead of {wanted:?}"));
            }
            for schedule in own {
                let definition =
                    schedule.body["Target"]["EcsParameters"]["TaskDefinitionArn"].as_str();
                let definition = region.ecs.definition(definition.unwrap_or_default());
                if definition.is_none_or(|definition| definition.status != "ACTIVE") {
                    return Err(format!("schedule {} starts nothing", schedule.name));
                }
            }
            if self.release.is_some() {
                let newest = region.ecs.definition(&format!("{APP}-release"));
                if newest.is_none_or(|newest| !newest.tags.contains_key("wharf:released")) {
                    return Err("the release's command has not ended well".to_owned());
                }
            }
            Ok(())
        })
    }
}

/// No two commands of a release ever ran at once.
pub(crate) fn check_one_at_a_time(sandbox: &Sandbox) -> Result<(), String> {
    sandbox.with_world(|world| {
        let now = world.now;
        let tasks = world.region(REGION).ecs.tasks.values();
        let mut runs: Vec<_> = tasks
            .filter(|task| task.started_by.as_deref() == Some("wharf release"))
            .map(|task| (task.created, task.execution_stopped.unwrap_or(now), &task.id))
            .collect();
        runs.sort();
        match runs.windows(2).find(|two| two[1].0 < two[0].1) {
            Some(two) => Err(format!("release commands {} and {} ran at once", two[0].2, two[1].2)),
            None => Ok(()),
        }
    })
}
