//! The state of the simulated account.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    breaks::Trouble,
    error::AwsError,
    ids::Ids,
    image::App,
    input::Input,
    rules, seed,
    services::{
        self, acm, autoscaling, cloudtrail, cloudwatch, ec2, ecr, ecs, elbv2, iam, logs, route53,
        scheduler, secrets, ssm,
    },
    time::SimTime,
};

/// Everything in the account, in every region, and what is going to happen to it by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct World {
    /// How often the world has been saved.
    pub generation: u64,
    /// How far the world has evolved: events due up to here have happened.
    pub now: SimTime,
    /// The real time of the last save, from which the next process continues.
    pub saved_at: SimTime,
    /// The account id.
    pub account: String,
    /// The partition, as ARNs name it.
    pub partition: String,
    /// Whether images appear in new repositories as if somebody had pushed them.
    pub images_appear: bool,
    /// Whether a region that is first touched gets the VPCs and samples of [`seed`].
    pub seed_defaults: bool,
    /// Makes identifiers.
    pub ids: Ids,
    /// What the applications in images do, by digest; others do the usual.
    #[serde(default)]
    pub apps: BTreeMap<String, App>,
    /// What was broken on purpose.
    #[serde(default)]
    pub trouble: Trouble,
    /// What is due to happen.
    pub events: Queue,
    /// The services that have no region.
    pub global: GlobalState,
    /// Who changed what, by region.
    #[serde(default)]
    pub cloudtrail: BTreeMap<String, cloudtrail::state::CloudTrailState>,
    /// The regions touched so far.
    pub regions: BTreeMap<String, RegionState>,
}

/// The state of the services without a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GlobalState {
    /// IAM.
    pub iam: iam::state::IamState,
    /// Route 53.
    pub route53: route53::state::Route53State,
}

/// The state of one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegionState {
    /// The region's name.
    pub name: String,
    /// Certificates.
    pub acm: acm::state::AcmState,
    /// What is scaled, and by what.
    pub autoscaling: autoscaling::state::AutoscalingState,
    /// Networks.
    pub ec2: ec2::state::Ec2State,
    /// Image repositories.
    pub ecr: ecr::state::EcrState,
    /// Clusters, task definitions, services, tasks.
    pub ecs: ecs::state::EcsState,
    /// Load balancers.
    pub elbv2: elbv2::state::Elbv2State,
    /// Log groups.
    pub logs: logs::state::LogsState,
    /// Schedules.
    pub scheduler: scheduler::SchedulerState,
    /// Secrets.
    pub secrets: secrets::state::SecretsState,
    /// CloudWatch.
    pub cloudwatch: cloudwatch::state::CloudWatchState,
    /// Parameters.
    pub ssm: ssm::state::SsmState,
}

/// Something that happens by itself, at its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Of ACM.
    Acm(acm::state::AcmEvent),
    /// Of Application Auto Scaling.
    Autoscaling(autoscaling::state::AutoscalingEvent),
    /// Of EC2.
    Ec2(ec2::state::Ec2Event),
    /// Of ECS.
    Ecs(ecs::state::EcsEvent),
    /// Of the load balancers.
    Elbv2(elbv2::state::Elbv2Event),
    /// Of IAM.
    Iam(iam::state::IamEvent),
    /// Of Route 53.
    Route53(route53::state::Route53Event),
    /// Of EventBridge Scheduler.
    Scheduler(scheduler::state::SchedulerEvent),
}

/// An event with its time and place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scheduled {
    /// When it happens.
    pub at: SimTime,
    /// Its place among the events of the same time: first scheduled, first to happen.
    pub seq: u64,
    /// The region it happens in; empty for the services without one.
    pub region: String,
    /// What happens.
    pub event: Event,
}

/// The events to come, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "QueueForm", into = "QueueForm")]
pub struct Queue {
    seq: u64,
    due: BTreeMap<(SimTime, u64), Scheduled>,
}

/// How a queue is stored: JSON has no keys but text.
#[derive(Serialize, Deserialize)]
struct QueueForm {
    seq: u64,
    due: Vec<Scheduled>,
}

impl From<QueueForm> for Queue {
    fn from(form: QueueForm) -> Self {
        let due = form.due.into_iter().map(|item| ((item.at, item.seq), item)).collect();
        Self { seq: form.seq, due }
    }
}

