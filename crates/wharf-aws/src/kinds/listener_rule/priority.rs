//! Which rules a stack needs, and in which order they are tried. Pure.
//!
//! The balancer takes the first rule that matches, so specific ones come first: rules with a path
//! before those without, longer paths before shorter, exact hosts before wildcards before all hosts.
//! Each degree of that order has a band of priorities of its own, and within its band a rule's place
//! comes from a hash of its name: a rule added later leaves the places of the others as they are.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use wharf_graph::props::short_hash;
use wharf_spec::Stack;

use crate::kinds::listener::is_default;

/// Longest path pattern (ELB API reference, `RuleCondition`).
const LONGEST: usize = 128;
/// Exact hosts, wildcards, all hosts.
const HOSTS: usize = 3;
/// Places of a band; more rules than a listener can have (quota of 100 by default).
const PLACES: u32 = 128;
/// Priorities behind every band, where rules are set aside while others move.
pub(super) const SPARE: RangeInclusive<u32> = 49_700..=50_000;

/// One rule of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kinds) struct Planned {
    /// The service's name, or the one it had before, with a number behind it from the second rule on.
    pub(in crate::kinds) name: String,
    pub(in crate::kinds) service: String,
    pub(in crate::kinds) hosts: BTreeSet<String>,
    pub(in crate::kinds) paths: BTreeSet<String>,
    pub(in crate::kinds) priority: u32,
}

/// Returns the rules of a stack by name.
pub(in crate::kinds) fn rules(stack: &Stack) -> Vec<Planned> {
    let mut rules = Vec::new();
    for service in stack.routed().filter(|service| !is_default(service)) {
        let Some(routing) = &service.routing else { continue };
        for (index, paths) in groups(stack, &service.name, &routing.paths).into_iter().enumerate() {
            let name = match index {
                0 => service.home().to_owned(),
                // No service can be called this, so it never meets another's.
                more => format!("{}/{}", service.home(), more + 1),
            };
            rules.push(Planned {
                name,
                service: service.name.clone(),
                hosts: routing.hosts.iter().cloned().collect(),
                paths,
                priority: 0,
            });
        }
    }
    place(&mut rules);
    rules
}

/// Splits a service's paths where another service's path belongs between them: with `/shop/cart/*` and
/// `/*` here, and `/shop/*` elsewhere, no single place would be right.
fn groups(stack: &Stack, service: &str, paths: &[String]) -> Vec<BTreeSet<String>> {
    let mut sorted: Vec<&String> = paths.iter().collect();
    sorted.sort_by_key(|path| (std::cmp::Reverse(path.len()), *path));
    let others: Vec<&String> = stack
        .routed()
        .filter(|other| other.name != service)
        .filter_map(|other| other.routing.as_ref())
        .flat_map(|routing| &routing.paths)
        .collect();
    let mut groups = vec![BTreeSet::new()];
    let mut before: Option<&String> = None;
    for path in sorted {
        let between = |long: &String| {
            others.iter().any(|other| {
                other.len() <= long.len()
                    && other.len() >= path.len()
                    && (overlap(other, long) || overlap(other, path))
            })
        };
        if before.is_some_and(between) {
            groups.push(BTreeSet::new());
        }
        if let Some(group) = groups.last_mut() {
            group.insert(path.clone());
        }
        before = Some(path);
    }
    groups
}

/// Says whether two patterns can match one path, judged by what stands before their wildcards.
fn overlap(one: &str, two: &str) -> bool {
    let (one, two) = (literal(one), literal(two));
    one.starts_with(two) || two.starts_with(one)
}

fn literal(pattern: &str) -> &str {
    pattern.find(['*', '?']).map_or(pattern, |at| &pattern[..at])
}

/// Returns the band of a rule; lower ones are more specific.
fn band(rule: &Planned) -> usize {
    let longest = rule.paths.iter().map(String::len).max().unwrap_or(0).min(LONGEST);
    let hosts = if rule.hosts.is_empty() {
        2
    } else {
        usize::from(rule.hosts.iter().any(|host| host.contains(['*', '?'])))
    };
    (LONGEST - longest) * HOSTS + hosts
}

/// Returns all places of the band that `place` is in.
pub(in crate::kinds) fn band_of(place: u32) -> RangeInclusive<u32> {
    let first = 1 + place.saturating_sub(1) / PLACES * PLACES;
    first..=first + PLACES - 1
}

/// Gives each rule its priority. Two rules whose hashes meet are told apart in the order of names.
fn place(rules: &mut [Planned]) {
    let mut taken = BTreeSet::new();
    for rule in rules {
        let first = 1 + u32::try_from(band(rule)).unwrap_or(u32::MAX / PLACES) * PLACES;
        let hash = u32::from_str_radix(&short_hash(&rule.name, 6), 16).unwrap_or(0);
        let places = (0..PLACES).map(|step| first + (hash.wrapping_add(step)) % PLACES);
        let free = places.into_iter().find(|place| !taken.contains(place));
        rule.priority = free.unwrap_or(first);
        taken.insert(rule.priority);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, hosts: &[&str], paths: &[&str]) -> Planned {
        let set = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Planned {
            name: name.to_owned(),
            service: name.to_owned(),
            hosts: set(hosts),
            paths: set(paths),
            priority: 0,
        }
    }

    #[test]
    fn specific_rules_come_first() {
        let mut rules = [
            rule("a", &[], &["/api/v2/*"]),
            rule("b", &["x.example.com"], &["/api/*"]),
            rule("c", &["*.example.com"], &["/api/*"]),
            rule("d", &[], &["/api/*"]),
            rule("e", &["x.example.com"], &[]),
            rule("f", &["*.example.com"], &[]),
        ];
        place(&mut rules);
        let order: Vec<u32> = rules.iter().map(|rule| rule.priority).collect();
        assert!(order.is_sorted(), "{order:?}");
        assert!(order.iter().all(|place| (1..*SPARE.start()).contains(place)), "{order:?}");
    }

    #[test]
    fn a_rule_added_later_moves_no_other() {
        let mut few = [rule("b", &["b.example.com"], &[]), rule("d", &["d.example.com"], &[])];
        place(&mut few);
        let mut more = [
            rule("a", &["a.example.com"], &[]),
            rule("b", &["b.example.com"], &[]),
            rule("c", &["c.example.com"], &["/c"]),
            rule("d", &["d.example.com"], &[]),
        ];
        place(&mut more);
        assert_eq!([more[1].priority, more[3].priority], [few[0].priority, few[1].priority]);
    }

    #[test]
    fn places_are_never_shared() {
        let names: Vec<String> = (0..100).map(|index| format!("service-{index}")).collect();
        let mut rules: Vec<Planned> =
            names.iter().map(|name| rule(name, &["x.example.com"], &[])).collect();
        place(&mut rules);
        let places: BTreeSet<u32> = rules.iter().map(|rule| rule.priority).collect();
        assert_eq!(places.len(), 100);
    }

    #[test]
    fn overlap_is_judged_by_literal_beginnings() {
        assert!(overlap("/shop/*", "/shop/cart/*"));
        assert!(overlap("/*", "/x"));
        assert!(!overlap("/api/*", "/shop/*"));
    }
}
