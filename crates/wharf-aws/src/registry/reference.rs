//! References of images, taken apart the way Docker does.

/// Where Docker Hub answers.
const DOCKER_HUB: &str = "registry-1.docker.io";
/// Names that stand for Docker Hub.
const DOCKER_HUB_NAMES: [&str; 3] = ["docker.io", "index.docker.io", DOCKER_HUB];

/// An image and the registry that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host of the registry, with its port if it has one.
    pub(crate) host: String,
    /// Name within the registry.
    pub(crate) name: String,
    /// The tag or, if there is one, the digest.
    pub(crate) version: String,
}

impl Reference {
    /// Takes a reference apart. A part before the first `/` is a host if it looks like one, and an
    /// image without a host is on Docker Hub (Docker CLI reference, image tag).
    pub(crate) fn parse(text: &str) -> Self {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        let (named, tag) = split_tag(named);
        let version = digest.or(tag).unwrap_or("latest").to_owned();
        let host = named
            .split_once('/')
            .filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost");
        let (host, name) = host.unwrap_or((DOCKER_HUB, named));
        if !DOCKER_HUB_NAMES.contains(&host) {
            return Self { host: host.to_owned(), name: name.to_owned(), version };
        }
        let name = if name.contains('/') { name.to_owned() } else { format!("library/{name}") };
        Self { host: DOCKER_HUB.to_owned(), name, version }
    }

    /// Returns `text` with the digest in place of its tag; a digest in it already stays.
    pub(crate) fn pinned(text: &str, digest: &str) -> String {
        if text.contains('@') {
            return text.to_owned();
        }
        format!("{}@{digest}", split_tag(text).0)
    }
}

/// Splits the tag off; a colon before the last `/` belongs to a port.
fn split_tag(named: &str) -> (&str, Option<&str>) {
    match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_defaults_are_those_of_docker() {
        let cases = [
            ("nginx", (DOCKER_HUB, "library/nginx", "latest")),
            ("nginx:1.27", (DOCKER_HUB, "library/nginx", "1.27")),
            ("docker.io/nginx:1.27", (DOCKER_HUB, "library/nginx", "1.27")),
            ("grafana/grafana:11", (DOCKER_HUB, "grafana/grafana", "11")),
            ("ghcr.io/a/b:c", ("ghcr.io", "a/b", "c")),
            ("public.ecr.aws/nginx/nginx", ("public.ecr.aws", "nginx/nginx", "latest")),
            ("localhost:5000/a", ("localhost:5000", "a", "latest")),
            ("host:1/a/b:t@sha256:x", ("host:1", "a/b", "sha256:x")),
        ];
        for (text, (host, name, version)) in cases {
            let wanted =
                Reference { host: host.into(), name: name.into(), version: version.into() };
            assert_eq!(Reference::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_digest_takes_the_place_of_a_tag() {
        assert_eq!(Reference::pinned("nginx:1.27", "sha256:a"), "nginx@sha256:a");
        assert_eq!(Reference::pinned("host:1/nginx", "sha256:a"), "host:1/nginx@sha256:a");
        assert_eq!(Reference::pinned("nginx@sha256:b", "sha256:a"), "nginx@sha256:b");
    }
}
