//! The tests: many seeds, seeds that once failed, and planted bugs.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::bugs::{self, Bug};
use crate::case::Case;
use crate::draw;
use crate::judge::{self, Failed};
use crate::tally::{One, Tally};
use crate::weather::Storm;

/// How many seeds run unless told otherwise.
const SEEDS: u64 = 24;
/// Every so many seeds, one runs twice.
const TWICE: u64 = 8;
/// How many smaller cases are tried before a failing one is shown.
const SHRINKS: u64 = 150;
/// From so many seeds on, every kind of fault must have come up.
const MANY: usize = 200;

/// Seeds that once failed, the generation they were drawn in, and what they found.
const REGRESSIONS: &[(u64, u32, &str)] = &[
    (47, 1, "plain HTTP led to HTTPS before that had a rule for the service"),
    (63, 1, "killed between certificate and validation record, destroy left the record"),
    (87, 1, "with a new port, plain HTTP led to targets that were not healthy yet"),
    (92, 1, "as 63, after many deaths"),
    (533, 2, "a repository of the app stays as long as another environment is there"),
    (609, 2, "what somebody changed after the last look is for the next run"),
    (922, 2, "a replaced service and its successor may both have an open rollout"),
    (11119, 5, "a renamed service went before the rule of plain HTTP that led to it"),
    (11263, 5, "a replaced service went before the rule of plain HTTP that led to it"),
    (11523, 5, "an old answer showed the service that was deleted before the new one of its name"),
    (10249, 5, "a service under a range that somebody set to nothing stayed there"),
    (20086, 6, "a new name for a service whose requests move between two groups"),
    (20401, 6, "a new port for such a service, of which only draining tasks were left"),
    (30029, 7, "requests counted behind a balancer of somebody else's"),
    (30081, 7, "a certificate that is kept lost the record by which it is renewed"),
    (
        30982,
        7,
        "what an interrupted move to another cluster left went before its successor answered",
    ),
    (31298, 7, "a service whose requests move by a rule went before that rule"),
    (31446, 7, "a rule taken away by the balancer's owner made a record look like somebody else's"),
    (46901, 7, "as 31446, with the target group deleted as well"),
    (
        43156,
        7,
        "a service deleted by hand left its range behind when its successor had another name",
    ),
    (42674, 7, "a rollout whose target group was deleted in the middle never ended"),
    (43572, 7, "as 42674, with all at once"),
    (50382, 7, "rule and target group gone, a stack that left a shared balancer lost its record"),
    (51302, 7, "an old answer said that a range's fewest tasks ran before they did"),
    (60548, 7, "a service deleted by hand left its range in the cluster that its stack moved from"),
    (74882, 7, "a move broken off in the middle left weights from which ECS begins no other"),
    (
        204_680,
        7,
        "a rollout that replaced one half moved found requests where none of ECS's could go on",
    ),
    (210_453, 7, "the way back to rolling updates led requests to a target group that was gone"),
    (221_448, 7, "a rollout to whose tasks no rule led any more never ended"),
    (223_020, 7, "a rule that somebody deleted was taken for the default of its listener"),
    (
        240_820,
        8,
        "requests led to both groups, and the service deleted: its first release had nowhere to go",
    ),
    (203_310, 7, "the lease of a run that died is its own, not that of the one beside it"),
    (72008, 7, "what a creation had just taken over was deleted as left over"),
    (72551, 7, "roles went while a service drained that no list showed any more"),
    (51544, 7, "after a death, a moved service went before the rule that still led to it"),
    (569, 3, "a target group went before the service that was on its way out had let go of it"),
    (719, 3, "as 569, with a service deleted by hand"),
    (2414, 3, "a role that was just made is not known to ECS yet, calm weather or not"),
    (3141, 3, "a run after one that failed may meet what ECS still does about that"),
    (8299, 3, "a task that somebody asked for takes a while to be there"),
    (8670, 3, "whoever is kept out waits as long as the other takes"),
    (9353, 3, "a listener that stale reads hide is not known to whoever deletes its certificate"),
    (9663, 3, "what appears while a second run is at work is foreign too"),
    (2017, 3, "a role lost a permission before the release that needed it was gone"),
    (
        5105,
        2,
        "where another environment needs the repository, no destroy takes it, protected or not",
    ),
    (234, 2, "a certificate that was just requested does not say yet what proves its names"),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn drawn(seed: u64) -> Case {
    let newest = u64::from(draw::NEWEST);
    let generation = number("WHARF_SIM_GENERATION").unwrap_or(newest);
    Case::draw(seed, u32::try_from(generation).unwrap())
}

/// The bug that is planted, if one is.
fn planted() -> Option<Bug> {
    let name = std::env::var("WHARF_SIM_BUG").ok()?;
    let found = bugs::ALL.iter().map(|(bug, _, _)| *bug).find(|bug| format!("{bug:?}") == name);
    Some(found.unwrap_or_else(|| panic!("there is no bug called {name}")))
}

#[test]
fn whatever_happens_running_again_repairs_it() {
    if let Some(seed) = number("WHARF_SIM_SEED") {
        eprintln!("{}", replay(seed));
        return;
    }
    let start = Instant::now();
    let log = std::env::var("WHARF_SIM_LOG").ok();
    let known = log.as_deref().map(logged).unwrap_or_default();
    let total = Mutex::new(Vec::new());
    let first = number("WHARF_SIM_FIRST").unwrap_or(1);
    let seeds = first..first + number("WHARF_SIM_SEEDS").unwrap_or(SEEDS);
    let most = usize::try_from(number("WHARF_SIM_KEEP_GOING").unwrap_or(1)).unwrap();
    let failed = in_parallel(seeds.clone(), most, |seed| {
        if let Some(one) = known.iter().find(|one| one.seed == seed) {
            total.lock().unwrap().push(one.clone());
            return None;
        }
        let case = drawn(seed);
        let start = Instant::now();
        match judge::run(&case, None) {
            Ok(passed) => {
                let real_millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                let one = One { real_millis, ..passed.tally };
                if seed % TWICE == 0 {
                    let again = judge::run(&case, None).map(|it| it.history);
                    if again.as_ref().ok() != Some(&passed.history) {
                        return Some(format!("seed {seed} does not repeat itself"));
                    }
                }
                let mut total = total.lock().unwrap();
                if let Some(path) = &log {
                    note(path, &one);
                }
                total.push(one);
                None
            }
            Err(failed) => Some(shrunk(&case, &failed, None).told()),
        }
    });
    let tally = Tally(total.into_inner().unwrap());
    eprintln!("seeds {seeds:?}: {tally}{:.0} s by the clock", start.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "{} seeds failed\n{}", failed.len(), failed.join("\n\n"));
    if tally.0.len() >= MANY {
        let faults = tally.counts(|one| &one.faults);
        let missing = crate::weather::FAULTS.iter().find(|fault| !faults.contains_key(**fault));
        assert_eq!(missing, None, "no seed met this fault");
    }
}

/// Returns what is known of seeds from an earlier run that was broken off.
fn logged(path: &str) -> Vec<One> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn note(path: &str, one: &One) {
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    writeln!(file, "{}", serde_json::to_string(one).unwrap()).unwrap();
}

/// Runs one seed, made smaller in the way that a failure was told with, and tells its course.
fn replay(seed: u64) -> String {
    let mut case = drawn(seed);
    for step in std::env::var("WHARF_SIM_SHRUNK").iter().flat_map(|text| text.split(',')) {
        let step: usize = step.parse().unwrap_or_else(|_| panic!("`{step}` is no number"));
        let mut smaller = case.smaller();
        assert!(step < smaller.len(), "the case has no {step}th smaller one");
        case = smaller.swap_remove(step);
    }
    match judge::run(&case, planted()) {
        Ok(passed) => {
            let course = passed.log.join("\n  ");
            format!("seed {seed} passed:\n  {course}\n{}", Tally(vec![passed.tally]))
        }
        Err(failed) => {
            let path = std::env::var("WHARF_SIM_SHRUNK").ok();
            let path = path.iter().flat_map(|it| it.split(',')).filter_map(|it| it.parse().ok());
            panic!("{}", Found { case, failed, path: path.collect(), bug: planted() }.told());
        }
    }
}

#[test]
fn seeds_that_once_failed_pass() {
    let failed = in_parallel(0..REGRESSIONS.len() as u64, usize::MAX, |index| {
        let (seed, generation, why) = REGRESSIONS[usize::try_from(index).unwrap()];
        let case = Case::draw(seed, generation);
        let found = |failed| Found { case: case.clone(), failed, path: Vec::new(), bug: None };
        judge::run(&case, None).err().map(|failed| format!("{why}\n{}", found(failed).told()))
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Runs seeds on all cores and returns what was wrong. Each seed has one thread and one clock.
fn in_parallel(
    seeds: std::ops::Range<u64>,
    most: usize,
    work: impl Fn(u64) -> Option<String> + Sync,
) -> Vec<String> {
    let next = AtomicU64::new(seeds.start);
    let wrong = Mutex::new(Vec::new());
    let threads = number("WHARF_SIM_THREADS").and_then(|it| usize::try_from(it).ok());
    let threads = threads.unwrap_or(std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || wrong.lock().unwrap().len() >= most {
                        return;
                    }
                    if let Some(what) = work(seed) {
                        wrong.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// A case that fails, and how it came from its seed.
struct Found {
    case: Case,
    failed: Failed,
    /// The step taken at each size, by its number among [`Case::smaller`].
    path: Vec<usize>,
    bug: Option<Bug>,
}

/// Looks for a smaller case that fails too.
fn shrunk(case: &Case, failed: &Failed, bug: Option<Bug>) -> Found {
    let mut found = Found { case: case.clone(), failed: failed.clone(), path: Vec::new(), bug };
    let mut left = number("WHARF_SIM_SHRINKS").unwrap_or(SHRINKS);
    'again: while left > 0 {
        for (step, smaller) in found.case.smaller().into_iter().enumerate() {
            if left == 0 {
                break 'again;
            }
            left -= 1;
            if let Err(failed) = judge::run(&smaller, bug) {
                found.path.push(step);
                (found.case, found.failed) = (smaller, failed);
                continue 'again;
            }
        }
        break;
    }
    found
}

impl Found {
    /// The command that runs exactly this case again.
    fn replay(&self) -> String {
        let mut command = vec![format!("WHARF_SIM_SEED={}", self.case.seed)];
        if !self.path.is_empty() {
            let path: Vec<String> = self.path.iter().map(ToString::to_string).collect();
            command.push(format!("WHARF_SIM_SHRUNK={}", path.join(",")));
        }
        if self.case.generation != draw::NEWEST {
            command.push(format!("WHARF_SIM_GENERATION={}", self.case.generation));
        }
        if let Some(bug) = self.bug {
            command.push(format!("WHARF_SIM_BUG={bug:?}"));
        }
        command.push("just sim".to_owned());
        command.join(" ")
    }

    fn told(&self) -> String {
        let Self { case, failed, .. } = self;
        let most = number("WHARF_SIM_CALLS").map_or(60, |it| usize::try_from(it).unwrap_or(60));
        let from = failed.calls.len().saturating_sub(most);
        let calls: Vec<String> = failed.calls[from..]
            .iter()
            .map(|call| {
                let mark = if call.mutating { '*' } else { ' ' };
                let rest = [call.error.as_deref(), call.rule, call.fault];
                let rest: Vec<&str> = rest.into_iter().flatten().collect();
                let (at, service, operation) = (call.at, &call.service, &call.operation);
                format!("  {mark} {at} {service}:{operation} {} {}", call.status, rest.join(" "))
            })
            .collect();
        let before = case.before.as_ref().map_or("nothing".to_owned(), crate::spec::Spec::text);
        format!(
            "seed {seed} failed: {what}\nlog:\n  {}\nthe last {} of {} calls (WHARF_SIM_CALLS=n shows \
             more):\n{}\nbefore:\n{before}\nwanted:\n{}\ncase: {:?}\nseed {seed} failed: {what}\nreplay: {}",
            failed.log.join("\n  "),
            calls.len(),
            failed.calls.len(),
            calls.join("\n"),
            case.wanted.text(),
            Case { before: None, ..case.clone() },
            self.replay(),
            seed = case.seed,
            what = failed.what,
        )
    }
}

#[test]
fn planted_bugs_are_caught() {
    let only = planted();
    let missed = in_parallel(0..bugs::ALL.len() as u64, usize::MAX, |index| {
        let (bug, first, within) = bugs::ALL[usize::try_from(index).unwrap()];
        if only.is_some_and(|only| only != bug) {
            return None;
        }
        let within = number("WHARF_SIM_WITHIN").unwrap_or(within);
        for seed in first..first + within {
            if let Err(failed) = judge::run(&drawn(seed), Some(bug)) {
                let what = failed.what.lines().next().unwrap_or_default();
                let what: String = what.chars().take(160).collect();
                eprintln!("{bug:?} caught by seed {seed}: {what}");
                return None;
            }
        }
        Some(format!("{bug:?} is not caught within {within} seeds from {first}"))
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_failing_seed_is_shown_small_with_the_command_that_runs_it_again() {
    let bug = Some(Bug::TaglessCreate);
    let fails = |case: &Case| judge::run(case, bug).err();
    // One of the cases with much in it.
    let seed = (1..1000).find(|seed| {
        let case = drawn(*seed);
        case.wanted.services.len() > 1 && case.storm != Storm::calm() && case.before.is_some()
    });
    let case = drawn(seed.unwrap());
    let found = shrunk(&case, &fails(&case).unwrap(), bug);
    let small = &found.case;
    assert_eq!(small.wanted.services.len(), 1, "{small:?}");
    assert!(small.storm == Storm::calm() && small.destroy_storm == Storm::calm(), "{small:?}");
    assert!(small.before.is_none() && small.edits.is_empty(), "{small:?}");
    let plain = small.wanted.smaller();
    assert!(plain.is_empty(), "it could be smaller still:\n{}", small.wanted.text());
    // The way there can be gone again.
    let again = found.path.iter().fold(case, |case, step| case.smaller().swap_remove(*step));
    assert_eq!(fails(&again).map(|failed| failed.what), Some(found.failed.what.clone()));
    let told = found.told();
    for part in
        ["replay: WHARF_SIM_SEED=", "WHARF_SIM_SHRUNK=", "calls (WHARF_SIM_CALLS", "wanted:"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}