impl From<Queue> for QueueForm {
    fn from(queue: Queue) -> Self {
        Self { seq: queue.seq, due: queue.due.into_values().collect() }
    }
}

impl Queue {
    /// Adds an event.
    pub fn push(&mut self, at: SimTime, region: &str, event: Event) {
        self.seq += 1;
        let seq = self.seq;
        self.due.insert((at, seq), Scheduled { at, seq, region: region.to_owned(), event });
    }

    /// Takes the next event that is due at `now` or before.
    pub fn pop_due(&mut self, now: SimTime) -> Option<Scheduled> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Returns the events to come, soonest first.
    pub fn iter(&self) -> impl Iterator<Item = &Scheduled> {
        self.due.values()
    }
}

impl World {
    /// Lets everything happen that is due up to `now`, in order.
    ///
    /// Each event sees the world's clock at its own time, so the result does not depend on when
    /// requests come.
    pub fn advance_to(&mut self, now: SimTime) {
        while let Some(item) = self.events.pop_due(now) {
            self.now = self.now.max(item.at);
            services::happen(self, &item.region, item.event);
        }
        self.now = self.now.max(now);
    }

    /// Schedules an event in a region, `after` the world's present time.
    pub fn schedule(&mut self, after: Duration, region: &str, event: Event) {
        self.events.push(self.now + after, region, event);
    }

    /// Returns a region, making (and seeding) it if it was never touched.
    pub fn region(&mut self, name: &str) -> &mut RegionState {
        if !self.regions.contains_key(name) {
            let state = RegionState { name: name.to_owned(), ..RegionState::default() };
            self.regions.insert(name.to_owned(), state);
            seed::region(self, name);
        }
        self.regions.entry(name.to_owned()).or_default()
    }

    /// Makes a call as somebody else does, at once and past every interceptor; for tests and for
    /// breaking things on purpose. `input` has the members of the request under their wire names.
    ///
    /// # Errors
    ///
    /// Fails with what AWS would answer; the world stays as it was.
    pub fn by_hand(
        &mut self,
        region: &str,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let unknown =
            || rules::wire::ACTION_KNOWN.refuse(format!("there is no {service} {operation}"));
        let found = services::find(service).ok_or_else(unknown)?;
        let operation = found.operations.iter().find(|it| it.name == operation);
        let operation = operation.ok_or_else(unknown)?;
        self.region(region);
        let before = self.clone();
        let mut ctx = services::Ctx {
            world: self,
            region: region.to_owned(),
            touched: false,
            status: None,
            headers: Vec::new(),
        };
        let result = (operation.handler)(&mut ctx, &Input::new(input, found));
        if result.is_err() {
            *self = before;
        }
        result
    }

    /// Returns the ARN of a resource; `region` is empty for the services without one.
    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{resource}", self.partition, self.account)
    }

    /// Returns the availability zones of a region.
    pub fn zones(region: &str) -> [String; 3] {
        ["a", "b", "c"].map(|letter| format!("{region}{letter}"))
    }

    /// Returns the names of the regions touched so far.
    pub fn touched_regions(&self) -> BTreeSet<String> {
        self.regions.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Queue};
    use crate::{services::ec2::state::Ec2Event, time::SimTime};

    #[test]
    fn events_come_by_time_then_in_the_order_they_were_scheduled_even_after_a_reload() {
        let event = |id: &str| Event::Ec2(Ec2Event::InterfaceGone { id: id.to_owned() });
        let mut queue = Queue::default();
        for (at, id) in [(20, "c"), (10, "a"), (20, "d"), (10, "b"), (99, "later")] {
            queue.push(SimTime(at), "", event(id));
        }
        let stored = serde_json::to_string(&queue).unwrap();
        let mut queue: Queue = serde_json::from_str(&stored).unwrap();
        queue.push(SimTime(20), "", event("e"));
        let mut order = Vec::new();
        while let Some(item) = queue.pop_due(SimTime(20)) {
            let Event::Ec2(Ec2Event::InterfaceGone { id }) = item.event else { panic!() };
            order.push(id);
        }
        assert_eq!(order, ["a", "b", "c", "d", "e"]);
    }
}
