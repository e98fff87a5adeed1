//! What people type, nothing more. Meaning is given to it in [`crate::session`] and the commands.

mod import;
mod running;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use wharf_graph::Address;

pub(crate) use self::import::{ImportArgs, ImportFrom};
pub(crate) use self::running::{
    CancelArgs, DestroyArgs, ExecArgs, LogsArgs, PromoteArgs, ReleasesArgs, RestartArgs,
    RollbackArgs, RunArgs, ScaleArgs, SweepArgs,
};

/// Puts a container on AWS properly: one short file, `plan`, `apply`, `destroy`.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags every command takes.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Spec file; `-` is standard input
    #[arg(short, long, global = true, default_value = "wharf.yaml", value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Environment, for a spec that declares any
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Make `--env` like this declared environment, for a name that the spec does not declare
    #[arg(long = "from", global = true, value_name = "NAME", requires = "env")]
    pub(crate) made_from: Option<String>,
    /// Image of a service for this run: `:tag`, `@sha256:…` or a full reference
    #[arg(long, global = true, value_name = "SERVICE=REF", value_parser = image)]
    pub(crate) image: Vec<(String, String)>,
    /// Only this resource and what it needs (repeatable)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) only: Vec<Address>,
    /// Form of the output
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// One line per resource
    #[arg(long, global = true, conflicts_with = "full")]
    pub(crate) summary: bool,
    /// Every field, and what is unchanged
    #[arg(long, global = true)]
    pub(crate) full: bool,
    /// Use the simulated AWS, kept in DIR
    #[arg(
        long, global = true, env = "WHARF_SANDBOX", value_name = "DIR", num_args = 0..=1,
        require_equals = true, default_missing_value = ".wharf/sandbox"
    )]
    pub(crate) sandbox: Option<PathBuf>,
    /// Another endpoint for every AWS service
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Named profile of the AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Region; must be the spec's
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// How long the whole run may take, for example `20m`
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// How many steps may run at once
    #[arg(long, global = true, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) parallelism: u16,
    /// Whether to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Say only what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Also say what reading cost
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// Form of the output. Each command knows some of them; see [`Command::formats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs; every command
    Json,
    /// For a pull request: `plan`
    Markdown,
    /// A page of its own: `plan`
    Html,
    /// A picture: `graph`
    Svg,
    /// For Graphviz: `graph`
    Dot,
    /// For GitHub, GitLab and others that draw it: `graph`
    Mermaid,
    /// For code scanning: `check`
    Sarif,
}

