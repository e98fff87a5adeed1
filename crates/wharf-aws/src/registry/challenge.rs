//! What a registry asks for before it answers: where to get a token, and for what.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A `WWW-Authenticate: Bearer …` header (Distribution registry, token authentication).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    /// Reads the header; `None` for another scheme, or without a realm.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((key, after)) = rest.split_once('=') {
            let (value, next) = value(after.trim_start())?;
            let key = key.trim_matches([' ', ',']).to_ascii_lowercase();
            match key.as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
            rest = next;
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }

    /// Returns the address that hands out tokens for pulling `name`.
    pub(super) fn token_url(&self, name: &str) -> String {
        let scope = self.scope.clone().unwrap_or_else(|| format!("repository:{name}:pull"));
        let mut url = self.realm.clone();
        let mut add = |key: &str, value: &str| {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(key);
            url.push('=');
            url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        };
        if let Some(service) = &self.service {
            add("service", service);
        }
        add("scope", &scope);
        url
    }
}

/// Reads one value, quoted or not, and returns what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = quoted.split_once('"')?;
        return Some((value.to_owned(), rest));
    }
    let end = text.find(',').unwrap_or(text.len());
    Some((text[..end].trim().to_owned(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_registries_send() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#;
        let challenge = Challenge::parse(header).unwrap();
        assert_eq!(
            challenge.token_url("library/nginx"),
            "https://auth.docker.io/token?service=registry%2Edocker%2Eio\
             &scope=repository%3Alibrary%2Fnginx%3Apull%2Cpush"
        );
        let bare = Challenge::parse("bearer realm=https://host/t?a=b, error=x").unwrap();
        assert_eq!(bare.token_url("n"), "https://host/t?a=b&scope=repository%3An%3Apull");
    }

    #[test]
    fn anything_else_is_no_challenge() {
        for header in
            ["", "Bearer", "Basic realm=\"x\"", "Bearer service=\"x\"", "Bearer realm=\"x"]
        {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
