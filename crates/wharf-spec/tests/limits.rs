//! Files made to hurt are refused or read, and what they cost is bounded by counts, not by luck.

use std::fmt::Write as _;

use wharf_spec::{Options, parse};

fn codes(text: &str) -> Vec<&'static str> {
    let problems = parse(text, "wharf.yaml", &Options::default()).unwrap_err();
    assert!(problems.list.len() <= 100);
    problems.list.iter().map(|problem| problem.code).collect()
}

const HEAD: &str = "version: 1\napp: notes\nregion: eu-west-1\nservices:\n";

#[test]
fn many_problems_are_cut_short_and_counted() {
    let mut text = format!("{HEAD}  web:\n    image: nginx:1\n    port: 80\n");
    for number in 0..5000 {
        writeln!(text, "    key{number}: 1").unwrap();
    }
    text.push_str("environments:\n");
    for number in 0..50 {
        writeln!(text, "  e{number}: {{}}").unwrap();
    }
    let problems = parse(&text, "wharf.yaml", &Options::default()).unwrap_err();
    assert_eq!(problems.list.len(), 100);
    assert!(problems.omitted > 0);
    assert!(problems.to_string().contains("not shown"));
}

#[test]
fn many_hosts_and_paths_are_not_multiplied_out() {
    let list = |what: &str| (0..4000).map(|n| format!("{what}{n}")).collect::<Vec<_>>().join(", ");
    let (hosts, paths) = (list("h"), list("/"));
    let text = format!(
        "{HEAD}  web: {{ image: nginx:1, port: 80, route: {{ host: [{hosts}], path: [{paths}] }} }}\n"
    );
    assert_eq!(codes(&text), ["E072"]);
}

#[test]
fn large_maps_merge() {
    let map = (0..4000).map(|n| format!("A{n}: x")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "{HEAD}  web: {{ image: nginx:1, port: 80, env: {{ {map} }} }}\nenvironments: {{ prod: {{ services: {{ web: {{ env: {{ {map} }} }} }} }} }}\n"
    );
    let options = Options { env: Some("prod".to_owned()), ..Options::default() };
    assert_eq!(parse(&text, "wharf.yaml", &options).unwrap().stack.services["web"].env.len(), 4000);
}

#[test]
fn more_services_and_environments_than_anybody_has_are_refused() {
    let mut text = HEAD.to_owned();
    for number in 0..101 {
        writeln!(text, "  s{number}: {{ image: nginx:1 }}").unwrap();
    }
    assert_eq!(codes(&text), ["E002"]);
    let mut text = format!("{HEAD}  web: {{ image: nginx:1 }}\nenvironments:\n");
    for number in 0..51 {
        writeln!(text, "  e{number}: {{}}").unwrap();
    }
    assert_eq!(codes(&text), ["E002"]);
}
