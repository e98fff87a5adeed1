//! The tests: many seeds, seeds that once failed, and planted bugs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::bugs;
use crate::case::Case;
use crate::judge::{self, Failed};
use crate::tally::Tally;

/// How many seeds run unless told otherwise.
const SEEDS: u64 = 24;
/// Every so many seeds, one runs twice.
const TWICE: u64 = 8;
/// How many smaller cases are tried before a failing one is shown.
const SHRINKS: usize = 60;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Seeds that once failed, with what they found.
const REGRESSIONS: &[(u64, &str)] = &[
    (47, "plain HTTP led to HTTPS before that had a rule for the service"),
    (63, "killed between certificate and validation record, destroy left the record"),
    (87, "with a new port, plain HTTP led to targets that were not healthy yet"),
    (92, "as 63, after many deaths"),
];

#[test]
fn whatever_happens_running_again_repairs_it() {
    if let Some(seed) = number("WHARF_SIM_SEED") {
        let case = Case::draw(seed);
        if let Err(failed) = judge::run(&case, None) {
            panic!("{}", told(&case, &failed));
        }
        return;
    }
    let start = Instant::now();
    let total = Mutex::new(Tally::default());
    let first = number("WHARF_SIM_FIRST").unwrap_or(1);
    let end = first + number("WHARF_SIM_SEEDS").unwrap_or(SEEDS);
    let most = usize::try_from(number("WHARF_SIM_KEEP_GOING").unwrap_or(1)).unwrap();
    let failed = in_parallel(first..end, most, |seed| {
        let case = Case::draw(seed);
        match judge::run(&case, None) {
            Ok(passed) => {
                total.lock().unwrap().add(&passed.tally);
                if seed % TWICE == 0 {
                    let again = judge::run(&case, None).map(|it| it.history);
                    if again.as_ref().ok() != Some(&passed.history) {
                        return Some(format!("seed {seed} does not repeat itself"));
                    }
                }
                None
            }
            Err(failed) => Some(shrunk(&case, &failed)),
        }
    });
    eprintln!("{}; {:.0} s", total.lock().unwrap(), start.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "{} seeds failed\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn seeds_that_once_failed_pass() {
    let failed = in_parallel(0..REGRESSIONS.len() as u64, usize::MAX, |index| {
        let (seed, why) = REGRESSIONS[usize::try_from(index).unwrap()];
        let case = Case::draw(seed);
        judge::run(&case, None).err().map(|failed| format!("{why}\n{}", told(&case, &failed)))
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
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
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

/// Looks for a smaller case that fails too.
fn shrunk(case: &Case, failed: &Failed) -> String {
    let (mut case, mut failed) = (case.clone(), failed.clone());
    let mut left = SHRINKS;
    'again: while left > 0 {
        for smaller in case.smaller() {
            if left == 0 {
                break 'again;
            }
            left -= 1;
            if let Err(found) = judge::run(&smaller, None) {
                (case, failed) = (smaller, found);
                continue 'again;
            }
        }
        break;
    }
    told(&case, &failed)
}

fn told(case: &Case, failed: &Failed) -> String {
    let most = number("WHARF_SIM_CALLS").map_or(60, |it| usize::try_from(it).unwrap_or(60));
    let from = failed.calls.len().saturating_sub(most);
    let calls: Vec<String> = failed.calls[from..]
        .iter()
        .map(|call| {
            format!(
                "  {} {} {}:{} {} {} {}",
                if call.mutating { '*' } else { ' ' },
                call.at,
                call.service,
                call.operation,
                call.status,
                call.error.as_deref().unwrap_or_default(),
                call.fault.unwrap_or_default()
            )
        })
        .collect();
    let before = case.before.as_ref().map_or("nothing".to_owned(), crate::spec::Spec::text);
    format!(
        "seed {} failed: {}\nlog:\n  {}\ncalls:\n{}\nbefore:\n{before}\nwanted:\n{}\ncase: {:?}\nseed {} failed: {}",
        case.seed,
        failed.what,
        failed.log.join("\n  "),
        calls.join("\n"),
        case.wanted.text(),
        Case { before: None, ..case.clone() },
        case.seed,
        failed.what,
    )
}

#[test]
fn planted_bugs_are_caught() {
    let missed = in_parallel(0..bugs::ALL.len() as u64, usize::MAX, |index| {
        let (bug, first, within) = bugs::ALL[usize::try_from(index).unwrap()];
        if std::env::var("WHARF_SIM_BUG").is_ok_and(|only| only != format!("{bug:?}")) {
            return None;
        }
        for seed in first..first + within {
            if let Err(failed) = judge::run(&Case::draw(seed), Some(bug)) {
                let what = failed.what.lines().next().unwrap_or_default().to_owned();
                eprintln!(
                    "{bug:?} caught by seed {seed}: {}",
                    what.chars().take(160).collect::<String>()
                );
                return None;
            }
        }
        Some(format!("{bug:?} is not caught within {within} seeds from {first}"))
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
