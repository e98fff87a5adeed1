//! One case: a world, a spec, a change of it, and what goes wrong meanwhile.

use std::time::Duration;

use crate::draw::Draw;
use crate::edits::Edit;
use crate::spec::Spec;
use crate::weather::Storm;

/// Everything a run is made of. Shrinking takes parts of it away.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that is there or not")]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) generation: u32,
    /// What had been applied, cleanly, before.
    pub(crate) before: Option<Spec>,
    pub(crate) wanted: Spec,
    /// Objects of others under similar names.
    pub(crate) neighbours: bool,
    /// Another wharf stack in the same account.
    pub(crate) other_stack: bool,
    /// A foreign object under a name the stack needs; somebody removes it after the refusal.
    pub(crate) in_the_way: Option<InTheWay>,
    /// What somebody changed in the console since.
    pub(crate) edits: Vec<Edit>,
    /// What somebody changes just before the n-th mutating call.
    pub(crate) meanwhile: Option<(u64, Edit)>,
    /// A second run, beside the first.
    pub(crate) beside: Option<Beside>,
    /// A release that never becomes healthy comes before the change.
    pub(crate) broken: Option<Broken>,
    /// A destroy that somebody broke off comes before the change.
    pub(crate) abandoned: Option<BrokenOff>,
    /// Whether runs that die give their lease back, as those do that are interrupted twice.
    pub(crate) interrupted: bool,
    /// Another environment of the same app stands in the account.
    pub(crate) other_env: bool,
    /// The line of the spec that protects something, and the line by which something outlives a destroy.
    pub(crate) protect: Option<&'static str>,
    pub(crate) keep: Option<&'static str>,
    pub(crate) storm: Storm,
    pub(crate) destroy_storm: Storm,
}

/// A second run.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    /// How long after the first it starts.
    pub(crate) after: Duration,
    pub(crate) what: Second,
    /// How many seconds the clock of its machine is ahead.
    pub(crate) skew: i64,
    /// Whether calls take longer or shorter.
    pub(crate) uneven: bool,
    /// How long a lease lasts that is not renewed.
    pub(crate) term: Duration,
}

/// The term of leases; in fair weather also a shorter one, which runs outlast.
pub(crate) const TERM: Duration = Duration::from_secs(90);
const SHORT_TERM: Duration = Duration::from_secs(30);

/// What a second run does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Second {
    /// It applies the same spec.
    Same,
    /// It applies another one of the same stack.
    Other(Box<Spec>),
    /// It destroys the stack.
    Destroy,
}

/// Of the delays of a second apply, about half are none.
const HALF: Duration = Duration::from_mins(1);

const PROTECTED: &[&str] = &["protect: [balancer]", "protect: [service]", "protect: [repository]"];
const KEPT: &[&str] = &[
    "destroy: { repository: keep }",
    "destroy: { logs: keep }",
    "destroy: { repository: keep, logs: keep, certificate: keep }",
];

/// When a destroy is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokenOff {
    /// After its n-th change.
    Change(u64),
    /// When the first service has been deleted and drains.
    Draining,
}

/// How a release is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It answers its health check with an error.
    Ill,
    /// It exits at once.
    Exits,
}

/// What of somebody else's is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InTheWay {
    Cluster,
    LogGroup,
    SecurityGroup,
    Repository,
}

impl Case {
    pub(crate) fn draw(seed: u64, generation: u32) -> Self {
        let mut draw = Draw::new(seed, generation);
        let mut case = Self::first_generation(seed, generation, &mut draw);
        if draw.since(2) {
            case.second_generation(&draw);
        }
        if draw.since(3) {
            case.third_generation(&draw);
        }
        case
    }

    fn second_generation(&mut self, draw: &Draw) {
        let stream = |what| draw.aside(what);
        self.storm = self.storm.clone().or_newer(&mut stream("storm"));
        self.destroy_storm = self.destroy_storm.clone().or_newer(&mut stream("destroy storm"));
        let mut own = stream("edits");
        self.edits = self.edits.iter().map(|edit| edit.or_newer(&mut own)).collect();
        let mut own = stream("meanwhile");
        self.meanwhile = self.meanwhile.map(|(at, edit)| (at, edit.or_newer(&mut own)));
        let mut own = stream("beside");
        if let Some(beside) = &mut self.beside {
            beside.uneven = true;
            if own.chance(50) {
                self.storm = Storm::calm();
                beside.term = SHORT_TERM;
            }
            beside.after = match own.below(3) {
                0 => Duration::from_millis(own.below(150)),
                1 => Duration::from_secs(own.below(20)),
                _ => beside.term + Duration::from_secs(1 + own.below(90)),
            };
            // Renewed three times as often, a lease has two thirds of its term left.
            let most = beside.term.as_secs() / 2;
            beside.skew = i64::try_from(own.below(most)).unwrap_or(0);
            if own.chance(50) {
                beside.skew = -beside.skew;
            }
            beside.what = match own.below(4) {
                0 | 1 => Second::Same,
                2 => Second::Other(Box::new(self.wanted.change(&mut stream("other spec")))),
                _ => Second::Destroy,
            };
        }
        let mut own = stream("abandoned");
        let abandoned = self.before.is_some() && own.chance(12);
        self.abandoned = abandoned.then(|| {
            if own.chance(40) { BrokenOff::Change(1 + own.below(40)) } else { BrokenOff::Draining }
        });
        self.interrupted = stream("interrupted").chance(30);
        self.other_env = stream("other environment").chance(8);
        let mut own = stream("protect");
        self.protect = own.chance(10).then(|| *own.pick(PROTECTED));
        let mut own = stream("keep");
        self.keep = own.chance(8).then(|| *own.pick(KEPT));
    }

