//! `wharf exec`: a command, or a shell, in a running task.

use std::process::{Command, ExitStatus};

use wharf_aws::operate::exec::{Session as Opened, open};

use super::services;
use crate::args::{ExecArgs, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;

/// The client of Systems Manager that takes part in sessions.
const PLUGIN: &str = "session-manager-plugin";
/// The variable in which it takes the session, so that the token shows in no list of processes.
const RESPONSE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// The last version that takes the session as an argument only.
const LAST_WITHOUT_VARIABLE: [u32; 4] = [1, 2, 497, 0];
/// What runs if nothing is asked for.
const SHELL: &str = "/bin/sh";

pub(super) async fn run(global: &Global, args: &ExecArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let service = services::single(stack, args.service.as_deref(), "name it")?;
    let version = plugin_version()?;
    let command = if args.command.is_empty() { SHELL.to_owned() } else { joined(&args.command) };
    let opened =
        Box::pin(open(&session.aws, stack, &service, args.task.as_deref(), &command)).await?;
    ui.say(&format!("In task {} of service {service}: {command}", opened.task));
    let profile = global.profile.clone().unwrap_or_default();
    let status = hand_over(opened, profile, version > LAST_WITHOUT_VARIABLE).await?;
    Ok(match status.code() {
        Some(0) => Exit::Done,
        Some(code) => Exit::Container(u8::try_from(code).unwrap_or(1)),
        None => Exit::Other,
    })
}

/// Asks the plugin which version it is, and so whether it is there.
fn plugin_version() -> Result<[u32; 4], CliError> {
    let output = Command::new(PLUGIN).arg("--version").output().map_err(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return CliError::new(Exit::Other, format!("cannot run {PLUGIN}")).cause(error.to_string());
        }
        CliError::new(Exit::Other, format!("{PLUGIN} is not installed, or not on PATH"))
            .hint(
                "it carries the session, as it does for the AWS CLI; how to install it: \
                 https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
            )
            .hint("without it, `wharf run SERVICE -- CMD` runs a command in a task of its own")
    })?;
    Ok(version(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads `1.2.497.0`; what is not a number counts as 0.
fn version(text: &str) -> [u32; 4] {
    let mut parts = text.trim().split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Lets the plugin take part in the session until it ends. Its arguments are those the AWS CLI hands it: the
/// session, region, operation, profile, what the session is with, endpoint.
async fn hand_over(
    opened: Opened,
    profile: String,
    by_variable: bool,
) -> Result<ExitStatus, CliError> {
    let plugin = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(PLUGIN);
        if by_variable {
            command.env(RESPONSE, &opened.response).arg(RESPONSE);
        } else {
            command.arg(&opened.response);
        }
        command
            .args([&opened.region, "StartSession", &profile, &opened.target, &opened.endpoint])
            .status()
    });
    tokio::pin!(plugin);
    loop {
        tokio::select! {
            ended = &mut plugin => {
                let status = ended.map_err(|error| CliError::from_error(Exit::Other, &error))?;
                return status.map_err(|error| {
                    CliError::new(Exit::Other, format!("cannot run {PLUGIN}")).cause(error.to_string())
                });
            }
            // An interrupt is meant for the command; the plugin passes it on.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// Joins words into the one line ECS takes, so that the agent's shell splits it into the same words.
fn joined(words: &[String]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    let words = words.iter().map(|word| {
        if !word.is_empty() && word.bytes().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        let words =
            |all: &[&str]| joined(&all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["ls", "-l", "/tmp"]), "ls -l /tmp");
        assert_eq!(words(&["sh", "-c", "echo $HOME"]), "sh -c 'echo $HOME'");
        assert_eq!(words(&["echo", "it's", ""]), r"echo 'it'\''s' ''");
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("1.2.707.0\n"), [1, 2, 707, 0]);
        assert!(version("1.10.0.0") > LAST_WITHOUT_VARIABLE);
        assert!(version("1.2.497.0") <= LAST_WITHOUT_VARIABLE);
        assert!(version("something else") <= LAST_WITHOUT_VARIABLE);
    }
}