impl Format {
    /// Returns the word as typed.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Whether to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first spec, from the Dockerfile here and a few answers
    Init(InitArgs),
    /// Write a first spec from a Compose file, Copilot manifests or a service that runs
    Import(ImportArgs),
    /// Check the spec, offline: all problems at once
    Check,
    /// Read the account and show what apply would do
    Plan(PlanArgs),
    /// Plan, ask, carry it out, wait until healthy, plan again
    Apply(ApplyArgs),
    /// Build an image, or take an archive, and push it to the service's own repository
    Push(PushArgs),
    /// Make the repository, build and push the image, and apply with exactly that image
    Deploy(DeployArgs),
    /// Delete everything the stack owns, and nothing else
    Destroy(DestroyArgs),
    /// Destroy environments made with `--from` whose time is over
    Sweep(SweepArgs),
    /// Show only what somebody changed outside wharf; exit code 2 if anything
    Drift {
        /// Also say who it was, by the event history of CloudTrail
        #[arg(long)]
        who: bool,
    },
    /// Say what a change of the spec means, offline; exit code 2 if anything
    Diff(DiffArgs),
    /// Draw the resources and what must exist before what, offline
    Graph(GraphArgs),
    /// Say why a service does not work; exit code 1 if anything is broken
    Doctor {
        /// The service; all of them if not given
        service: Option<String>,
    },
    /// Rollout, tasks, targets, certificate and URL
    Status {
        /// Look again and again, until interrupted
        #[arg(long)]
        watch: bool,
    },
    /// Wait until every service is rolled out and healthy
    Wait,
    /// Stop a rollout and go back to the release before
    Cancel(CancelArgs),
    /// Show what tasks write, newest last
    Logs(LogsArgs),
    /// Replace tasks by new ones of the same release, and wait until they run
    Restart(RestartArgs),
    /// Give a service another number of tasks now, and wait until they run
    Scale(ScaleArgs),
    /// List the releases there are to go back to
    Releases(ReleasesArgs),
    /// Apply the spec with the image of an earlier release
    Rollback(RollbackArgs),
    /// Apply to one environment what runs in another
    Promote(PromoteArgs),
    /// Run a command, or a shell, in a running task of a service
    Exec(ExecArgs),
    /// Run a task once, with the release of a service; exit with its code
    Run(RunArgs),
    /// Write the spec in its canonical form, comments kept
    Fmt {
        /// Change nothing; exit with 2 and show what would change
        #[arg(long)]
        check: bool,
    },
    /// Print the effective spec, overlays and defaults filled in
    Render {
        /// Say beside each value where it comes from
        #[arg(long)]
        why: bool,
    },
    /// Print the JSON Schema of the spec, for editors
    Schema,
    /// Explain a code such as E005, offline; without a code, list all
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Take over objects that exist already, made by hand: tag them as the stack's
    Adopt(AdoptArgs),
    /// Print what the stack owns as import blocks of Terraform, for whoever goes on without wharf
    Export,
    /// Print the least an identity must be allowed to do for a verb: IAM policies, offline
    Iam(IamArgs),
    /// The simulated AWS
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Explain a topic: `wharf help exit-codes`
    Help {
        /// `exit-codes`, or a command
        topic: Option<String>,
    },
}

impl Command {
    /// Returns the forms in which the command can answer.
    pub(crate) const fn formats(&self) -> &'static [Format] {
        match self {
            Self::Check => &[Format::Text, Format::Json, Format::Sarif],
            Self::Fmt { .. } | Self::Exec(_) => &[Format::Text],
            Self::Plan(_) => &[Format::Text, Format::Json, Format::Markdown, Format::Html],
            Self::Diff(_) => &[Format::Text, Format::Json, Format::Markdown],
            Self::Graph(_) => {
                &[Format::Text, Format::Json, Format::Svg, Format::Dot, Format::Mermaid]
            }
            _ => &[Format::Text, Format::Json],
        }
    }
}

/// Arguments of `init`; each of the first answers a question.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InitArgs {
    /// Name of the app; the directory's if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Port the container listens on; that of EXPOSE if not given
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Path that answers when the service is well; that of HEALTHCHECK if not given
    #[arg(long, value_name = "PATH")]
    pub(crate) health: Option<String>,
    /// Name of the service; `web` if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The Dockerfile to read; `Dockerfile`, if there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) dockerfile: Option<PathBuf>,
    /// Take defaults instead of asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Flags of `plan`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlanArgs {
    /// Save the plan for `wharf apply FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan the deletion of the stack
    #[arg(long)]
    pub(crate) destroy: bool,
}

/// What `diff` compares.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DiffArgs {
    /// A file, `-`, a revision such as `main`, or two as `main..HEAD` or `main...HEAD`
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// A file, `-` or a revision; without it, the spec file as it is
    #[arg(value_name = "NEW")]
    pub(crate) new: Option<String>,
}

/// Flags of `graph`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GraphArgs {
    /// Read the account, and colour each resource by what apply would do
    #[arg(long)]
    pub(crate) live: bool,
}

/// Flags of every command that applies.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete what the spec no longer names, with the data in it
    #[arg(long)]
    pub(crate) allow_delete: bool,
    /// Let this resource stop answering for as long as the plan says (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) allow_downtime: Vec<Address>,
    /// Do not wait for the rollout of services; `wharf wait` does
    #[arg(long)]
    pub(crate) detach: bool,
}

/// Flags of `apply`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ApplyArgs {
    /// A plan saved by `wharf plan --out`
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) consent: Consent,
    /// How long to wait for an image to be pushed, for example `10m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) wait_image: Option<Duration>,
    /// How long the environment is wanted, for example `48h`: then `wharf sweep` takes it away; with `--from`
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "made_from")]
    pub(crate) ttl: Option<Duration>,
}

