//! Nothing panics on any input, and every position lies within the text.

use proptest::prelude::*;
use wharf_spec::{Options, environments, parse};

use crate::specs;

fn survives(text: &str, options: &Options) {
    for env in [None, Some("prod"), Some("staging")] {
        let options = Options { env: env.map(ToOwned::to_owned), ..options.clone() };
        if let Err(problems) = parse(text, "wharf.yaml", &options) {
            assert!(!problems.list.is_empty());
            for span in problems.list.iter().filter_map(|problem| problem.span) {
                assert!(text.get(span.start..span.end).is_some(), "{span:?}");
                assert!(span.line >= 1 && span.column >= 1);
            }
            problems.render(text, true);
        }
    }
    environments(text);
}

/// Pieces that mean something to the reader, so that random texts get past its first steps.
const PIECES: &[&str] = &[
    "version: 1\n",
    "app: notes\n",
    "region: eu-west-1\n",
    "services:\n",
    "  web:\n",
    "    image: nginx\n",
    "    port: 80\n",
    "    health: ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "- ",
    "\n",
    "  ",
    "\"",
    "'",
    "&a ",
    "*a",
    "!t ",
    "null",
    "~",
    "${env}",
    "${",
    "}",
    "environments:\n",
    "  prod: ",
    "<<: ",
    "é",
    "\u{1f980}",
    "\t",
    "#",
    "|\n",
    ">\n",
    "0.25",
    "30s",
    "1GB",
    "---\n",
    "domain: ",
    "a.b",
    "route: ",
    "env: ",
    "A: ",
    "secrets: ",
    "ssm:/x",
    "sm:x#y",
    "%",
    "\r\n",
    "?",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&String::from_utf8_lossy(&bytes), &Options::default());
    }

    #[test]
    fn any_text(text in "(?s).{0,200}", image in "(?s).{0,40}") {
        let images = [("web".to_owned(), image)].into();
        survives(&text, &Options { images, ..Options::default() });
    }

    #[test]
    fn any_pieces(picks in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        survives(&text, &Options::default());
    }

    #[test]
    fn samples_with_a_piece_cut_or_put_in(
        sample in 0..specs::SAMPLES.len(),
        at in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        piece in 0..PIECES.len(),
        image in "[:@a-z0-9./é]{0,12}",
    ) {
        let chars: Vec<char> = specs::SAMPLES[sample].1.chars().collect();
        let at = at.index(chars.len() + 1);
        let rest = chars.iter().skip(at + cut);
        let text: String =
            chars.iter().take(at).copied().chain(PIECES[piece].chars()).chain(rest.copied()).collect();
        let images = [("web".to_owned(), image)].into();
        survives(&text, &Options { images, ..Options::default() });
    }
}
