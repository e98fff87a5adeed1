use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::json;

use super::*;

const SAVED: &str = "wharf apply plan.json";

/// A plan that changes one service, with `text` wherever a spec or an account can put text.
pub(crate) fn plan(text: &str, resources: usize) -> Plan {
    let steps: Vec<_> = (0..resources)
        .map(|index| {
            let live = json!({"address": format!("service.s{index}{text}"), "id": text, "props": {},
                "outputs": {}, "applied": null, "leaving": false});
            json!({
                "id": format!("s{}", index + 1), "address": format!("service.s{index}{text}"),
                "action": "update", "reason": text, "because": {"why": "changed"}, "needs": [],
                "drift": false, "note": text, "impact": {"kind": "none", "downtime": false, "seconds": 0},
                "changes": [
                    {"path": text, "before": text, "after": format!("{text}x"), "unknown": false,
                     "sensitive": false, "forces_replacement": text},
                    {"path": "policy", "before": {"a": [text, {}, text]},
                     "after": {"a": [text, {}, format!("{text}\n{text}")], "long": "x".repeat(99)},
                     "unknown": false, "sensitive": false},
                ],
                "op": {"do": "update", "live": live, "props": {}, "changed": ["env"]},
            })
        })
        .collect();
    serde_json::from_value(json!({
        "format": "wharf.plan/1", "wharf": "0.1.0", "stack": "notes", "account": "111122223333",
        "region": "eu-west-1", "id": "abc", "facts": "def", "seal": "",
        "summary": {"create": 0, "update": resources, "replace": 0, "delete": 0, "adopt": 0,
            "drift": 0, "unchanged": 0},
        "impact": {"kind": "rolling", "downtime": false, "seconds": 9, "sentence": text},
        "steps": steps,
        "checks": [{"code": "W1", "level": "warning", "message": text, "address": null}],
        "waiting": [{"address": "image.x", "what": text}],
    }))
    .unwrap()
}

fn render(plan: &Plan) -> String {
    text(plan, Mode::default(), &Exactly::Saved(SAVED.to_owned()))
}

/// Everything a reader of Markdown takes for markup, and the text outside code.
fn outside_code(markdown: &str) -> (Vec<String>, String) {
    let (mut html, mut text, mut in_code) = (Vec::new(), String::new(), false);
    for event in Parser::new_ext(markdown, Options::all()) {
        match event {
            Event::Html(one) | Event::InlineHtml(one) => html.push(one.trim().to_owned()),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => html.push("link".to_owned()),
            Event::Text(one) if !in_code => text.push_str(&one),
            _ => {}
        }
    }
    (html.into_iter().filter(|one| !one.is_empty()).collect(), text)
}

#[track_caller]
fn contained(markdown: &str) {
    let (html, text) = outside_code(markdown);
    let known = ["<!-- wharf:notes -->", "</details>"];
    for one in &html {
        let details = one.starts_with("<details><summary>All fields (");
        assert!(known.contains(&one.as_str()) || details, "{one}\n{markdown}");
    }
    assert_eq!(html.len(), 3, "{html:?}\n{markdown}");
    for (at, _) in text.match_indices('@') {
        let next = text[at + 1..].chars().next();
        assert!(!next.is_some_and(char::is_alphanumeric), "a mention in {text}");
    }
}

#[test]
fn what_people_write_cannot_break_out() {
    for text in [
        "```\n</details>\n@everyone",
        "`````",
        "</details><script>alert(1)</script>",
        "@octocat fixes #1",
        "[x](http://evil.example)",
        "![x](http://evil.example/i.png)",
        "a\r\n\r\n# heading\n\n- item",
        "~~~\n--> <!-- wharf:other -->",
        "<http://evil.example>",
        "\u{2028}```\u{85}```",
    ] {
        contained(&render(&plan(text, 2)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_out(text in "[ -~\n\r`<>@#|&;/\\[\\]()!~*_-]{0,40}") {
        contained(&render(&plan(&text, 1)));
    }
}

proptest! {
    // Each of these renders up to 400 resources.
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn comments_are_bounded(text in "[a-z`\n]{0,200}", resources in 1usize..400) {
        let markdown = render(&plan(&text, resources));
        prop_assert!(markdown.len() <= LIMIT, "{} bytes", markdown.len());
        prop_assert!(markdown.contains(SAVED));
    }
}

#[test]
fn what_was_dropped_is_counted() {
    let markdown = render(&plan("a long text ".repeat(12).trim(), 300));
    assert!(markdown.len() <= LIMIT);
    assert!(markdown.contains("resources left out to keep this comment short"), "{markdown}");
    assert!(markdown.contains("more not shown"), "{markdown}");
}

#[test]
fn accounts_are_cut_to_their_last_digits() {
    let markdown = render(&plan("arn:aws:iam::111122223333:role/x", 1));
    assert!(!markdown.contains("111122223333"), "{markdown}");
    assert!(markdown.contains("…3333"), "{markdown}");
}
