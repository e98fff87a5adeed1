//! Secret references as text: the key under which facts keep what they resolve to.

use wharf_spec::stack::SecretRef;

/// Writes a reference the way people do: `ssm:/path`, `sm:name`, `sm:name#key`.
pub fn text(secret: &SecretRef) -> String {
    match secret {
        SecretRef::Ssm { name } => format!("ssm:{name}"),
        SecretRef::SecretsManager { name, key: None } => format!("sm:{name}"),
        SecretRef::SecretsManager { name, key: Some(key) } => format!("sm:{name}#{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_it_is_written() {
        let secret = |key: Option<&str>| SecretRef::SecretsManager {
            name: "notes/prod".to_owned(),
            key: key.map(str::to_owned),
        };
        assert_eq!(text(&SecretRef::Ssm { name: "/notes/url".to_owned() }), "ssm:/notes/url");
        assert_eq!(text(&secret(None)), "sm:notes/prod");
        assert_eq!(text(&secret(Some("stripe"))), "sm:notes/prod#stripe");
    }
}
