//! Routes that no request can reach, because another service's rule is tried before and matches all.
//!
//! Rules with longer paths are tried first, and any path comes before none.

use crate::keys::shorten;
use crate::problem::{Problem, Span};
use crate::read::{Cx, MAX_CONDITIONS};

/// Longest pattern that is compared; a balancer takes no longer ones.
const LONGEST: usize = 127;

/// One host and path of a service.
#[derive(Clone, Copy)]
struct Route<'r> {
    host: &'r str,
    path: &'r str,
    span: Span,
}

pub(super) fn check(cx: &mut Cx) {
    let mut problems = Vec::new();
    for below in &cx.routed {
        let paths = or_any(&below.paths, below.port);
        let hosts = or_any(&below.hosts, below.port);
        for (path, at) in &paths {
            let over = cx.routed.iter().filter(|other| other.service != below.service);
            let mut covering = None;
            for other in over {
                let routes =
                    routes(&or_any(&other.hosts, other.port), &or_any(&other.paths, other.port));
                let covered = hosts.iter().all(|(host, _)| {
                    routes.iter().any(|route| {
                        // A path of the same length is tried in an order of its own.
                        route.path.len() > path.len()
                            && covers(route.path, or_all_paths(path))
                            && covers(or_all_hosts(route.host), or_all_hosts(host))
                    })
                });
                if covered {
                    let first = routes.iter().find(|route| covers(route.path, or_all_paths(path)));
                    covering = first.map(|route| (&other.service, *route));
                    break;
                }
            }
            let Some((other, route)) = covering else { continue };
            let span =
                if path.is_empty() && !below.hosts.is_empty() { below.hosts[0].1 } else { *at };
            let what = if path.is_empty() { "" } else { " for this path" };
            problems.push(
                Problem::error(
                    "E073",
                    span,
                    format!("no request{what} reaches `{}`", below.service),
                )
                .label("is never tried")
                .also(route.span, format!("`{other}` takes them all"))
                .note("longer paths are tried before shorter ones, and any path before none")
                .help(format!("narrow `{}`, or give it a `host` of its own", shorten(route.path)))
                .of(&below.service),
            );
        }
    }
    cx.problems.append(&mut problems);
}

fn or_any(list: &[(String, Span)], otherwise: Span) -> Vec<(&str, Span)> {
    if list.is_empty() {
        return vec![("", otherwise)];
    }
    // More than a rule takes was reported before.
    list.iter().take(MAX_CONDITIONS).map(|(text, span)| (text.as_str(), *span)).collect()
}

fn routes<'r>(hosts: &[(&'r str, Span)], paths: &[(&'r str, Span)]) -> Vec<Route<'r>> {
    let pairs = hosts.iter().flat_map(|host| paths.iter().map(move |path| (host, path)));
    pairs.map(|((host, _), (path, span))| Route { host, path, span: *span }).collect()
}

fn or_all_paths(path: &str) -> &str {
    if path.is_empty() { "/*" } else { path }
}

fn or_all_hosts(host: &str) -> &str {
    if host.is_empty() { "*" } else { host }
}

/// Says whether the first pattern certainly matches all that the second one does.
///
/// The second is read as a text in which a star is matched by a star only, and a question mark by
/// either wildcard. Positions in the first are bits of one number.
fn covers(wide: &str, narrow: &str) -> bool {
    let wide = wide.as_bytes();
    if wide.is_empty() || wide.len() > LONGEST || narrow.len() > LONGEST {
        return false;
    }
    let end = 1_u128 << wide.len();
    // A star may match nothing: standing before it is standing behind it, too.
    let close = |mut places: u128| {
        for (at, byte) in wide.iter().enumerate() {
            if *byte == b'*' && places & (1 << at) != 0 {
                places |= 1 << (at + 1);
            }
        }
        places
    };
    let mut places = close(1);
    for byte in narrow.bytes() {
        let mut next = 0;
        for (at, pattern) in wide.iter().enumerate().filter(|(at, _)| places & (1 << at) != 0) {
            match pattern {
                b'*' => next |= 1 << at,
                b'?' if byte != b'*' => next |= 1 << (at + 1),
                literal if *literal == byte && byte != b'*' && byte != b'?' => {
                    next |= 1 << (at + 1);
                }
                _ => {}
            }
        }
        places = close(next);
        if places == 0 {
            return false;
        }
    }
    places & end != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_they_match() {
        for (wide, narrow) in [
            ("/api*", "/api"),
            ("/api/*", "/api/v1/*"),
            ("*", "/x"),
            ("*", "*"),
            ("/*", "/*"),
            ("/a?c", "/abc"),
            ("/*c", "/a?c"),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "*.a.example.com"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("/api/*", "/api"),
            ("/api", "/api*"),
            ("/a?c", "/a*c"),
            ("/abc", "/a?c"),
            ("*.example.com", "example.com"),
            ("*.example.com", "*"),
            ("", "/x"),
        ] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
