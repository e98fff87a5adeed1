//! Roles owned elsewhere: used, never written to.

use crate::world::{World, addresses, same, sample};

const REGION: &str = "ap-southeast-2";
pub(crate) const ARN: &str = "arn:aws:iam::111122223333:role/app/notes-web";

/// Creates a role that this service may take.
pub(crate) fn role(world: &World, service: &str) {
    let trust = format!(
        "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A\
         %7B%22Service%22%3A%22{service}%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
    );
    world.aws_query(
        REGION,
        "iam",
        &format!(
            "Action=CreateRole&Version=2010-05-08&RoleName=notes-web&Path=%2Fapp%2F&AssumeRolePolicyDocument={trust}"
        ),
    );
}

fn spec() -> String {
    sample("minimal") + "    permissions: " + ARN + "\n"
}

#[test]
fn a_role_owned_elsewhere_is_used_as_it_is() {
    let world = World::new(&spec());
    // Nothing is there yet, then something that does not fit.
    let missing = world.wharf(&["plan"]).expect(1);
    assert!(
        missing.stderr.contains("error[E209]") && missing.stderr.contains("there is no role"),
        "{}",
        missing.stderr
    );
    role(&world, "ecs-tasks.amazonaws.com");
    world.apply();
    world.converged();
    let before = world.contents();
    let plan = world.wharf(&["plan", "--full"]).expect(0).stdout;
    assert!(!plan.contains("web/task"), "{plan}");
    let json = world.contents().to_string();
    assert!(json.contains(&format!("\"taskRoleArn\":\"{ARN}\"")), "the task has it");
    // The role itself is as it was, through a whole life.
    world.destroy();
    let role =
        |contents: &serde_json::Value| contents["global"]["iam"]["roles"]["notes-web"].clone();
    assert!(role(&before).is_object(), "{before:#}");
    same(&role(&world.contents()), &role(&before));
}

#[test]
fn tasks_move_from_a_role_of_their_own_to_another_and_back() {
    let world = World::sample("minimal");
    world.apply();
    role(&world, "ecs-tasks.amazonaws.com");
    world.write(&spec());
    let moved = addresses(&world.plan());
    for address in ["role.web/task", "task_definition.web", "service.web"] {
        assert!(moved.contains(address), "{address} in {moved:?}");
    }
    world.wharf(&["apply", "--yes", "--allow-delete"]).expect(0);
    world.converged();
    world.write(&sample("minimal"));
    world.apply();
    world.converged();
    world.destroy();
}

#[test]
fn a_role_that_tasks_cannot_take_stops_a_plan() {
    let world = World::new(&spec());
    role(&world, "lambda.amazonaws.com");
    let refused = world.wharf(&["plan"]).expect(1);
    assert!(refused.stderr.contains("does not name ecs-tasks.amazonaws.com"), "{}", refused.stderr);
    assert!(world.wharf(&["explain", "E209"]).expect(0).stdout.contains("trust policy"));
}
