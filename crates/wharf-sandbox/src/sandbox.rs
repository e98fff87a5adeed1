//! The sandbox: a world, its clock, and the one place where requests are carried out.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Map, Value, json};

use crate::{
    call_record::CallRecord,
    clock::{self, Clock},
    constraints,
    error::{AwsError, SandboxError},
    faults::{Intercepting, Session, answers, stale::Past},
    ids::Ids,
    input::Input,
    principal::Principal,
    registry::Blobs,
    seed,
    services::{Ctx, cloudtrail},
    store::{Held, Store},
    throttle::Buckets,
    time::SimTime,
    wire::{self, Outcome, Refused},
    world::World,
};

/// The most calls that are remembered; a server may run for days.
const MOST_CALLS: usize = 100_000;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account id.
    pub account: String,
    /// The partition, as ARNs name it.
    pub partition: String,
    /// How many simulated seconds pass in a second of tokio's clock.
    pub speed: f64,
    /// How long every call takes, on tokio's clock.
    pub latency: Duration,
    /// Whether account and regions start with the networks and samples the documentation promises.
    pub seed_defaults: bool,
    /// Whether images appear in new repositories as if somebody had pushed them.
    pub images_appear: bool,
    /// For how long, in simulated time, every read shows the state before the first write; zero
    /// for none. Only services that are eventually consistent do this.
    pub stale_reads: Duration,
    /// Limits every API to this multiple of its documented rate, in simulated time; `None` for no
    /// limit.
    pub throttling: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            speed: 1.0,
            latency: Duration::ZERO,
            seed_defaults: true,
            images_appear: true,
            stale_reads: Duration::ZERO,
            throttling: None,
        }
    }
}

/// A simulated AWS account. Clones share it.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) inner: Arc<Mutex<Inner>>,
    pub(crate) latency: Duration,
    pub(crate) session: Arc<Session>,
    pub(crate) blobs: Arc<Blobs>,
    /// What this handle may do; everything unless somebody said otherwise.
    pub(crate) principal: Option<Arc<Principal>>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    world: World,
    clock: Clock,
    options: Options,
    store: Option<Store>,
    calls: Vec<CallRecord>,
    request_ids: Ids,
    pub(crate) intercepting: Option<Intercepting>,
    pub(crate) sessions: u64,
    past: Past,
    buckets: Buckets,
}

impl Sandbox {
    /// Makes a sandbox that lives as long as this process; the same calls give the same world.
    pub fn in_memory(options: Options) -> Self {
        let clock = Clock::starting_at(clock::EPOCH, options.speed);
        let world = fresh_world(&options, clock::EPOCH);
        Self::new(world, clock, options, None)
    }

