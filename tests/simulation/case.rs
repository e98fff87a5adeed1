//! One case: a world, a spec, a change of it, and what goes wrong meanwhile.

use std::time::Duration;

use crate::draw::Draw;
use crate::edits::Edit;
use crate::spec::Spec;
use crate::weather::Storm;

/// Everything a run is made of. Shrinking takes parts of it away.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
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
    /// A second apply that starts this long after the first.
    pub(crate) beside: Option<Duration>,
    /// A release that never becomes healthy comes before the change.
    pub(crate) broken: Option<Broken>,
    pub(crate) storm: Storm,
    pub(crate) destroy_storm: Storm,
}

/// Of the delays of a second apply, about half are none.
const HALF: Duration = Duration::from_mins(1);

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
    pub(crate) fn draw(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let draw = &mut draw;
        let first = Spec::draw(draw);
        let before = draw.chance(70).then(|| first.clone());
        let wanted = if before.is_some() && draw.chance(90) { first.change(draw) } else { first };
        let edited = before.is_some() && draw.chance(30);
        let edits =
            if edited { (0..=draw.below(2)).map(|_| Edit::draw(draw)).collect() } else { vec![] };
        let blocked = before.is_none() && draw.chance(40);
        Self {
            seed,
            neighbours: draw.chance(60),
            other_stack: draw.chance(8),
            in_the_way: blocked.then(|| InTheWay::draw(draw)),
            meanwhile: draw.chance(15).then(|| (1 + draw.below(30), Edit::draw(draw))),
            beside: draw
                .chance(20)
                .then(|| Duration::from_secs(draw.below(120)).saturating_sub(HALF)),
            broken: (before.is_some() && draw.chance(12))
                .then(|| *draw.pick(&[Broken::Ill, Broken::Exits])),
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
        push(self.before.is_some() && self.broken.is_none(), &|case| {
            case.before = None;
            case.edits.clear();
        });
        for name in self.wanted.services.keys() {
            push(self.wanted.services.len() > 1 && name != "web", &|case| {
                case.wanted.services.remove(name);
                if let Some(before) = case.before.as_mut().filter(|it| it.services.len() > 1) {
                    before.services.remove(name);
                }
            });
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
