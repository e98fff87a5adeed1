//! The catalogue of causes, a file for each area.

mod balancer;
mod capacity;
mod commands;
mod container;
mod destroy;
mod health;
mod image;
mod initialisation;
mod jobs;
mod network;
mod permissions;

/// The explanation of one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, for example `C401`.
    pub code: &'static str,
    /// What it is about, a few words without a full stop.
    pub title: &'static str,
    /// What is wrong and why that matters, in full sentences.
    pub explanation: &'static str,
    /// The facts that prove it.
    pub proof: &'static str,
    /// What to do, in terms of the spec, in full sentences.
    pub help: &'static str,
    /// The key of the service in the spec that it is about, if it is about one.
    pub key: Option<&'static str>,
}

const TABLES: &[&[Code]] = &[
    image::CODES,
    initialisation::CODES,
    container::CODES,
    health::CODES,
    network::CODES,
    capacity::CODES,
    balancer::CODES,
    permissions::CODES,
    destroy::CODES,
    jobs::CODES,
    commands::CODES,
];

/// Returns every cause, in the order of the codes.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// Finds a cause by its code.
pub fn find(code: &str) -> Option<&'static Code> {
    codes().find(|found| found.code == code)
}

const fn code(
    (code, title): (&'static str, &'static str),
    explanation: &'static str,
    proof: &'static str,
    help: &'static str,
) -> Code {
    Code { code, title, explanation, proof, help, key: None }
}

impl Code {
    const fn at(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::codes;

    #[test]
    fn codes_are_in_order_and_complete() {
        let all: Vec<_> = codes().collect();
        assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code), "{all:#?}");
        for code in all {
            for text in [code.explanation, code.proof, code.help] {
                assert!(text.ends_with('.'), "{}: {text}", code.code);
            }
            assert!(!code.title.ends_with('.'), "{}", code.code);
        }
    }
}
