use super::*;

const NEW: &str = "arn:task-definition/notes-web:2";
const OLD: &str = "arn:task-definition/notes-web:1";

pub(in crate::rollout) fn goal() -> Goal {
    Goal {
        service: "web".into(),
        cluster: "notes".into(),
        name: "notes-web".into(),
        definition: NEW.into(),
        count: Some(2),
        at_least: 0,
        target_groups: vec!["arn:tg".into()],
        log_group: "/wharf/notes/web".into(),
        record: None,
        deployment: Some("ecs-svc/2".into()),
        since: Some(1000.0),
        had_release: true,
        grace: 0,
    }
}

fn new_row(state: State, running: u32) -> Row {
    Row {
        id: "ecs-svc/2".into(),
        primary: true,
        definition: NEW.into(),
        state: Some(state),
        desired: 2,
        running,
        pending: 2 - running,
        created: 1000.0,
        ..Row::default()
    }
}

fn old_row(primary: bool) -> Row {
    Row {
        id: "ecs-svc/1".into(),
        primary,
        definition: OLD.into(),
        state: Some(State::Completed),
        desired: 2,
        running: 2,
        created: 10.0,
        ..Row::default()
    }
}

fn target(state: &str) -> Target {
    Target { address: "10.0.0.1:3000".into(), state: state.into(), description: String::new() }
}

fn picture(rows: Vec<Row>) -> Picture {
    Picture {
        status: "ACTIVE".into(),
        definition: NEW.into(),
        rows,
        targets: vec![target("healthy"), target("healthy")],
        tasks_known: true,
        ..Picture::default()
    }
}

fn event(text: &str) -> Event {
    Event { at: 1100.0, text: text.into() }
}

fn exited(task: &str, exit: i32) -> Stopped {
    Stopped {
        task: task.into(),
        definition: NEW.into(),
        reason: "Essential container in task exited".into(),
        code: "EssentialContainerExited".into(),
        exit: Some(exit),
        created: 1010.0,
        ended: 1050.0,
        ..Stopped::default()
    }
}

fn verdict(goal: &Goal, picture: &Picture, looks: u32) -> Verdict {
    let mut memory = Memory::default();
    memory.remember(goal, &Picture::default());
    (0..looks).for_each(|_| memory.remember(goal, picture));
    decide(goal, picture, &memory)
}

#[test]
fn done_takes_a_completed_deployment_of_ours_with_healthy_targets() {
    let mut seen = picture(vec![new_row(State::Completed, 2)]);
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Done);
    seen.targets.pop();
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going);
    let worker = Goal { target_groups: Vec::new(), ..goal() };
    assert_eq!(verdict(&worker, &seen, 1), Verdict::Done);
}

#[test]
fn running_tasks_alone_are_not_enough() {
    let seen = picture(vec![new_row(State::InProgress, 2), old_row(false)]);
    assert_eq!(verdict(&goal(), &seen, 50), Verdict::Going);
}

#[test]
fn a_count_that_ecs_has_not_taken_in_is_waited_for() {
    let seen = picture(vec![new_row(State::Completed, 2)]);
    assert_eq!(verdict(&Goal { count: Some(3), ..goal() }, &seen, 1), Verdict::Going);
    let down = Goal { count: Some(1), ..goal() };
    assert_eq!(verdict(&down, &seen, 1), Verdict::Going);
}

#[test]
fn an_old_answer_does_not_say_that_enough_tasks_run_where_the_autoscaler_decides() {
    let seen = picture(vec![new_row(State::Completed, 2)]);
    let goal = |at_least| Goal { count: None, at_least, ..goal() };
    assert_eq!(verdict(&goal(2), &seen, 1), Verdict::Done);
    assert_eq!(verdict(&goal(3), &seen, 1), Verdict::Going);
}

#[test]
fn a_target_group_that_is_gone_ends_the_wait() {
    let mut seen = picture(vec![new_row(State::InProgress, 2), old_row(false)]);
    seen.targets.clear();
    seen.cut_off = true;
    assert_eq!(verdict(&goal(), &seen, PATIENCE - 1), Verdict::Going, "it may be new");
    assert_eq!(verdict(&goal(), &seen, PATIENCE), Verdict::CutOff);
}

#[test]
fn an_old_answer_is_no_rollback() {
    let seen = picture(vec![old_row(true)]);
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going);
    assert!(matches!(verdict(&goal(), &seen, PATIENCE), Verdict::RolledBack(_)));
}

#[test]
fn the_deployment_before_of_the_same_revision_does_not_count() {
    let mut before = new_row(State::Completed, 2);
    before.id = "ecs-svc/1".into();
    before.created = 10.0;
    assert_eq!(verdict(&goal(), &picture(vec![before]), 1), Verdict::Going);
}

#[test]
fn a_rollback_is_told_by_the_failed_deployment_beside_it() {
    let mut failed = new_row(State::Failed, 0);
    failed.primary = false;
    failed.reason = "ECS deployment circuit breaker: tasks failed to start.".into();
    let seen = picture(vec![old_row(true), failed.clone()]);
    assert_eq!(
        verdict(&goal(), &seen, 1),
        Verdict::RolledBack("ECS deployment circuit breaker: tasks failed to start".into())
    );
}

