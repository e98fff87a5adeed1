//! What every part needs to know while it reads.

use std::collections::BTreeSet;

use crate::document::Node;
use crate::problem::{Problem, Span};
use crate::waive::Waiver;

/// Collects problems, and remembers positions that checks across services need.
#[derive(Default)]
pub(crate) struct Cx {
    pub(crate) problems: Vec<Problem>,
    /// Name of the stack.
    pub(crate) stack: String,
    /// Name of the application.
    pub(crate) app: String,
    /// Name of the environment.
    pub(crate) env: Option<String>,
    /// The region, empty when it is missing or broken.
    pub(crate) region: String,
    /// Name of the service or job being read or checked; empty outside.
    pub(crate) service: String,
    /// Warnings that are not to be shown.
    pub(crate) waivers: Vec<Waiver>,
    /// Entries of `images` that something runs.
    pub(crate) images_used: BTreeSet<String>,
    /// Where routed services stand.
    pub(crate) routed: Vec<Routed>,
    /// Where every service's name stands.
    pub(crate) services: Vec<(String, Span)>,
    /// Where every job's name stands.
    pub(crate) jobs: Vec<(String, Span)>,
    /// Where the names under `protect` stand.
    pub(crate) protect: Vec<(String, Span)>,
    /// Where `app` stands.
    pub(crate) app_span: Option<Span>,
    /// Where `balancer` stands.
    pub(crate) balancer_span: Option<Span>,
}

/// Positions of what leads to one service.
pub(crate) struct Routed {
    pub(crate) service: String,
    /// The key `port`.
    pub(crate) port: Span,
    /// Host names and where each stands.
    pub(crate) hosts: Vec<(String, Span)>,
    /// The path patterns and where each stands.
    pub(crate) paths: Vec<(String, Span)>,
    /// The names of the domain and where each stands.
    pub(crate) names: Vec<(String, Span)>,
    /// Where `certificate`, or else the domain, stands.
    pub(crate) certificate: Span,
    /// Where `tls`, or else the domain, stands.
    pub(crate) tls: Span,
}

impl Cx {
    pub(crate) fn new(app: &str, env: Option<String>) -> Self {
        let stack = env.as_ref().map_or_else(|| app.to_owned(), |env| format!("{app}-{env}"));
        Self { app: app.to_owned(), stack, env, ..Self::default() }
    }

    /// Reports a problem, as one of the service at hand unless it says of which.
    pub(crate) fn push(&mut self, mut problem: Problem) {
        if problem.service.is_none() && !self.service.is_empty() {
            problem.service = Some(self.service.clone());
        }
        self.problems.push(problem);
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, expected: &str) {
        let problem = Problem::error("E007", node.span, format!("expected {expected}"));
        self.push(problem.label(format!("this is {}", node.describe())));
    }

    pub(crate) fn missing(&mut self, span: Span, what: &str, key: &str, example: &str) {
        self.push(
            Problem::error("E006", span, format!("{what} needs `{key}`"))
                .label(format!("has no `{key}`"))
                .help(format!("add `{example}`")),
        );
    }
}
