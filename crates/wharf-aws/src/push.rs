//! Where the images of a service are pushed, and what the registry wants to know.

use wharf_graph::{ErrorClass, StackId};

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;

/// The own repository of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Host of the registry, with its port if it has one.
    pub registry: String,
    /// Name within the registry.
    pub name: String,
    /// The account it belongs to, 12 digits.
    pub account: String,
}

/// A name and a password for the account's registry. Not printable.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password, good for 12 hours (ECR API reference, `GetAuthorizationToken`).
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(***)")
    }
}

/// Returns the app's repository of this name; nothing if nobody has made it yet.
///
/// The registry is where ECR says it is. An emulator on this machine says AWS's address, but answers
/// at its own endpoint.
///
/// # Errors
/// When ECR cannot be asked.
pub async fn repository(
    aws: &Aws,
    stack: &StackId,
    repository: &str,
) -> Result<Option<Repository>, AwsError> {
    let name = names::repository(stack, repository);
    let got = aws
        .caller
        .call("ecr:DescribeRepositories", || {
            aws.ecr.describe_repositories().repository_names(&name).send()
        })
        .await;
    let got = match got {
        Ok(got) => got,
        Err(error) if error.is(&["RepositoryNotFoundException"]) => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = got.repositories().first();
    let uri = found.and_then(|found| found.repository_uri());
    let Some((host, _)) = uri.and_then(|uri| uri.split_once('/')) else {
        let message = format!("ECR did not say where {name} is");
        return Err(AwsError::own(ErrorClass::Other, message));
    };
    let own = aws.endpoint.as_deref().and_then(loopback);
    let account = found.and_then(|found| found.registry_id()).unwrap_or_default().to_owned();
    Ok(Some(Repository { registry: own.unwrap_or(host).to_owned(), name, account }))
}

/// Asks for a name and a password for the account's registry.
///
/// # Errors
/// When ECR refuses, or answers with something else than a token.
pub async fn login(aws: &Aws) -> Result<Login, AwsError> {
    let got = aws
        .caller
        .call("ecr:GetAuthorizationToken", || aws.ecr.get_authorization_token().send())
        .await?;
    let token = got.authorization_data().first().and_then(|data| data.authorization_token());
    token.and_then(decode).ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECR gave no authorization token that can be read")
    })
}

/// Takes a token apart: `user:password` in base64 (ECR API reference, `AuthorizationData`).
fn decode(token: &str) -> Option<Login> {
    let text = String::from_utf8(aws_smithy_types::base64::decode(token).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Login { user: user.to_owned(), password: password.to_owned() })
}

/// Returns host and port of an endpoint on this machine.
fn loopback(endpoint: &str) -> Option<&str> {
    let rest = endpoint.strip_prefix("http://")?;
    let host = rest.split('/').next().unwrap_or(rest);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let here =
        name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    here.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_name_and_a_password_and_shows_neither() {
        let login = decode(&aws_smithy_types::base64::encode("AWS:s3cret:x")).unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("AWS", "s3cret:x"));
        assert_eq!(format!("{login:?}"), "Login(***)");
        assert!(decode("%%%").is_none());
        assert!(decode(&aws_smithy_types::base64::encode("no colon")).is_none());
    }

    #[test]
    fn only_an_endpoint_on_this_machine_is_a_registry_too() {
        assert_eq!(loopback("http://127.0.0.1:4566"), Some("127.0.0.1:4566"));
        assert_eq!(loopback("http://localhost:4566/"), Some("localhost:4566"));
        for other in ["https://127.0.0.1:1", "http://emulator:4566", "http://10.0.0.1:80"] {
            assert_eq!(loopback(other), None, "{other}");
        }
    }
}
