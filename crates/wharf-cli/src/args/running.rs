//! Arguments of what is done to a stack that runs.

use std::time::Duration;

use clap::Args;

use super::Consent;

/// Arguments of `logs`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LogsArgs {
    /// Only this service
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Go on until interrupted
    #[arg(long)]
    pub(crate) follow: bool,
    /// How far back, for example `30m`; an hour unless given
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub(crate) since: Option<Duration>,
    /// Only lines that contain this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// Arguments of `cancel`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CancelArgs {
    /// Only this service
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
}

/// Arguments of `restart`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RestartArgs {
    /// Only this service
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Do not wait until the new tasks run; `wharf wait` does
    #[arg(long)]
    pub(crate) detach: bool,
}

/// Arguments of `scale`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ScaleArgs {
    /// The service
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// How many tasks it is to have
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(0..=5000))]
    pub(crate) count: u32,
}

/// Arguments of `releases`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReleasesArgs {
    /// Only this service
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
}

/// Arguments of `rollback`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RollbackArgs {
    /// The release, as `wharf releases` numbers it; the one before, with another image, if not given
    #[arg(value_name = "REVISION")]
    pub(crate) revision: Option<u32>,
    /// Which service, when there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Arguments of `promote`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PromoteArgs {
    /// The environment whose images are taken
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The environment they are applied to
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// The service whose release, network and roles the task gets
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// What runs instead of the container's own command
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// Arguments of `exec`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ExecArgs {
    /// The service; not needed if there is only one
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Which of its tasks, by the beginning of the id; the one that has run longest, if not given
    #[arg(long, value_name = "ID")]
    pub(crate) task: Option<String>,
    /// What runs; `/bin/sh` if not given
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// Flags of `sweep`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SweepArgs {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only list them
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// Flags of `destroy`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DestroyArgs {
    /// Do not ask; needs `--confirm`
    #[arg(long, requires = "confirm")]
    pub(crate) yes: bool,
    /// The name of the stack, to show that it is the one meant
    #[arg(long, value_name = "STACK")]
    pub(crate) confirm: Option<String>,
}
