//! Roles and their policies.

use std::time::Duration;

use wharf_sandbox::Sandbox;

use crate::common::{Answer, query, sandbox};

const TASKS: &str = "ecs-tasks.amazonaws.com";
const EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

fn trust(service: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

fn policy(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

async fn iam(sandbox: &Sandbox, operation: &str, form: &str) -> Answer {
    query(sandbox, "iam", operation, form).await
}

async fn role(sandbox: &Sandbox, name: &str) -> Answer {
    let form = format!("RoleName={name}&AssumeRolePolicyDocument={}", trust(TASKS));
    iam(sandbox, "CreateRole", &form).await
}

#[tokio::test(start_paused = true)]
async fn a_new_role_is_known_to_services_some_seconds_later() {
    let sandbox = sandbox();
    let arn = role(&sandbox, "notes-task").await.element("Arn");
    assert_eq!(arn, "arn:aws:iam::111122223333:role/notes-task");
    let assumable = |who: &str| sandbox.with_world(|world| world.role_assumable(&arn, who));
    assert!(!assumable(TASKS));
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(assumable(TASKS));
    assert!(!assumable("ecs.amazonaws.com"));
    let form = format!("RoleName=notes-task&PolicyDocument={}", trust("ecs.amazonaws.com"));
    assert_eq!(iam(&sandbox, "UpdateAssumeRolePolicy", &form).await.status, 200);
    assert!(!assumable(TASKS));
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let sandbox = sandbox();
    role(&sandbox, "notes").await;
    let (good, own) = (trust(TASKS), policy("a:b", "*"));
    let long = "a".repeat(65);
    let huge = policy(&"a".repeat(10_300), "*");
    let cases = [
        (
            "CreateRole",
            format!("RoleName=NOTES&AssumeRolePolicyDocument={good}"),
            "EntityAlreadyExists",
        ),
        ("CreateRole", format!("RoleName=a!&AssumeRolePolicyDocument={good}"), "ValidationError"),
        (
            "CreateRole",
            format!("RoleName={long}&AssumeRolePolicyDocument={good}"),
            "ValidationError",
        ),
        (
            "CreateRole",
            "RoleName=a&AssumeRolePolicyDocument={".to_owned(),
            "MalformedPolicyDocument",
        ),
        (
            "CreateRole",
            format!("RoleName=a&AssumeRolePolicyDocument={own}"),
            "MalformedPolicyDocument",
        ),
        (
            "CreateRole",
            format!("RoleName=a&AssumeRolePolicyDocument={}", trust("me")),
            "MalformedPolicyDocument",
        ),
        (
            "CreateRole",
            format!("RoleName=a&MaxSessionDuration=60&AssumeRolePolicyDocument={good}"),
            "ValidationError",
        ),
        ("GetRole", "RoleName=none".to_owned(), "NoSuchEntity"),
        (
            "SimulatePrincipalPolicy",
            "PolicySourceArn=arn:aws:iam::111122223333:role/none&ActionNames.member.1=a:B"
                .to_owned(),
            "NoSuchEntity",
        ),
        ("DeleteRole", "RoleName=none".to_owned(), "NoSuchEntity"),
        ("GetRolePolicy", "RoleName=notes&PolicyName=p".to_owned(), "NoSuchEntity"),
        ("DeleteRolePolicy", "RoleName=notes&PolicyName=p".to_owned(), "NoSuchEntity"),
        (
            "PutRolePolicy",
            format!("RoleName=notes&PolicyName=p&PolicyDocument={good}"),
            "MalformedPolicyDocument",
        ),
        (
            "PutRolePolicy",
            format!("RoleName=notes&PolicyName=p&PolicyDocument={huge}"),
            "LimitExceeded",
        ),
        (
            "AttachRolePolicy",
            "RoleName=notes&PolicyArn=arn:aws:iam::aws:policy/None".to_owned(),
            "NoSuchEntity",
        ),
        ("DetachRolePolicy", format!("RoleName=notes&PolicyArn={EXECUTION}"), "NoSuchEntity"),
        (
            "TagRole",
            "RoleName=notes&Tags.member.1.Key=aws:x&Tags.member.1.Value=y".to_owned(),
            "InvalidInput",
        ),
    ];
    for (operation, form, code) in cases {
        let answer = iam(&sandbox, operation, &form).await;
        assert_eq!(answer.element("Code"), code, "{operation} {form}");
    }
}

#[tokio::test]
async fn a_role_cannot_go_with_its_policies() {
    let sandbox = sandbox();
    role(&sandbox, "notes").await;
    let attached = format!("RoleName=notes&PolicyArn={EXECUTION}");
    assert_eq!(iam(&sandbox, "AttachRolePolicy", &attached).await.status, 200);
    let document = policy("s3:GetObject", "*");
    let form = format!("RoleName=notes&PolicyName=own&PolicyDocument={document}");
    assert_eq!(iam(&sandbox, "PutRolePolicy", &form).await.status, 200);
    let may = "PolicySourceArn=arn:aws:iam::111122223333:role/notes&ActionNames.member.1=s3:GetObject\
               &ActionNames.member.2=s3:PutObject";
    let may = iam(&sandbox, "SimulatePrincipalPolicy", may).await;
    assert_eq!(may.elements("EvalDecision"), ["allowed", "implicitDeny"]);
    let read = iam(&sandbox, "GetRolePolicy", "RoleName=notes&PolicyName=own").await;
    assert!(read.element("PolicyDocument").starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    for undo in [
        ("DetachRolePolicy", attached.as_str()),
        ("DeleteRolePolicy", "RoleName=notes&PolicyName=own"),
    ] {
        let refused = iam(&sandbox, "DeleteRole", "RoleName=notes").await;
        assert_eq!((refused.status, refused.element("Code").as_str()), (409, "DeleteConflict"));
        assert_eq!(iam(&sandbox, undo.0, undo.1).await.status, 200);
    }
    assert_eq!(iam(&sandbox, "DeleteRole", "RoleName=notes").await.status, 200);
    assert_eq!(iam(&sandbox, "GetRole", "RoleName=notes").await.status, 404);
}

#[tokio::test]
async fn roles_are_listed_by_path_without_their_tags() {
    let sandbox = sandbox();
    let form = format!(
        "RoleName=a&Path=/wharf/notes/&Tags.member.1.Key=k&Tags.member.1.Value=v\
         &AssumeRolePolicyDocument={}",
        trust(TASKS)
    );
    let made = iam(&sandbox, "CreateRole", &form).await;
    assert_eq!(made.element("Arn"), "arn:aws:iam::111122223333:role/wharf/notes/a");
    role(&sandbox, "b").await;
    let listed = iam(&sandbox, "ListRoles", "PathPrefix=/wharf/").await;
    assert_eq!(listed.elements("RoleName"), ["a"]);
    assert!(!listed.body.contains("<Tags>"));
    assert!(iam(&sandbox, "GetRole", "RoleName=a").await.body.contains("<Key>k</Key>"));
    let page = iam(&sandbox, "ListRoles", "MaxItems=1").await;
    assert_eq!(page.element("IsTruncated"), "true");
    let rest = iam(&sandbox, "ListRoles", &format!("Marker={}", page.element("Marker"))).await;
    assert_eq!(rest.elements("RoleName"), ["b"]);
}

#[tokio::test]
async fn policies_say_what_a_role_may_do() {
    let sandbox = sandbox();
    let arn = role(&sandbox, "notes").await.element("Arn");
    let allows = |action: &str, resource: &str| {
        sandbox.with_world(|world| world.role_allows(&arn, action, resource))
    };
    assert!(!allows("ecr:BatchGetImage", "*"));
    let form = format!("RoleName=notes&PolicyArn={EXECUTION}");
    iam(&sandbox, "AttachRolePolicy", &form).await;
    assert!(allows("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:1:repository/a"));
    let document = policy("secretsmanager:Get*", "arn:aws:secretsmanager:*:secret:a-??????");
    let form = format!("RoleName=notes&PolicyName=own&PolicyDocument={document}");
    iam(&sandbox, "PutRolePolicy", &form).await;
    let secret = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf");
    assert!(allows("secretsmanager:GetSecretValue", &secret("a")));
    assert!(!allows("secretsmanager:GetSecretValue", &secret("b")));
    assert!(!allows("secretsmanager:PutSecretValue", &secret("a")));
}

#[tokio::test]
async fn service_linked_roles_are_made_once_and_are_not_ours_to_change() {
    let sandbox = sandbox();
    let form = "AWSServiceName=elasticloadbalancing.amazonaws.com";
    let made = iam(&sandbox, "CreateServiceLinkedRole", form).await;
    assert_eq!(made.element("RoleName"), "AWSServiceRoleForElasticLoadBalancing");
    let again = iam(&sandbox, "CreateServiceLinkedRole", form).await;
    assert_eq!(again.element("Code"), "InvalidInput");
    assert!(again.element("Message").contains("has been taken in this account"));
    let form = "RoleName=AWSServiceRoleForElasticLoadBalancing";
    assert_eq!(iam(&sandbox, "DeleteRole", form).await.element("Code"), "UnmodifiableEntity");
}
