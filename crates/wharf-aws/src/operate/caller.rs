//! Who is at work.

use crate::aws::Aws;
use crate::error::AwsError;

/// Returns who the credentials belong to, without account and partition: `user/anna`, `Deploy/anna` for a
/// session `anna` of a role `Deploy`, `root`. Needs no permission (STS API reference, `GetCallerIdentity`).
pub async fn caller(aws: &Aws) -> Result<String, AwsError> {
    let got =
        aws.caller.call("sts:GetCallerIdentity", || aws.sts.get_caller_identity().send()).await?;
    Ok(short(got.arn().unwrap_or_default()).to_owned())
}

/// Shortens an ARN (IAM User Guide, "IAM identifiers").
fn short(arn: &str) -> &str {
    let who = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    who.strip_prefix("assumed-role/").unwrap_or(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_named_without_their_account() {
        assert_eq!(short("arn:aws:iam::111122223333:user/anna"), "user/anna");
        assert_eq!(short("arn:aws:sts::111122223333:assumed-role/Deploy/anna"), "Deploy/anna");
        assert_eq!(short("arn:aws:iam::111122223333:root"), "root");
    }
}
