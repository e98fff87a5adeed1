//! Specs made from parts that go together are good, and overlays keep their one sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use wharf_spec::{Options, Stack, parse};

/// A value of a spec, in the long form: what a merge does to it can be said without the reader.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(&'static str),
    Map(Map),
    Null,
}

type Map = BTreeMap<&'static str, Value>;

fn text(text: &'static str) -> Value {
    Value::Text(text)
}

fn map(entries: &[(&'static str, &'static str)]) -> Value {
    Value::Map(entries.iter().map(|(key, value)| (*key, text(value))).collect())
}

/// Settings of a service with values of which any goes with any of the others.
fn settings() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("cpu", vec![text("1"), text("2")]),
        ("memory", vec![text("4GB"), text("5GB"), text("8GB")]),
        ("platform", vec![text("linux/arm64"), text("linux/amd64")]),
        ("command", vec![text("[serve]"), text("[\"sh\", \"-c\", \"exit 1\"]")]),
        ("entrypoint", vec![text("[/bin/app]")]),
        ("user", vec![text("app"), text("\"1000:1000\"")]),
        ("stop_timeout", vec![text("60s"), text("2m")]),
        (
            "env",
            vec![
                map(&[("LOG", "info"), ("MODE", "a")]),
                map(&[("LOG", "warn")]),
                map(&[("OTHER", "\"1\"")]),
                map(&[]),
            ],
        ),
        ("secrets", vec![map(&[("URL", "ssm:/notes/url")]), map(&[("KEY", "\"sm:notes#key\"")])]),
        (
            "health",
            vec![
                map(&[("path", "/healthz"), ("interval", "30s")]),
                map(&[("timeout", "5s"), ("grace", "10m")]),
                map(&[("interval", "60s"), ("codes", "\"200,301\"")]),
            ],
        ),
        ("container_health", vec![map(&[("command", "[CMD, ping]"), ("retries", "2")])]),
        (
            "permissions",
            vec![text("[{ allow: [\"s3:GetObject\"], on: [\"arn:aws:s3:::b/*\"] }]"), text("[]")],
        ),
        (
            "scale",
            vec![
                map(&[("min", "1"), ("max", "4"), ("cpu", "60")]),
                map(&[("min", "2"), ("max", "8"), ("cpu", "60")]),
                map(&[("min", "2"), ("max", "3"), ("memory", "70%"), ("cooldown", "1m")]),
            ],
        ),
        ("spot", vec![text("50%"), text("0")]),
        (
            "deploy",
            vec![
                map(&[("drain", "10s"), ("timeout", "2h")]),
                map(&[("strategy", "canary"), ("step", "10%"), ("bake", "10m")]),
                map(&[("max_failures", "5"), ("rollback_on_alarms", "[high]")]),
            ],
        ),
        ("logs", vec![map(&[("retain", "7d")]), map(&[("retain", "forever")])]),
        ("exec", vec![text("true"), text("false")]),
        (
            "sidecars",
            vec![
                Value::Map([("otel", map(&[("image", "\"otel:1\""), ("memory", "64MB")]))].into()),
                Value::Map(
                    [("proxy", map(&[("image", "\"envoy:1\""), ("essential", "false")]))].into(),
                ),
            ],
        ),
    ]
}

/// Settings that need another one beside them, which no merge may take away.
const PAIRED: &[&str] = &["cpu", "memory", "deploy"];

/// One choice for each setting: absent, or one of its values.
type Picks = Vec<Option<Index>>;

fn picks() -> impl Strategy<Value = Picks> {
    proptest::collection::vec(proptest::option::of(any::<Index>()), settings().len())
}

fn chosen(picks: &Picks) -> Map {
    let settings = settings();
    let mut map: Map = settings
        .into_iter()
        .zip(picks)
        .filter_map(|((key, values), pick)| {
            Some((key, values[pick.as_ref()?.index(values.len())].clone()))
        })
        .collect();
    if map.contains_key("memory") || map.contains_key("cpu") {
        map.entry("cpu").or_insert(text("2"));
        map.entry("memory").or_insert(text("4GB"));
    }
    map
}

