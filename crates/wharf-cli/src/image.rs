//! Images on their way to a repository of the stack's own: built or opened, checked, pushed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use wharf_image::{Archive, Build, Credentials, Destination, ImageError, Source};
use wharf_spec::stack::{Architecture, Image, ImageReference, Workload};

use crate::args::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::{self, Session};
use crate::view;

/// An image that can be pushed.
pub(crate) struct Ready {
    archive: Archive,
    source: Option<Source>,
    builder: Option<&'static str>,
    /// Holds what was built until it is pushed.
    _built: Option<TempDir>,
}

/// An image that was pushed.
pub(crate) struct Sent {
    /// Name of the service or job.
    pub(crate) service: String,
    /// Name of the repository.
    pub(crate) repository: String,
    /// The tag that leads to it.
    pub(crate) tag: String,
    /// `sha256:…`.
    pub(crate) digest: String,
    pushed: wharf_image::Pushed,
    platforms: Vec<String>,
    source: Option<Source>,
    builder: Option<&'static str>,
}

impl Sent {
    /// Returns the document `wharf.push/1`.
    pub(crate) fn document(&self) -> Value {
        json!({
            "format": "wharf.push/1",
            "service": self.service,
            "repository": self.repository,
            "tag": self.tag,
            "digest": self.digest,
            "platforms": self.platforms,
            "sent": self.pushed.sent,
            "skipped": self.pushed.skipped,
            "bytes": self.pushed.bytes,
            "commit": self.source.as_ref().map(|source| &source.commit),
            "dirty": self.source.as_ref().map(|source| source.dirty),
            "builder": self.builder,
        })
    }
}

/// Opens the archive, or builds what the spec says, and checks that the service's tasks can run it.
pub(crate) async fn ready(
    session: &Session,
    service: Workload<'_>,
    archive: Option<&Path>,
) -> Result<Ready, CliError> {
    let folder = folder(&session.global);
    let ready = match (archive, service.image) {
        (Some(path), _) => Ready {
            archive: Archive::open(path).map_err(|error| explain(&error))?,
            source: Source::of(&folder).await,
            builder: None,
            _built: None,
        },
        (None, Image::Built { build, .. }) => built(session, service, &folder, build).await?,
        (None, _) => {
            let message = format!("service `{}` has no `build`", service.name);
            return Err(CliError::new(Exit::Usage, message)
                .hint("name an archive with `--archive FILE`, or write for example `build: .`"));
        }
    };
    check(service, archive, &ready.archive)?;
    Ok(ready)
}

async fn built(
    session: &Session,
    service: Workload<'_>,
    folder: &Path,
    build: &wharf_spec::stack::Build,
) -> Result<Ready, CliError> {
    // Without the repeated dots that joining leaves.
    let context: PathBuf = folder.join(&build.context).components().collect();
    let file: PathBuf = context.join(&build.file).components().collect();
    if !file.is_file() {
        let message = format!("there is no `{}` to build `{}`", file.display(), service.name);
        return Err(CliError::new(Exit::Usage, message).hint(
            "`build.context` counts from the folder of the spec, `build.file` from the context",
        ));
    }
    let engine = wharf_image::detect().await.map_err(|error| explain(&error))?;
    let temporary = tempfile::tempdir().map_err(|error| {
        CliError::new(Exit::Other, "there is no place for the image").cause(error.to_string())
    })?;
    let path = temporary.path().join("image.tar");
    let source = Source::of(&context).await;
    let what = Build {
        platform: platform(build.architecture).to_owned(),
        args: Vec::new(),
        target: None,
        context,
        file,
    };
    let ui = session.ui;
    let (name, builder) = (service.name, engine.builder.name());
    ui.say(&format!("Building {name} for {} with {builder}.", what.platform));
    let print = |line: &str| ui.say(&format!("  {line}"));
    wharf_image::build(&engine, &what, &path, print).await.map_err(|error| explain(&error))?;
    let archive = Archive::open(&path).map_err(|error| explain(&error))?;
    Ok(Ready { archive, source, builder: Some(builder), _built: Some(temporary) })
}

/// Refuses an image that the service's tasks cannot run.
fn check(service: Workload<'_>, path: Option<&Path>, archive: &Archive) -> Result<(), CliError> {
    let wanted = platform(service.architecture);
    let have: Vec<&str> = archive.platforms().collect();
    // An archive that does not say what it is for may be for anything.
    if have.is_empty() || have.contains(&wanted) {
        return Ok(());
    }
    let what = path.map_or_else(|| "the image".to_owned(), |path| path.display().to_string());
    let have = have.join(" and ");
    let message = format!(
        "{what} is for {have}, and the tasks of `{}` run on {wanted}: they would not start",
        service.name
    );
    Err(CliError::new(Exit::Usage, message).hint(format!(
        "build it with `--platform {wanted}`, or set `platform: {}` in the spec",
        have.split(' ').next().unwrap_or_default()
    )))
}

