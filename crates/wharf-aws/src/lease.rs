//! Parameters that hold the lease of a stack: one for each epoch, which only one contender can make.
//!
//! This is the storage alone; when a lease expires and who may take it over is decided elsewhere.

use aws_sdk_ssm::types::ParameterType;
use wharf_graph::StackId;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;

/// Largest page (Systems Manager API reference, `GetParametersByPath`).
const PAGE: i32 = 10;

/// One epoch of the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseEntry {
    /// Its number; the highest is the one in force.
    pub epoch: u64,
    /// What its holder wrote.
    pub value: String,
}

/// How making an epoch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is made, by this call or by an earlier try of it.
    Made,
    /// Somebody else made it.
    Taken,
}

/// Lists the epochs of a stack's lease, lowest first.
pub async fn list(aws: &Aws, stack: &StackId) -> Result<Vec<LeaseEntry>, AwsError> {
    let prefix = names::lease_prefix(stack);
    let path = prefix.trim_end_matches('/');
    let (mut found, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = aws
            .caller
            .call("ssm:GetParametersByPath", || {
                aws.ssm
                    .get_parameters_by_path()
                    .path(path)
                    .recursive(false)
                    .max_results(PAGE)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        found.extend(page.parameters().iter().filter_map(|parameter| {
            let epoch = epoch(parameter.name()?, &prefix)?;
            Some(LeaseEntry { epoch, value: parameter.value()?.to_owned() })
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            found.sort_by_key(|entry| entry.epoch);
            return Ok(found);
        }
    }
}

/// Makes an epoch unless it exists. A value that nobody else would write makes a repeated call
/// recognise its own first try, should the answer to that have been lost.
pub async fn create(aws: &Aws, stack: &StackId, entry: &LeaseEntry) -> Result<Claim, AwsError> {
    match put(aws, stack, entry, false).await {
        Ok(()) => Ok(Claim::Made),
        Err(error) if error.is(&["ParameterAlreadyExists"]) => {
            let name = name(stack, entry.epoch);
            let got = aws
                .caller
                .call("ssm:GetParameter", || aws.ssm.get_parameter().name(&name).send())
                .await;
            match got {
                Ok(got) => {
                    let value = got.parameter().and_then(|parameter| parameter.value());
                    Ok(if value == Some(entry.value.as_str()) { Claim::Made } else { Claim::Taken })
                }
                // Made by somebody else and gone again: it was not ours.
                Err(error) if error.is(&["ParameterNotFound"]) => Ok(Claim::Taken),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Writes a new value into an epoch the caller holds.
pub async fn renew(aws: &Aws, stack: &StackId, entry: &LeaseEntry) -> Result<(), AwsError> {
    put(aws, stack, entry, true).await
}

/// Removes an epoch. Absence is success.
pub async fn remove(aws: &Aws, stack: &StackId, epoch: u64) -> Result<(), AwsError> {
    let name = name(stack, epoch);
    let removed = aws
        .caller
        .call("ssm:DeleteParameter", || aws.ssm.delete_parameter().name(&name).send())
        .await;
    match removed {
        Err(error) if !error.is(&["ParameterNotFound"]) => Err(error),
        _ => Ok(()),
    }
}

async fn put(
    aws: &Aws,
    stack: &StackId,
    entry: &LeaseEntry,
    overwrite: bool,
) -> Result<(), AwsError> {
    let name = name(stack, entry.epoch);
    aws.caller
        .call("ssm:PutParameter", || {
            aws.ssm
                .put_parameter()
                .name(&name)
                .value(&entry.value)
                .r#type(ParameterType::String)
                .overwrite(overwrite)
                .send()
        })
        .await?;
    Ok(())
}

fn name(stack: &StackId, epoch: u64) -> String {
    format!("{}{epoch}", names::lease_prefix(stack))
}

fn epoch(name: &str, prefix: &str) -> Option<u64> {
    name.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_below_the_prefix_are_epochs() {
        let stack = StackId { app: "notes".into(), env: Some("prod".into()) };
        let prefix = names::lease_prefix(&stack);
        assert_eq!(epoch(&name(&stack, 7), &prefix), Some(7));
        assert_eq!(epoch("/wharf/notes/prod/lease/x", &prefix), None);
        assert_eq!(epoch("/wharf/notes/staging/lease/7", &prefix), None);
    }
}