    /// Opens the sandbox kept in a directory, or begins one there. Several processes may share it.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, SandboxError> {
        let store = Store::new(dir.as_ref())?;
        let mut held = store.lock()?;
        held.sweep();
        let (mut world, clock) = load_or_begin(&held, &options)?;
        if world.generation == 0 {
            held.save(&mut world)?;
        }
        drop(held);
        Ok(Self::new(world, clock, options, Some(store)))
    }

    /// Forgets the world kept in a directory.
    pub fn reset(dir: impl AsRef<Path>) -> Result<(), SandboxError> {
        Store::new(dir.as_ref())?.lock()?.clear()
    }

    fn new(world: World, clock: Clock, options: Options, store: Option<Store>) -> Self {
        let latency = options.latency;
        let blobs = store.as_ref().map_or_else(Blobs::passing, |store| Blobs::beside(store.dir()));
        let request_ids = Ids::new(1);
        let inner = Inner {
            world,
            clock,
            options,
            store,
            calls: Vec::new(),
            request_ids,
            intercepting: None,
            sessions: 1,
            past: Past::default(),
            buckets: Buckets::default(),
        };
        let session = Arc::new(Session::new(1));
        let inner = Arc::new(Mutex::new(inner));
        Self { inner, latency, session, principal: None, blobs: Arc::new(blobs) }
    }

    /// Returns the calls made so far through this handle and its clones, in order; of very many,
    /// the newest.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.lock().calls.clone()
    }

    /// Forgets the calls made so far.
    pub fn clear_calls(&self) {
        self.lock().calls.clear();
    }

    /// Returns the simulated time.
    pub fn now(&self) -> SimTime {
        self.lock().clock.now()
    }

    /// Returns the whole world as it is stored, brought up to now.
    pub fn world_json(&self) -> Value {
        self.look(|world| serde_json::to_value(world).unwrap_or_default())
    }

    /// Returns a readable summary of what exists: service by service, the names or ids of things.
    pub fn show(&self) -> Value {
        self.look(|world| {
            let regions: Map<String, Value> = world
                .regions
                .iter()
                .map(|(name, state)| (name.clone(), names(serde_json::to_value(state))))
                .collect();
            json!({
                "account": world.account,
                "time": world.now.iso(),
                "events_to_come": world.events.iter().count(),
                "global": names(serde_json::to_value(&world.global)),
                "regions": regions,
            })
        })
    }

    /// Looks at the world brought up to now.
    fn look<T>(&self, work: impl FnOnce(&World) -> T) -> T {
        let mut inner = self.lock();
        // A world that cannot be read anew is shown as it was last known.
        let _held = inner.take_hold();
        let now = inner.clock.now();
        inner.world.advance_to(now);
        work(&inner.world)
    }

    /// Looks at, or changes, the world brought up to now; for tests and for breaking things on
    /// purpose. A stored world is saved.
    pub fn with_world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.lock();
        let mut held = inner.take_hold().ok().flatten();
        let now = inner.clock.now();
        inner.world.advance_to(now);
        let result = work(&mut inner.world);
        if let Some(held) = &mut held {
            // A world that cannot be saved stays right in memory; the next call reports it.
            let _saved = held.save(&mut inner.world);
        }
        result
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in another call leaves a world that is at worst half changed, as AWS would.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes the lock of a stored world, and its present state if another process changed it.
    fn take_hold(&mut self) -> Result<Option<Held>, SandboxError> {
        let Some(store) = &self.store else { return Ok(None) };
        let mut held = store.lock()?;
        if held.generation() != self.world.generation {
            (self.world, self.clock) = load_or_begin(&held, &self.options)?;
        }
        Ok(Some(held))
    }

    /// Returns the simulated time.
    pub(crate) fn now(&self) -> SimTime {
        self.clock.now()
    }

    /// The single place through which every request goes that was understood. `late` reads see the
    /// state before the last writes.
    pub(crate) fn carry_out(&mut self, call: &wire::Incoming, late: bool) -> (CallRecord, Outcome) {
        if !self.within_rate(call) {
            let (record, outcome) = self.deny(call, answers::throttled(call.service.name));
            return (CallRecord { fault: Some("rate"), ..record }, outcome);
        }
        let mut outcome = self.outcome(call);
        outcome.result = match self.take_hold() {
            Ok(held) => self.run(call, held, late, &mut outcome),
            Err(error) => Err(answers::broken(&error)),
        };
        let record = self.record(call, &outcome);
        (record, outcome)
    }

    /// Judges a call by what its caller may do.
    pub(crate) fn judge(
        &mut self,
        principal: &Principal,
        call: &wire::Incoming,
    ) -> Option<AwsError> {
        let _held = match self.take_hold() {
            Ok(held) => held,
            Err(error) => return Some(answers::broken(&error)),
        };
        self.world.advance_to(self.clock.now());
        principal.authorize(call, &mut self.world).err()
    }

    /// Answers a call with an error without carrying it out.
    pub(crate) fn deny(&mut self, call: &wire::Incoming, error: AwsError) -> (CallRecord, Outcome) {
        let outcome = Outcome { result: Err(error), ..self.outcome(call) };
        let record = self.record(call, &outcome);
        (record, outcome)
    }

    /// Remembers a call.
    pub(crate) fn remember(&mut self, record: CallRecord) {
        if self.calls.len() >= MOST_CALLS {
            self.calls.drain(..MOST_CALLS / 2);
        }
        self.calls.push(record);
    }

    fn within_rate(&mut self, call: &wire::Incoming) -> bool {
        let Some(scale) = self.options.throttling else { return true };
        let now = self.clock.now();
        let (service, operation) = (call.service.name, call.operation.name);
        self.buckets.take(service, operation, &call.region, now, scale)
    }

    fn outcome(&mut self, call: &wire::Incoming) -> Outcome {
        Outcome {
            protocol: call.protocol,
            operation: call.operation.name.to_owned(),
            request_id: self.request_ids.uuid(),
            result: Ok(Value::Null),
            status: None,
            headers: Vec::new(),
        }
    }

    fn record(&self, call: &wire::Incoming, outcome: &Outcome) -> CallRecord {
        CallRecord {
            service: call.service.name.to_owned(),
            operation: call.operation.name.to_owned(),
            region: call.region.clone(),
            mutating: call.operation.mutating,
            at: self.world.now,
            status: outcome.status(),
            error: outcome.result.as_ref().err().map(|error| error.code.clone()),
            rule: outcome.result.as_ref().err().and_then(|error| Some(error.rule?.id)),
            fault: None,
        }
    }

    /// How far back reads may see, in simulated time.
    fn lag(&self) -> Duration {
        let intercepted = self.intercepting.as_ref().map_or(Duration::ZERO, |it| it.by.lag());
        intercepted.max(self.options.stale_reads)
    }

    fn run(
        &mut self,
        call: &wire::Incoming,
        held: Option<Held>,
        late: bool,
        outcome: &mut Outcome,
    ) -> Result<Value, AwsError> {
        self.world.advance_to(self.clock.now());
        let (now, lag) = (self.world.now, self.lag());
        let late = late || !self.options.stale_reads.is_zero();
        if late
            && !call.operation.mutating
            && let Some(mut world) = self.past.seen(call.service.name, now, lag)
        {
            return answer(&mut world, call, outcome).0;
        }
        constraints::check(call.service, call.operation, &call.input)?;
        let regions_before = self.world.regions.len();
        if !call.service.global {
            self.world.region(&call.region);
        }
        if let Some(error) = self.world.denial(call.service.name, call.operation.name) {
            return Err(error);
        }
        // A request that fails changes nothing, whatever its handler did before it found out.
        let before = call.operation.mutating.then(|| self.world.clone());
        let (result, touched) = answer(&mut self.world, call, outcome);
        if call.operation.mutating && result.is_ok() {
            cloudtrail::record(&mut self.world, call);
        }
        match (before, &result) {
            (Some(before), Err(_)) => self.world = before,
            (Some(before), Ok(_)) => self.past.keep(call.service.name, before, now, lag),
            (None, _) => {}
        }
        let changed = call.operation.mutating && result.is_ok();
        let seeded = self.world.regions.len() != regions_before;
        if (changed || touched || seeded)
            && let Some(mut held) = held
        {
            held.save(&mut self.world).map_err(|error| answers::broken(&error))?;
        }
        result
    }

    /// Answers a request that was not understood.
    pub(crate) fn refuse(&mut self, refused: Refused) -> (CallRecord, Outcome) {
        let mut record = CallRecord {
            service: refused.service.map_or("", |service| service.name).to_owned(),
            operation: refused.operation.clone().into(),
            region: String::new(),
            mutating: false,
            at: self.world.now,
            status: 0,
            error: Some(refused.error.code.clone()),
            rule: refused.error.rule.map(|rule| rule.id),
            fault: None,
        };
        let outcome = Outcome {
            protocol: *refused.protocol,
            operation: refused.operation.into(),
            request_id: self.request_ids.uuid(),
            result: Err(refused.error),
            status: None,
            headers: Vec::new(),
        };
        record.status = outcome.status();
        (record, outcome)
    }
}

