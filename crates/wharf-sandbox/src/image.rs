//! Container images and what the application inside them does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the application in an image does once its container runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct App {
    /// The port it listens on; `None` is whichever port the container maps.
    pub listens: Option<u16>,
    /// The address it binds: `127.0.0.1` cannot be reached from outside the container.
    pub bind: String,
    /// The status each path answers with.
    pub paths: BTreeMap<String, u16>,
    /// The status of every path not listed.
    pub other_paths: u16,
    /// Seconds from the start of the container until it answers.
    pub startup_seconds: u32,
    /// The code it exits with by itself; `None` runs for ever.
    pub exit_code: Option<i32>,
    /// Seconds from the start of the container until it exits, if it does.
    pub exit_after_seconds: u32,
    /// Memory it needs, in MiB; a smaller limit kills it.
    pub memory_mib: u32,
    /// Names of environment variables or secrets without which it exits with code 1.
    pub requires: Vec<String>,
    /// Lines it writes to its log when it starts.
    pub log: Vec<String>,
    /// Lines it writes before it exits by itself.
    pub last_words: Vec<String>,
    /// Seconds until it answers a request.
    pub response_seconds: u32,
    /// The CPU architecture its program is built for, if it is not the one the image says.
    pub architecture: Option<String>,
    /// The disk space the unpacked image takes, in MiB.
    pub size_mib: u32,
    /// Whether the image lacks the program it is told to run.
    pub lacks_program: bool,
    /// The code every command of a container health check exits with; `None` asks the
    /// application.
    pub health_command: Option<i32>,
    /// Whether it goes on when it is asked to end, until it is killed.
    pub ignores_sigterm: bool,
    /// What it does in a task that belongs to no service; `None` for what its command says.
    pub one_off: Option<OneOff>,
}

/// What an application does in a task that belongs to no service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneOff {
    /// The code it exits with; `None` runs for ever.
    pub exit_code: Option<i32>,
    /// Seconds from the start of the container until it exits, if it does.
    pub after_seconds: u32,
    /// Lines it writes before it exits.
    pub log: Vec<String>,
}

impl Default for App {
    fn default() -> Self {
        Self {
            listens: None,
            bind: "0.0.0.0".to_owned(),
            paths: BTreeMap::new(),
            other_paths: 200,
            startup_seconds: 3,
            exit_code: None,
            exit_after_seconds: 0,
            memory_mib: 64,
            requires: Vec::new(),
            log: Vec::new(),
            last_words: Vec::new(),
            response_seconds: 0,
            architecture: None,
            size_mib: 90,
            lacks_program: false,
            health_command: None,
            ignores_sigterm: false,
            one_off: None,
        }
    }
}

impl App {
    /// Returns the HTTP status that a request for `path` gets.
    pub fn answers(&self, path: &str) -> u16 {
        let path = path.split('?').next().unwrap_or(path);
        self.paths.get(path).copied().unwrap_or(self.other_paths)
    }
}

/// The CPU architectures of an image, in OCI's words (`amd64`, `arm64`).
pub fn both_platforms() -> Vec<String> {
    vec!["amd64".to_owned(), "arm64".to_owned()]
}

/// Returns the digest of some text, in the form registries use.
pub fn digest_of(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text.as_bytes())))
}

/// What a task would get on pulling an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulled {
    /// The digest of the image (the index, if it has several platforms).
    pub digest: String,
    /// The CPU architectures it is built for.
    pub platforms: Vec<String>,
    /// What the application inside does.
    pub app: App,
}

/// Why a task cannot pull an image.
#[derive(Clone, Debug, PartialEq)]
pub enum PullError {
    /// The registry has no such repository.
    NoRepository,
    /// The repository has no such tag or digest.
    NoImage,
}

/// A reference to an image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host; empty is Docker Hub.
    pub host: String,
    /// The repository.
    pub repository: String,
    /// The tag, `latest` if neither tag nor digest is given.
    pub tag: String,
    /// The digest, if given; it wins over the tag.
    pub digest: Option<String>,
}

impl Reference {
    /// Takes a reference such as `host/name/space:tag@sha256:…` apart.
    pub fn parse(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => ("", rest),
        };
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            digest,
        }
    }

    /// Says whether the host is a private ECR registry, and if so returns account and region.
    pub fn private_registry(&self) -> Option<(&str, &str)> {
        let (account, rest) = self.host.split_once(".dkr.ecr.")?;
        let (region, _) = rest.split_once(".amazonaws.com")?;
        Some((account, region))
    }
}

/// Public images that exist: the first parts of repositories, without the registry's host.
const WELL_KNOWN: &[&str] = &[
    "nginx",
    "node",
    "python",
    "golang",
    "rust",
    "ruby",
    "httpd",
    "caddy",
    "redis",
    "postgres",
    "mysql",
    "alpine",
    "busybox",
    "debian",
    "ubuntu",
    "traefik",
    "memcached",
    "rabbitmq",
    "amazonlinux",
];

/// Resolves an image of a public registry.
pub fn pull_public(reference: &Reference) -> Result<Pulled, PullError> {
    let known = match reference.host.as_str() {
        "" | "docker.io" | "registry-1.docker.io" | "index.docker.io" => {
            let name = reference.repository.trim_start_matches("library/");
            WELL_KNOWN.contains(&name) || name == "amazon/amazon-ecs-sample"
        }
        // The public gallery, GitHub and Quay hold too much to list: everything there exists.
        "public.ecr.aws" | "ghcr.io" | "quay.io" | "registry.k8s.io" | "gcr.io" => true,
        _ => false,
    };
    if !known {
        return Err(PullError::NoRepository);
    }
    if reference.tag == "does-not-exist" {
        return Err(PullError::NoImage);
    }
    let name = format!("{}/{}:{}", reference.host, reference.repository, reference.tag);
    Ok(Pulled {
        digest: reference.digest.clone().unwrap_or_else(|| digest_of(&name)),
        platforms: both_platforms(),
        app: well_known_app(&reference.repository),
    })
}

/// Public images listen where their documentation says, whatever the container maps.
fn well_known_app(repository: &str) -> App {
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let listens = match name {
        "nginx" | "httpd" | "caddy" | "traefik" | "amazon-ecs-sample" => Some(80),
        "redis" => Some(6379),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "memcached" => Some(11211),
        "rabbitmq" => Some(5672),
        _ => None,
    };
    App { listens, ..App::default() }
}

#[cfg(test)]
mod tests {
    use super::{PullError, Reference, pull_public};

    #[test]
    fn references_are_taken_apart() {
        let text = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/api:v1";
        let reference = Reference::parse(text);
        assert_eq!(reference.private_registry(), Some(("111122223333", "eu-west-1")));
        assert_eq!((reference.repository.as_str(), reference.tag.as_str()), ("notes/api", "v1"));
        let short = Reference::parse("nginx");
        assert_eq!((short.host.as_str(), short.tag.as_str()), ("", "latest"));
        let pinned = Reference::parse("localhost:5000/a@sha256:00");
        assert_eq!(
            (pinned.host.as_str(), pinned.digest.as_deref()),
            ("localhost:5000", Some("sha256:00"))
        );
    }

    #[test]
    fn public_images_exist_or_not() {
        let pull = |text| pull_public(&Reference::parse(text));
        assert_eq!(pull("nginx:1.27").unwrap().app.listens, Some(80));
        assert!(pull("public.ecr.aws/docker/library/node:22").is_ok());
        assert_eq!(pull("somebody/something"), Err(PullError::NoRepository));
        assert_eq!(pull("nginx:does-not-exist"), Err(PullError::NoImage));
    }
}