/// Pushes to the service's own repository.
pub(crate) async fn send(
    session: &Session,
    service: Workload<'_>,
    ready: Ready,
    tag: Option<&str>,
) -> Result<Sent, CliError> {
    let home = home(session, service).await?.ok_or_else(|| {
        let message = format!("service `{}` has no repository yet", service.name);
        CliError::new(Exit::Other, message)
            .hint("`wharf apply` creates it; `wharf deploy` creates it, pushes and applies")
    })?;
    let login = wharf_aws::push::login(&session.aws).await?;
    let credentials = Credentials::Basic { user: login.user, password: login.password };
    let server = match session::sandbox(&session.global, session.spec.stack.account.as_deref())? {
        Some(sandbox) => {
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = sandbox.serve(free).await.map_err(|error| {
                CliError::new(Exit::Other, "the sandbox's registry cannot listen on this machine")
                    .cause(error.to_string())
            })?;
            Some(server)
        }
        None => None,
    };
    let to = Destination {
        registry: server.as_ref().map_or(home.registry, |server| server.addr().to_string()),
        repository: home.name,
        tag: tag.map_or_else(|| choose_tag(service, &ready), str::to_owned),
    };
    let archive = &ready.archive;
    let progress = view::push::Progress::begin(session.ui, &to, archive);
    let parallel = session.global.parallelism.into();
    let work = wharf_image::push(archive, &to, &credentials, parallel, |at| progress.at(at));
    let pushed = match server {
        Some(server) => {
            let serving = async {
                server.run(std::future::pending()).await;
                std::future::pending().await
            };
            tokio::select! {
                pushed = work => pushed,
                never = serving => never,
            }
        }
        None => work.await,
    };
    progress.end();
    let pushed = pushed.map_err(|error| explain(&error))?;
    session.ui.say(&view::push::done(&to, &pushed));
    Ok(Sent {
        service: service.name.to_owned(),
        repository: to.repository,
        tag: to.tag,
        digest: pushed.digest.clone(),
        platforms: archive.platforms().map(str::to_owned).collect(),
        source: ready.source,
        builder: ready.builder,
        pushed,
    })
}

/// Finds the service's own repository, refusing another account than the spec's.
pub(crate) async fn home(
    session: &Session,
    service: Workload<'_>,
) -> Result<Option<wharf_aws::push::Repository>, CliError> {
    let Some(repository) = service.image.repository() else { return Ok(None) };
    let id = session.id();
    let found = wharf_aws::push::repository(&session.aws, &id, &repository.name).await?;
    if let (Some(wanted), Some(found)) = (&session.spec.stack.account, &found)
        && *wanted != found.account
    {
        let message = format!(
            "the spec is for account {wanted}, but the credentials are for {}",
            found.account
        );
        return Err(CliError::new(Exit::Denied, message)
            .hint("choose other credentials, for example with `--profile NAME`"));
    }
    Ok(found)
}

/// Chooses a tag: the spec's, else the commit's, else the image's own digits.
fn choose_tag(service: Workload<'_>, ready: &Ready) -> String {
    if let Image::Own { reference: ImageReference::Tag(tag), .. } = service.image {
        return tag.clone();
    }
    ready.source.as_ref().map_or_else(
        || {
            let digest = ready.archive.digest();
            digest.trim_start_matches("sha256:").chars().take(12).collect()
        },
        Source::tag,
    )
}

/// Returns the folder of the spec, from which its paths count.
pub(crate) fn folder(global: &Global) -> PathBuf {
    let parent = global.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn platform(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "linux/amd64",
        Architecture::Arm64 => "linux/arm64",
    }
}

fn explain(error: &ImageError) -> CliError {
    let exit = match error {
        ImageError::Io { .. }
        | ImageError::NotAnArchive { .. }
        | ImageError::SeveralImages { .. }
        | ImageError::Damaged { .. } => Exit::Usage,
        ImageError::Unauthorized { .. } => Exit::Denied,
        ImageError::TagTaken { .. } => Exit::Refused,
        ImageError::NoBuilder { .. }
        | ImageError::Build { .. }
        | ImageError::NoRepository { .. }
        | ImageError::Registry { .. } => Exit::Other,
    };
    let wrapped = CliError::from_error(exit, error);
    match error {
        ImageError::Unauthorized { .. } => {
            wrapped.hint("`wharf iam push` prints a policy with all that pushing needs")
        }
        ImageError::TagTaken { .. } => wrapped.hint("choose another with `--tag`"),
        _ => wrapped,
    }
}