#[test]
fn a_rollback_is_told_by_what_ecs_says() {
    let mut back = old_row(true);
    back.state = Some(State::InProgress);
    back.reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".into();
    assert!(matches!(verdict(&goal(), &picture(vec![back]), 1), Verdict::RolledBack(_)));

    let mut seen = picture(vec![old_row(true)]);
    seen.events = vec![event("(service notes-web) rolling back to deployment ecs-svc/1.")];
    assert!(matches!(verdict(&goal(), &seen, 1), Verdict::RolledBack(_)));
}

#[test]
fn a_service_that_once_was_rolled_back_can_be_rolled_out_again() {
    let mut before = old_row(true);
    before.reason =
        "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".into();
    assert_eq!(verdict(&goal(), &picture(vec![before]), 1), Verdict::Going);
}

#[test]
fn wanting_what_ecs_went_back_to_is_no_failure() {
    let mut back = new_row(State::Completed, 2);
    back.reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".into();
    assert_eq!(verdict(&goal(), &picture(vec![back.clone()]), 1), Verdict::Done);
    // A redeployment of the same revision that failed stands under another id.
    back.id = "ecs-svc/3".into();
    assert!(matches!(verdict(&goal(), &picture(vec![back]), 1), Verdict::RolledBack(_)));
}

#[test]
fn a_first_rollout_that_fails_has_nothing_to_go_back_to() {
    let first = Goal { had_release: false, ..goal() };
    let seen = picture(vec![new_row(State::Failed, 0)]);
    assert!(matches!(verdict(&first, &seen, 1), Verdict::Failed(_)));
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going);
    assert!(matches!(verdict(&goal(), &seen, PATIENCE), Verdict::Failed(_)));
}

#[test]
fn two_tasks_with_one_cause_doom_a_rollout() {
    let mut seen = picture(vec![new_row(State::InProgress, 0), old_row(false)]);
    seen.stopped = vec![exited("a1", 1)];
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going);
    seen.stopped.push(exited("b2", 137));
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going);
    seen.stopped.push(exited("c3", 1));
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Doomed(exited("c3", 1)));
}

#[test]
fn what_failed_before_the_change_does_not_doom_it() {
    let mut seen = picture(vec![new_row(State::InProgress, 0)]);
    seen.stopped = vec![exited("a1", 1), exited("b2", 1)];
    let mut memory = Memory::default();
    memory.remember(&goal(), &seen);
    assert_eq!(decide(&goal(), &seen, &memory), Verdict::Going);
    seen.stopped.extend([exited("c3", 1), exited("d4", 1)]);
    memory.remember(&goal(), &seen);
    assert_eq!(decide(&goal(), &seen, &memory), Verdict::Doomed(exited("d4", 1)));
}

#[test]
fn tasks_of_others_and_meant_stops_do_not_doom() {
    let mut seen = picture(vec![new_row(State::InProgress, 0), old_row(false)]);
    let before = Stopped { created: 900.0, ..exited("a", 1) };
    let other = Stopped { definition: OLD.into(), ..exited("b", 1) };
    let scaled = Stopped {
        reason: "Scaling activity initiated by (deployment ecs-svc/2)".into(),
        code: "ServiceSchedulerInitiated".into(),
        ..exited("c", 143)
    };
    let person = Stopped { code: "UserInitiated".into(), ..exited("d", 1) };
    for stopped in [before, other, scaled, person] {
        seen.stopped = vec![stopped.clone(), stopped];
        assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going, "{:?}", seen.stopped[0]);
    }
}

#[test]
fn reasons_that_differ_in_ids_only_are_one_cause() {
    let reason = |id: &str| Stopped {
        reason: format!("ResourceInitializationError: request id: {id}, secret not found"),
        exit: None,
        ..exited(id, 0)
    };
    assert_eq!(reason("a1b2").signature(), reason("c3d4").signature());
}

#[test]
fn only_an_emulator_is_believed_without_any_task() {
    let mut seen = picture(vec![new_row(State::InProgress, 0)]);
    seen.targets.clear();
    assert_eq!(verdict(&goal(), &seen, BARE), Verdict::Going);
    seen.elsewhere = true;
    assert_eq!(verdict(&goal(), &seen, BARE - 1), Verdict::Going);
    assert_eq!(verdict(&goal(), &seen, BARE), Verdict::Done);
    seen.events = vec![event("(service notes-web) has started 1 tasks: (task 1).")];
    assert_eq!(verdict(&goal(), &seen, BARE), Verdict::Going);
}

#[test]
fn the_last_trouble_of_a_target_is_remembered() {
    let mut memory = Memory::default();
    let mut seen = picture(vec![new_row(State::InProgress, 1)]);
    seen.targets = vec![Target { description: "Request timed out".into(), ..target("unhealthy") }];
    memory.remember(&goal(), &seen);
    seen.targets.clear();
    memory.remember(&goal(), &seen);
    assert_eq!(memory.target.as_deref(), Some("Request timed out"));

    seen.events = vec![event(
        "(service notes-web) (port 3000) is unhealthy in (target-group arn:tg) due to (reason \
         Health checks failed with these codes: [404]).",
    )];
    memory.remember(&goal(), &seen);
    assert_eq!(memory.target.as_deref(), Some("Health checks failed with these codes: [404]"));
}

#[test]
fn a_draining_service_is_gone() {
    let seen = Picture { status: "DRAINING".into(), ..picture(Vec::new()) };
    assert_eq!(verdict(&goal(), &seen, 1), Verdict::Going, "an old answer, perhaps");
    assert_eq!(verdict(&goal(), &seen, 6), Verdict::Gone);
}
