//! What an image was built from, for the record.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The state of the source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The full commit hash.
    pub commit: String,
    /// Whether files differ from that commit, or are not part of it.
    pub dirty: bool,
}

impl Source {
    /// Asks git about a directory; nothing when it is not in a repository, has no commit yet, or
    /// git is not installed.
    pub async fn of(directory: &Path) -> Option<Self> {
        let commit = git(directory, &["rev-parse", "--verify", "HEAD"]).await?;
        let changes = git(directory, &["status", "--porcelain", "--", "."]).await?;
        Some(Self { commit: commit.trim().to_owned(), dirty: !changes.trim().is_empty() })
    }

    /// Returns a tag for the image: the first twelve digits of the commit, and `-dirty` if it is.
    pub fn tag(&self) -> String {
        let short = self.commit.get(..12).unwrap_or(&self.commit);
        if self.dirty { format!("{short}-dirty") } else { short.to_owned() }
    }
}

async fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
