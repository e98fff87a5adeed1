//! The whole way from text to [`Stack`].

use std::collections::BTreeMap;

use crate::document::{self, Entry, Node};
use crate::interpolate::{Environment, Variables, interpolate};
use crate::keys::nearest;
use crate::problem::{ENOUGH, Level, Problem, Problems};
use crate::read::{self, Cx};
use crate::waive::Waived;
use crate::{Stack, check, cross, overlay, units};

/// Most environments in one file; each of them is checked on every run.
const MAX_ENVIRONMENTS: usize = 50;

/// What a run adds to the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The environment asked for (`--env`).
    pub env: Option<String>,
    /// The declared environment that it is made like (`--from`), where the file does not declare it.
    pub from: Option<String>,
    /// Images for this run by service (`--image SERVICE=REF`): `:tag`, `@sha256:…` or a full
    /// reference.
    pub images: BTreeMap<String, String>,
    /// Version of the tool, compared with the file's `wharf:`; empty skips the comparison.
    pub tool_version: String,
}

/// A spec without errors.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it means.
    pub stack: Stack,
    /// What is probably not meant.
    pub warnings: Vec<Problem>,
}

/// Turns the text of a spec into its meaning.
///
/// `file` is the name shown in problems. Every environment the file declares is checked, so that a
/// mistake in one of them does not wait for the day it is used.
///
/// # Errors
///
/// All problems of the file at once, warnings included, if at least one of them is an error.
pub fn parse(text: &str, file: &str, options: &Options) -> Result<Parsed, Problems> {
    let mut problems = Vec::new();
    let stack = document::read(text, &mut problems)
        .and_then(|root| whole_file(root, options, &mut problems));
    let failed = problems.iter().any(|problem| problem.level == Level::Error);
    match stack {
        Some(stack) if !failed => {
            let warnings = Problems::new(file, problems).list;
            Ok(Parsed { stack, warnings })
        }
        _ => {
            if !failed {
                problems.push(
                    Problem::error("E000", None, "the spec could not be read, for no known reason")
                        .note("this is a bug in wharf; please report it with the file"),
                );
            }
            Err(Problems::new(file, problems))
        }
    }
}

/// Returns the names of the environments a file declares, in order; empty if it cannot be read.
pub fn environments(text: &str) -> Vec<String> {
    let root = document::read(text, &mut Vec::new());
    let declared = root.as_ref().and_then(|root| root.get("environments")).and_then(Node::map);
    declared.unwrap_or_default().iter().map(|entry| entry.key.text.clone()).collect()
}

fn whole_file(mut root: Node, options: &Options, problems: &mut Vec<Problem>) -> Option<Stack> {
    if root.map().is_none() {
        problems.push(
            Problem::error("E007", root.span, "a spec is a map of keys and values")
                .label(format!("this is {}", root.describe()))
                .help("the first lines are usually `version: 1` and `app: NAME`"),
        );
        return None;
    }
    let mut cx = Cx::default();
    let usable = read::version(&mut cx, &root);
    problems.append(&mut cx.problems);
    if !usable {
        return None;
    }
    overlay::rename_aliases(&mut root, problems);
    let app = read::app(&mut cx, &root, &options.tool_version);
    let declared = declared(&mut cx, &root);
    problems.append(&mut cx.problems);
    let variables = |env| Variables { app: app.clone().unwrap_or_default(), env };
    let mut waived = Waived::default();
    let result = match declared {
        Declared::Broken => {
            let run = Run { options, asked: false };
            run.one(root, &variables(Environment::Unknown), &mut waived, problems);
            None
        }
        Declared::None => {
            if let Some(env) = options.env.as_ref().or(options.from.as_ref()) {
                problems.push(
                    Problem::error("E022", None, format!("there is no environment `{env}`"))
                        .note("the file declares no `environments`, so `--env` has no meaning")
                        .help("leave out `--env`, or declare the environment in the file"),
                );
            }
            let run = Run { options, asked: true };
            Some(run.one(root, &variables(Environment::Absent), &mut waived, problems))
        }
        Declared::Some(entries) => {
            let chosen = match &options.from {
                Some(_) => None,
                None => choose(&root, &entries, options.env.as_deref(), problems),
            };
            let mut result = None;
            for entry in &entries {
                if problems.len() > ENOUGH {
                    break;
                }
                let name = &entry.key.text;
                let tree = overlay::select(&root, entry, problems);
                let variables = variables(Environment::Named(name.clone()));
                let run = Run { options, asked: chosen.as_ref() == Some(name) };
                let stack = run.one(tree, &variables, &mut waived, problems);
                if run.asked {
                    result = Some(stack);
                }
            }
            if let Some((name, entry)) = derived(&root, &entries, options, problems) {
                let tree = overlay::select(&root, entry, problems);
                let run = Run { options, asked: true };
                let variables = variables(Environment::Named(name));
                let mut stack = run.one(tree, &variables, &mut waived, problems);
                // What must not go is the environment it is like, not this one.
                stack.protect.clear();
                result = Some(stack);
            }
            result
        }
    };
    if problems.iter().all(|problem| problem.level == Level::Warning) {
        problems.extend(waived.unused());
    }
    result
}

