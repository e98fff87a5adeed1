//! The path that a health check of a Dockerfile asks for.

/// Finds the path in a command that asks the container itself: curl and wget take an address without a
/// scheme as well.
pub(crate) fn path(command: &str) -> Option<String> {
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || "\"'`();|&<>\\".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let asks = |word: &&str| matches!(word.rsplit('/').next(), Some("curl" | "wget"));
    let bare = words.iter().any(asks);
    words.into_iter().filter(|word| bare || word.contains("://")).find_map(local)
}

/// Returns the path of a URL that leads to the container itself.
fn local(word: &str) -> Option<String> {
    const OWN: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
    let rest = word.strip_prefix("http://").or_else(|| word.strip_prefix("https://"));
    let rest = rest.unwrap_or(word);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        // What stands behind the last colon of an address in brackets is a part of it.
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    if !OWN.contains(&host) {
        return None;
    }
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    // What the shell of the container would put in is not known.
    (!path.contains('$') && path.chars().all(|c| c.is_ascii_graphic())).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn the_path_is_that_of_the_container_itself() {
        let cases = [
            ("curl -fsS http://localhost:3000/health || exit 1", Some("/health")),
            ("wget -qO- \"http://127.0.0.1:${PORT}/up?full=1\"", Some("/up?full=1")),
            ("/usr/bin/curl --fail localhost:80/ready#x", Some("/ready")),
            ("curl http://[::1]:80", Some("/")),
            ("curl http://[::1]/a", Some("/a")),
            ("curl -o /dev/null \\\n  http://0.0.0.0/deep/er", Some("/deep/er")),
            ("curl http://example.com/health", None),
            ("curl http://localhost/$WHERE", None),
            ("node check.js http://localhost/health", Some("/health")),
            ("[\"/server\", \"--check\", \"http://localhost:8080/up\"]", Some("/up")),
            ("node check.js localhost/health", None),
            ("pg_isready", None),
        ];
        for (command, wanted) in cases {
            assert_eq!(path(command).as_deref(), wanted, "{command}");
        }
    }
}
