//! A word on what to do with policies.

use wharf_aws::permissions::Verb;
use wharf_spec::Stack;

use super::add;

/// Says how the policies are attached to a role, and what bounds them.
pub(crate) fn how(stack: &Stack, verb: Verb, count: usize, part: Option<u16>) -> String {
    let (name, verb) = (stack.name(), verb.as_str());
    let env = stack.env.as_ref().map(|env| format!(" --env {env}")).unwrap_or_default();
    let mut out = String::new();
    if count > 1 && part.is_none() {
        add(
            &mut out,
            format_args!(
                "These are {count} policies, since one may have {} characters; attach all of them. \
                 `--part N` prints one.\n",
                wharf_aws::permissions::LARGEST
            ),
        );
    }
    out.push_str("To make and attach them to a role:\n");
    for number in 1..=count {
        let (suffix, part) = if count == 1 {
            (String::new(), String::new())
        } else {
            (format!("-{number}"), format!(" --part {number}"))
        };
        add(
            &mut out,
            format_args!(
                "  wharf iam {verb}{env}{part} --format json > {verb}{suffix}.json\n  \
                 aws iam create-policy --policy-name wharf-{name}-{verb}{suffix} \
                 --policy-document file://{verb}{suffix}.json\n"
            ),
        );
    }
    out.push_str("  aws iam attach-role-policy --role-name ROLE --policy-arn ARN\n");
    if stack.account.is_none() {
        out.push_str(
            "The spec names no account, so the resources are those of any; add `account:` to bind them.\n",
        );
    }
    if !stack.domain_names().is_empty() {
        out.push_str(
            "DNS records are bound to the names in the spec. When a name leaves it, the policies of the \
             old spec are needed once more, to remove its records.\n",
        );
    }
    out.trim_end().to_owned()
}