/// The reading of one environment's tree, or of the only one.
struct Run<'o> {
    options: &'o Options,
    /// Whether this is what was asked for. Of the others, only errors are told, and the images
    /// given by flags are not theirs.
    asked: bool,
}

impl Run<'_> {
    fn one(
        &self,
        mut tree: Node,
        variables: &Variables,
        waived: &mut Waived,
        problems: &mut Vec<Problem>,
    ) -> Stack {
        overlay::apply_defaults(&mut tree);
        let env = match &variables.env {
            Environment::Named(env) => Some(env.clone()),
            Environment::Absent | Environment::Unknown => None,
        };
        let mut cx = Cx::new(&variables.app, env);
        interpolate(&mut tree, variables, &mut cx.problems);
        let images = self.asked.then_some(&self.options.images);
        let stack = read::stack(&mut cx, &tree, images);
        cross::check(&mut cx, &stack);
        check::check(&mut cx, &tree, &stack);
        waived.apply(&mut cx.problems, &cx.waivers);
        let told = |problem: &Problem| self.asked || problem.level == Level::Error;
        problems.extend(cx.problems.into_iter().filter(told));
        stack
    }
}

enum Declared {
    None,
    Some(Vec<Entry>),
    Broken,
}

fn declared(cx: &mut Cx, root: &Node) -> Declared {
    let Some(entry) = root.entry("environments") else { return Declared::None };
    if entry.value.list().is_some() || entry.value.scalar().is_some() {
        cx.push(
            Problem::error("E007", entry.value.span, "`environments` must be a map of names")
                .label(format!("this is {}", entry.value.describe()))
                .help("write `prod: {}`, one per line, with what differs inside the braces"),
        );
        return Declared::Broken;
    }
    let entries = entry.value.map().unwrap_or_default();
    if entries.is_empty() {
        cx.push(
            Problem::error("E006", entry.key.span, "`environments` declares none")
                .label("empty")
                .help("name at least one, for example `prod: {}`, or remove the key"),
        );
        return Declared::Broken;
    }
    if entries.len() > MAX_ENVIRONMENTS {
        cx.push(
            Problem::error(
                "E002",
                entry.key.span,
                format!("a file can declare {MAX_ENVIRONMENTS} environments at most"),
            )
            .label(format!("{} are declared", entries.len())),
        );
        return Declared::Broken;
    }
    for entry in entries {
        units::name(cx, &entry.key.text, entry.key.span, "an environment");
    }
    Declared::Some(entries.to_vec())
}

/// Finds the declared environment that one which the file does not declare is made like.
fn derived<'e>(
    root: &Node,
    entries: &'e [Entry],
    options: &Options,
    problems: &mut Vec<Problem>,
) -> Option<(String, &'e Entry)> {
    let from = options.from.as_deref()?;
    let span = root.entry("environments").map(|entry| entry.key.span);
    let names = || entries.iter().map(|entry| entry.key.text.as_str());
    let list = names().collect::<Vec<_>>().join(", ");
    let Some(name) = &options.env else {
        problems.push(
            Problem::error("E021", span, "an environment made from another needs a name")
                .label(format!("declares {list}"))
                .help(format!("add `--env NAME`, for example `--env pr-1 --from {from}`")),
        );
        return None;
    };
    if let Some(declared) = entries.iter().find(|entry| entry.key.text == *name) {
        problems.push(
            Problem::error("E025", declared.key.span, format!("`{name}` is declared, and not made from `{from}`"))
                .label("declared here")
                .help(format!("leave out `--from`, or choose a name that the file does not declare for what is made from `{from}`")),
        );
        return None;
    }
    let Some(entry) = entries.iter().find(|entry| entry.key.text == from) else {
        let problem = Problem::error(
            "E022",
            span,
            format!("there is no environment `{from}` to make one from"),
        )
        .label(format!("declares {list}"));
        problems.push(match nearest(from, names()) {
            Some(near) => problem.help(format!("did you mean `--from {near}`?")),
            None => problem,
        });
        return None;
    };
    let mut cx = Cx::default();
    units::name(&mut cx, name, entry.key.span, "an environment");
    let good = cx.problems.is_empty();
    problems.extend(cx.problems.into_iter().map(|problem| {
        // The name stands on the command line.
        let label = format!("it {}", problem.label);
        Problem { span: None, label: String::new(), ..problem }.note(label)
    }));
    good.then(|| (name.clone(), entry))
}

fn choose(
    root: &Node,
    entries: &[Entry],
    asked: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
    let list = names.join(", ");
    let span = root.entry("environments").map(|entry| entry.key.span);
    let problem = match asked {
        Some(asked) if names.contains(&asked) => return Some(asked.to_owned()),
        Some(asked) => {
            let problem =
                Problem::error("E022", span, format!("there is no environment `{asked}`"))
                    .label(format!("declares {list}"));
            match nearest(asked, names.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `--env {near}`?")),
                None => problem,
            }
        }
        None => Problem::error("E021", span, "say which environment is meant")
            .label(format!("declares {list}"))
            .help(match names.as_slice() {
                [first, ..] => format!("add `--env {first}`, for example"),
                [] => "add `--env`".to_owned(),
            }),
    };
    problems.push(problem);
    None
}
