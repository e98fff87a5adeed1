//! Where a release comes from: the commit that is checked out, and who applies it.

use wharf_aws::Origin;
use wharf_aws::operate::caller::caller;
use wharf_image::Source;
use wharf_plan::{Op, Plan};

use crate::image::folder;
use crate::session::Session;

/// Variables in which pipelines name the person who started them: GitHub, GitLab, Buildkite, `CircleCI`.
const PEOPLE: &[&str] =
    &["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME"];
/// Variables in which they name the commit, for a checkout without git.
const COMMITS: &[&str] = &["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1"];
/// How much of a commit is kept.
const DIGITS: usize = 12;

/// Finds out what is to be noted on the releases of a plan; nothing, and without asking anybody, when it
/// makes none. What cannot be found out is left out.
pub(crate) async fn origin(session: &Session, plan: &Plan) -> Origin {
    let releases = plan.steps.iter().any(|step| {
        step.address.kind() == "task_definition" && matches!(step.op, Op::Create { .. })
    });
    if !releases {
        return Origin::default();
    }
    let commit = match Source::of(&folder(&session.global)).await {
        Some(source) => Some(named(&source.commit, source.dirty)),
        None => first(COMMITS).map(|commit| named(&commit, false)),
    };
    let identity = caller(&session.aws).await.ok();
    let by = match (first(PEOPLE), identity) {
        (Some(person), Some(identity)) => Some(format!("{person} as {identity}")),
        (person, identity) => person.or(identity),
    };
    Origin { commit, by }
}

fn named(commit: &str, dirty: bool) -> String {
    let short = commit.get(..DIGITS).unwrap_or(commit);
    if dirty { format!("{short} dirty") } else { short.to_owned() }
}

fn first(variables: &[&str]) -> Option<String> {
    variables.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}