fn render(value: &Value) -> String {
    match value {
        Value::Text(text) => (*text).to_owned(),
        Value::Null => "null".to_owned(),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}: {}", render(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// The sentence: maps merge, scalars and lists replace, `null` removes.
fn merge(base: &Map, over: &Map) -> Map {
    let mut merged = base.clone();
    for (key, value) in over {
        let value = match (merged.get(key), value) {
            (_, Value::Null) => {
                merged.remove(key);
                continue;
            }
            (Some(Value::Map(old)), Value::Map(new)) => Value::Map(merge(old, new)),
            (_, value) => value.clone(),
        };
        merged.insert(key, value);
    }
    merged
}

const HEAD: &str = "version: 1\napp: notes\nregion: eu-west-1\n";

fn one_service(settings: &Map, environments: &str) -> String {
    let mut whole = settings.clone();
    whole.insert("image", text("{ tag: v1 }"));
    whole.insert("port", text("8080"));
    format!("{HEAD}services:\n  web: {}\n{environments}", render(&Value::Map(whole)))
}

fn read(text: &str, env: Option<&str>) -> Stack {
    let options = Options { env: env.map(ToOwned::to_owned), ..Options::default() };
    match parse(text, "wharf.yaml", &options) {
        Ok(parsed) => Stack { env: None, ..parsed.stack },
        Err(problems) => panic!("{text}\n{}", problems.render(text, false)),
    }
}

fn in_prod(base: &Map, over: &Map) -> Stack {
    let over = render(&Value::Map(over.clone()));
    let environments = format!("environments:\n  prod: {{ services: {{ web: {over} }} }}\n");
    read(&one_service(base, &environments), Some("prod"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn specs_of_good_parts_are_good(
        services in proptest::collection::vec((picks(), any::<bool>()), 1..4),
        jobs in proptest::collection::vec((0..4_usize, 0..4_usize), 0..3),
        release in any::<bool>(),
    ) {
        let mut file = format!("{HEAD}services:\n");
        for (at, (picks, routed)) in services.iter().enumerate() {
            let mut whole = chosen(picks);
            whole.insert("image", text("{ tag: v1 }"));
            if *routed {
                let host: &'static str = ["{ host: a.io }", "{ host: b.io }", "{ path: /c }"][at];
                whole.insert("port", text("8080"));
                whole.insert("route", text(host));
            } else {
                for key in ["health", "scale", "deploy"] {
                    whole.remove(key);
                }
            }
            writeln!(file, "  s{at}: {}", render(&Value::Map(whole))).unwrap();
        }
        for (at, (schedule, timeout)) in jobs.iter().enumerate() {
            let schedule = ["\"30 2 * * *\"", "{ rate: 1d }", "{ cron: \"0 0 L * *\", timezone: Asia/Tokyo }", "\"*/5 1-4,7 * JAN-MAR MON-FRI\""][*schedule];
            let timeout = ["1h", "5m", "2d", "1m"][*timeout];
            if at == 0 {
                file.push_str("jobs:\n");
            }
            writeln!(file, "  j{at}: {{ image: \"a/b:1\", command: [x], schedule: {schedule}, timeout: {timeout} }}").unwrap();
        }
        if release {
            file.push_str("release: { image: \"a/b:1\", command: [migrate] }\n");
        }
        let stack = read(&file, None);
        prop_assert_eq!(stack.services.len(), services.len());
        prop_assert_eq!(stack.jobs.len(), jobs.len());
    }

    #[test]
    fn maps_merge_and_the_rest_replaces(base in picks(), over in picks()) {
        let (base, over) = (chosen(&base), chosen(&over));
        prop_assert_eq!(in_prod(&base, &over), read(&one_service(&merge(&base, &over), ""), None));
    }

    #[test]
    fn null_removes(base in picks(), which in any::<Index>()) {
        let base = chosen(&base);
        let removable: Vec<&'static str> =
            base.keys().copied().filter(|key| !PAIRED.contains(key)).collect();
        prop_assume!(!removable.is_empty());
        let over = Map::from([(removable[which.index(removable.len())], Value::Null)]);
        prop_assert_eq!(in_prod(&base, &over), read(&one_service(&merge(&base, &over), ""), None));
    }

    #[test]
    fn an_empty_overlay_and_the_base_over_itself_change_nothing(base in picks()) {
        let base = chosen(&base);
        let alone = read(&one_service(&base, ""), None);
        prop_assert_eq!(&in_prod(&base, &Map::new()), &alone);
        prop_assert_eq!(&in_prod(&base, &base), &alone);
        let whole = one_service(&base, "environments: { prod: {} }\n");
        prop_assert_eq!(&read(&whole, Some("prod")), &alone);
    }
}