/// Arguments of `push`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PushArgs {
    /// Name of the service; not needed if only one can be meant
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Push this instead of building: an OCI layout (a file or a directory), or what `docker save` writes
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// Tag in the repository; else the spec's, the git commit, or the first digits of the digest
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub(crate) tag: Option<String>,
}

/// Flags of `deploy`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DeployArgs {
    /// Name of the service; without it, all that have a `build`
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Deploy this instead of building: an OCI layout (a file or a directory), or what `docker save` writes
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// Tag in the repository; else the spec's, the git commit, or the first digits of the digest
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub(crate) tag: Option<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
    /// How long to wait for images of other services to be pushed, for example `10m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) wait_image: Option<Duration>,
    /// How long the environment is wanted, for example `48h`: then `wharf sweep` takes it away; with `--from`
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "made_from")]
    pub(crate) ttl: Option<Duration>,
}

/// Arguments of `adopt`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AdoptArgs {
    /// Also take over this object, by its ARN or id (repeatable): a certificate has no name to find it by
    #[arg(long, value_name = "ADDRESS=ID", value_parser = mapping)]
    pub(crate) map: Vec<(Address, String)>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Arguments of `iam`.
#[derive(Clone, Debug, Args)]
pub(crate) struct IamArgs {
    /// What is to be run
    #[arg(value_enum)]
    pub(crate) verb: IamVerb,
    /// Print only this one of several policies, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) part: Option<u16>,
}

/// What is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IamVerb {
    /// Reading only; enough for `drift`, `export`, `status`, `wait`, `releases` and `logs` too
    Plan,
    /// Making and changing; enough for `restart`, `cancel`, `rollback`, `exec` and `run` too
    Apply,
    /// Deleting
    Destroy,
    /// Pushing images; `deploy` takes this and what `apply` takes
    Push,
}

/// What to do with the simulated AWS.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Answer AWS calls over HTTP, for any AWS client
    Serve {
        /// Port on this machine; 0 picks a free one
        #[arg(long, default_value_t = 4566)]
        port: u16,
    },
    /// Forget everything in it
    Reset,
    /// Show what is in it
    Show,
    /// Break something on purpose; without a case, list what can be broken
    Break {
        /// What to break; `none` mends everything
        case: Option<String>,
        /// The service it happens to; every service, or the first, if not given
        #[arg(long, value_name = "NAME")]
        service: Option<String>,
        /// Also break the image that runs, and replace its tasks
        #[arg(long, requires = "case")]
        now: bool,
    },
    /// Undo everything that was broken on purpose
    Mend,
}

/// Reads `certificate.main=arn:…`; addresses hold no `=`.
fn mapping(text: &str) -> Result<(Address, String), String> {
    let wrong = || "expected ADDRESS=ID, for example certificate.main=arn:aws:acm:…".to_owned();
    let (address, id) = text.split_once('=').filter(|(_, id)| !id.is_empty()).ok_or_else(wrong)?;
    Ok((address.parse().map_err(|_| wrong())?, id.to_owned()))
}

fn image(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((service, reference)) if !service.is_empty() && !reference.is_empty() => {
            Ok((service.to_owned(), reference.to_owned()))
        }
        _ => Err("expected SERVICE=REF, for example web=:v2".to_owned()),
    }
}

/// Checks a tag (OCI Distribution Specification 1.1, pulling manifests).
fn tag(text: &str) -> Result<String, String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err("a tag has at most 128 letters, digits, `_`, `.` and `-`".to_owned())
    }
}

/// Reads `90s`, `10m` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number and a unit, for example 90s, 10m or 2h".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    // A year is more than any wait needs; it keeps later arithmetic away from its limits.
    match number.checked_mul(factor) {
        Some(seconds) if seconds <= 31_536_000 => Ok(Duration::from_secs(seconds)),
        _ => Err("that is longer than a year".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for wrong in ["", "10", "m", "10d", "-1s", "99999999999999999999h", "18446744073709551615h"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