/// Runs an operation's handler; the flag says whether a reading one changed something after all.
fn answer(
    world: &mut World,
    call: &wire::Incoming,
    outcome: &mut Outcome,
) -> (Result<Value, AwsError>, bool) {
    let region = call.region.clone();
    let mut ctx = Ctx { world, region, touched: false, status: None, headers: Vec::new() };
    let input = Input::new(&call.input, call.service);
    let result = (call.operation.handler)(&mut ctx, &input);
    let touched = ctx.touched;
    (outcome.status, outcome.headers) = (ctx.status, ctx.headers);
    (result, touched)
}

fn load_or_begin(held: &Held, options: &Options) -> Result<(World, Clock), SandboxError> {
    if let Some(world) = held.load()? {
        let clock = Clock::resuming(world.now, world.saved_at, options.speed);
        return Ok((world, clock));
    }
    let now = clock::wall_now();
    Ok((fresh_world(options, now), Clock::starting_at(now, options.speed)))
}

fn fresh_world(options: &Options, now: SimTime) -> World {
    let mut world = World {
        now,
        account: options.account.clone(),
        partition: options.partition.clone(),
        images_appear: options.images_appear,
        seed_defaults: options.seed_defaults,
        ..World::default()
    };
    seed::global(&mut world);
    world
}

/// Reduces the states of services to the names of what they hold; what is empty is left out.
fn names(states: serde_json::Result<Value>) -> Value {
    let Ok(Value::Object(services)) = states else { return Value::Null };
    let mut shown = Map::new();
    for (service, state) in services {
        let Value::Object(members) = state else { continue };
        let held: Map<String, Value> = members
            .into_iter()
            .filter_map(|(kind, things)| {
                let Value::Object(things) = things else { return None };
                let names: Vec<String> = things.into_iter().map(|(name, _)| name).collect();
                (!names.is_empty()).then(|| (kind, Value::from(names)))
            })
            .collect();
        if !held.is_empty() {
            shown.insert(service, Value::Object(held));
        }
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Options, Sandbox};
    use crate::{
        error::AwsError,
        services::{self, Operation, Reply, write},
        wire::Incoming,
    };

    static CHANGES_THEN_FAILS: Operation = write("ChangesThenFails", |ctx, _| -> Reply {
        ctx.world.account = "changed".to_owned();
        ctx.world.ids.bits();
        Err(AwsError::new("TooLate", "The handler found out too late."))
    });

    #[test]
    fn a_request_that_fails_changes_nothing() {
        let sandbox = Sandbox::in_memory(Options::default());
        let call = Incoming {
            service: services::find("ecr").unwrap(),
            protocol: services::Protocol::Json,
            by: crate::wire::Caller::default(),
            region: "eu-west-1".to_owned(),
            operation: &CHANGES_THEN_FAILS,
            input: json!({}),
        };
        let mut inner = sandbox.lock();
        inner.world.region("eu-west-1");
        let before = serde_json::to_value(&inner.world.ids).unwrap();
        let (record, _) = inner.carry_out(&call, false);
        assert_eq!(record.error.as_deref(), Some("TooLate"));
        assert_eq!(inner.world.account, "111122223333");
        assert_eq!(serde_json::to_value(&inner.world.ids).unwrap(), before);
    }
}
