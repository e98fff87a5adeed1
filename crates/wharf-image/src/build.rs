//! Building with whatever is there. Every builder writes an archive; none of them ever pushes, so
//! none of them needs credentials.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::error::ImageError;

/// How long a builder may take to say that it works.
const PATIENCE: Duration = Duration::from_secs(5);

/// A program that builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// Docker, with its buildx plugin.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl Builder {
    const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// Returns its name, which is also its command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// What it is asked to find out whether it works here: docker is a client whose daemon may be
    /// missing, the others work by themselves.
    fn question(self) -> &'static [&'static str] {
        match self {
            Self::Docker => &["buildx", "ls"],
            Self::Podman | Self::Buildah => &["--version"],
        }
    }
}

/// A builder that was found to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Which it is.
    pub builder: Builder,
    program: PathBuf,
}

/// What to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Directory whose files the build sees.
    pub context: PathBuf,
    /// The Dockerfile.
    pub file: PathBuf,
    /// For example `linux/amd64`.
    pub platform: String,
    /// Build arguments. They end up in the image's history: no place for secrets.
    pub args: Vec<(String, String)>,
    /// The stage to build, if not the last.
    pub target: Option<String>,
}

/// Finds a builder that works, in the order docker, podman, buildah.
///
/// # Errors
/// [`ImageError::NoBuilder`], which says of each why it does not do.
pub async fn detect() -> Result<Engine, ImageError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    detect_in(&path).await
}

async fn detect_in(path: &OsString) -> Result<Engine, ImageError> {
    let mut looked = Vec::new();
    for builder in Builder::ALL {
        let name = builder.name();
        let Some(program) =
            std::env::split_paths(path).map(|at| at.join(name)).find(|at| at.is_file())
        else {
            looked.push(format!("{name}: not installed"));
            continue;
        };
        match works(builder, &program).await {
            Ok(()) => return Ok(Engine { builder, program }),
            Err(why) => looked.push(format!("{name}: {why}")),
        }
    }
    Err(ImageError::NoBuilder { looked })
}

async fn works(builder: Builder, program: &Path) -> Result<(), String> {
    ask(program, builder.question()).await?;
    if builder == Builder::Docker {
        // The client answers without its daemon; its version of the server does not.
        ask(program, &["version", "--format", "{{.Server.Version}}"]).await?;
    }
    Ok(())
}

async fn ask(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let asked =
        Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(PATIENCE, asked).await {
        Err(_) => Err("does not answer".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("fails").to_owned())
        }
    }
}

/// Builds an image into the archive `out`, handing each line the builder prints to `line`.
///
/// # Errors
/// When the builder cannot be started or fails.
pub async fn build(
    engine: &Engine,
    build: &Build,
    out: &Path,
    line: impl Fn(&str) + Sync,
) -> Result<(), ImageError> {
    match engine.builder {
        Builder::Docker => {
            let mut arguments: Vec<OsString> = vec!["buildx".into()];
            arguments.extend(common(build));
            // Attestations would make the image an index whose digest changes with every build.
            arguments.push("--provenance=false".into());
            // The `docker` exporter is the one that every buildx driver has.
            arguments.extend(["--output".into(), output("type=docker,dest=", out)]);
            arguments.push(build.context.clone().into());
            run(engine, &arguments, &line).await
        }
        Builder::Podman | Builder::Buildah => {
            let name = format!("localhost/wharf-build-{}", std::process::id());
            let mut arguments = common(build);
            if engine.builder == Builder::Buildah {
                arguments.push("--layers".into());
            }
            arguments.extend(["--tag".into(), name.clone().into(), build.context.clone().into()]);
            run(engine, &arguments, &line).await?;
            let save: Vec<OsString> = match engine.builder {
                Builder::Podman => ["save", "--format", "oci-archive", "--output"]
                    .map(OsString::from)
                    .into_iter()
                    .chain([out.into(), name.clone().into()])
                    .collect(),
                _ => vec!["push".into(), name.clone().into(), output("oci-archive:", out)],
            };
            let saved = run(engine, &save, &line).await;
            // What was built stays cached; only its name goes.
            let untag = match engine.builder {
                Builder::Podman => ["untag", &name],
                _ => ["rmi", &name],
            };
            drop(ask(&engine.program, &untag).await);
            saved
        }
    }
}

fn output(prefix: &str, out: &Path) -> OsString {
    let mut text = OsString::from(prefix);
    text.push(out);
    text
}

fn common(build: &Build) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "build".into(),
        "--platform".into(),
        build.platform.clone().into(),
        "--file".into(),
        build.file.clone().into(),
    ];
    for (key, value) in &build.args {
        arguments.extend(["--build-arg".into(), format!("{key}={value}").into()]);
    }
    if let Some(target) = &build.target {
        arguments.extend(["--target".into(), target.clone().into()]);
    }
    arguments
}

async fn run(
    engine: &Engine,
    arguments: &[OsString],
    line: &(impl Fn(&str) + Sync),
) -> Result<(), ImageError> {
    let io = || ImageError::io(&engine.program);
    let mut child = Command::new(&engine.program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(io())?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    tokio::join!(lines(out, line), lines(err, line));
    let status = child.wait().await.map_err(io())?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().map_or_else(|| "-".to_owned(), |code| code.to_string());
    Err(ImageError::Build { builder: engine.builder.name(), code })
}

async fn lines(from: Option<impl AsyncRead + Unpin>, line: &(impl Fn(&str) + Sync)) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut bytes = Vec::new();
    // Builders print whatever programs in the image print, which need not be UTF-8.
    while let Ok(1..) = from.read_until(b'\n', &mut bytes).await {
        line(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_builder_each_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let error = detect_in(&empty.path().as_os_str().to_owned()).await.unwrap_err();
        let said = error.to_string();
        for builder in Builder::ALL {
            assert!(said.contains(&format!("{}: not installed", builder.name())), "{said}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_docker_without_its_daemon_is_passed_over() {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = tempfile::tempdir().unwrap();
        let program = |name: &str, text: &str| {
            let path = bin.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
        let path = bin.path().as_os_str().to_owned();
        let error = detect_in(&path).await.unwrap_err().to_string();
        assert!(error.contains("docker: Cannot connect to the Docker daemon"), "{error}");
        program("buildah", "exit 0");
        assert_eq!(detect_in(&path).await.unwrap().builder, Builder::Buildah);
    }
}
