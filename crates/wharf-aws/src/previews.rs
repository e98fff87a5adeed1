//! Environments that a spec does not declare: made like one that it does, for as long as they are wanted.

use wharf_graph::StackId;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;
use crate::reads::ec2;
use crate::tags;

/// An environment made like a declared one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its name.
    pub env: String,
    /// Until when it is wanted, RFC 3339; `None` for as long as nobody destroys it.
    pub expires: Option<String>,
}

/// Lists the environments of an app that are made like the declared environment `from`, in this account and
/// region, by name. Each says so itself, on the group around its tasks.
pub async fn list(aws: &Aws, app: &str, from: &str) -> Result<Vec<Preview>, AwsError> {
    let mut found = Vec::new();
    let mut token = None::<String>;
    loop {
        let page = aws
            .caller
            .call("ec2:DescribeSecurityGroups", || {
                let ask = aws.ec2.describe_security_groups();
                ask.filters(ec2::filter(&format!("tag:{}", tags::APP), app))
                    .filters(ec2::filter(&format!("tag:{}", tags::FROM), from))
                    .max_results(ec2::PAGE)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        found.extend(page.security_groups().iter().filter_map(|group| {
            let own = ec2::tags(group.tags());
            let env = own.get(tags::ENV)?.clone();
            let stack = StackId { app: app.to_owned(), env: Some(env.clone()) };
            // Each has another one around its balancer, perhaps.
            let tasks = names::security_group(&stack, "tasks");
            let expires = own.get(tags::EXPIRES).cloned();
            (group.group_name() == Some(&tasks)).then_some(Preview { env, expires })
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            found.sort_by(|one, two| one.env.cmp(&two.env));
            return Ok(found);
        }
    }
}