    fn third_generation(&mut self, draw: &Draw) {
        self.storm = self.storm.clone().or_crowded(&mut draw.aside("crowd"));
        self.destroy_storm =
            self.destroy_storm.clone().or_crowded(&mut draw.aside("destroy crowd"));
    }

    fn first_generation(seed: u64, generation: u32, draw: &mut Draw) -> Self {
        let first = Spec::draw(draw);
        let before = draw.chance(70).then(|| first.clone());
        let wanted = if before.is_some() && draw.chance(90) { first.change(draw) } else { first };
        let edited = before.is_some() && draw.chance(30);
        let edits =
            if edited { (0..=draw.below(2)).map(|_| Edit::draw(draw)).collect() } else { vec![] };
        let blocked = before.is_none() && draw.chance(40);
        Self {
            seed,
            generation,
            neighbours: draw.chance(60),
            other_stack: draw.chance(8),
            in_the_way: blocked.then(|| InTheWay::draw(draw)),
            meanwhile: draw.chance(15).then(|| (1 + draw.below(30), Edit::draw(draw))),
            beside: draw.chance(20).then(|| Beside {
                after: Duration::from_secs(draw.below(120)).saturating_sub(HALF),
                what: Second::Same,
                skew: 0,
                uneven: false,
                term: TERM,
            }),
            broken: (before.is_some() && draw.chance(12))
                .then(|| *draw.pick(&[Broken::Ill, Broken::Exits])),
            abandoned: None,
            interrupted: false,
            other_env: false,
            protect: None,
            keep: None,
            storm: Storm::draw(draw),
            destroy_storm: Storm::draw(draw),
            before,
            wanted,
            edits,
        }
    }

    /// Smaller cases, the greatest steps first.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut list = Vec::new();
        let mut push = |differs: bool, change: &dyn Fn(&mut Self)| {
            if differs {
                let mut case = self.clone();
                change(&mut case);
                list.push(case);
            }
        };
        push(self.storm != Storm::calm(), &|case| case.storm = Storm::calm());
        push(self.destroy_storm != Storm::calm(), &|case| case.destroy_storm = Storm::calm());
        push(self.broken.is_some(), &|case| case.broken = None);
        push(self.beside.is_some(), &|case| case.beside = None);
        push(self.meanwhile.is_some(), &|case| case.meanwhile = None);
        push(!self.edits.is_empty(), &|case| case.edits.clear());
        push(self.edits.len() > 1, &|case| case.edits.truncate(1));
        push(self.in_the_way.is_some(), &|case| case.in_the_way = None);
        push(self.neighbours, &|case| case.neighbours = false);
        push(self.other_stack, &|case| case.other_stack = false);
        push(self.other_env, &|case| case.other_env = false);
        push(self.protect.is_some(), &|case| case.protect = None);
        push(self.keep.is_some(), &|case| case.keep = None);
        push(self.abandoned.is_some(), &|case| case.abandoned = None);
        push(self.interrupted, &|case| case.interrupted = false);
        push(self.before.is_some() && self.broken.is_none() && self.abandoned.is_none(), &|case| {
            case.before = None;
            case.edits.clear();
        });
        push(self.before.as_ref().is_some_and(|it| *it != self.wanted), &|case| {
            if let Some(before) = &case.before {
                case.wanted = before.clone();
            }
        });
        for wanted in self.wanted.smaller() {
            list.push(Self { wanted, ..self.clone() });
        }
        for before in self.before.iter().flat_map(Spec::smaller) {
            list.push(Self { before: Some(before), ..self.clone() });
        }
        for storm in self.storm.smaller() {
            list.push(Self { storm, ..self.clone() });
        }
        for storm in self.destroy_storm.smaller() {
            list.push(Self { destroy_storm: storm, ..self.clone() });
        }
        list
    }
}

impl InTheWay {
    fn draw(draw: &mut Draw) -> Self {
        *draw.pick(&[Self::Cluster, Self::LogGroup, Self::SecurityGroup, Self::Repository])
    }
}
