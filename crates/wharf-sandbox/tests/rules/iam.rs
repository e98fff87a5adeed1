//! What IAM refuses of policies, and what must exist.

use serde_json::{Value, json};

use super::{
    Row, Step, arrange,
    others::{encoded, iam},
    row,
};

pub(super) fn rows() -> Vec<Row> {
    [policies(), lookups()].into_iter().flatten().collect()
}

fn statement(changes: Value) -> Value {
    let base = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    crate::ecs_stage::merged(base, changes)
}

fn put(document: &Value) -> Step {
    let document = encoded(document);
    iam("PutRolePolicy", &format!("RoleName=notes-exec&PolicyName=p&PolicyDocument={document}"))
}

fn inline(rule: &'static str, changes: Value) -> Row {
    row(rule, [put(&json!({"Version": "2012-10-17", "Statement": [statement(changes)]}))])
}

fn trust(rule: &'static str, changes: Value) -> Row {
    let base = json!({
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    });
    let document = json!({"Statement": [crate::ecs_stage::merged(base, changes)]});
    let form = format!("RoleName=x&AssumeRolePolicyDocument={}", encoded(&document));
    row(rule, [iam("CreateRole", &form)])
}

fn policies() -> Vec<Row> {
    vec![
        row("iam/policy-syntax", [put(&json!({"Statements": []}))]),
        row("iam/policy-version", [put(&json!({"Version": "2026-01-01", "Statement": []}))]),
        inline("iam/statement-effect", json!({"Effect": null})),
        inline("iam/statement-action", json!({"Action": null})),
        inline("iam/policy-without-principal", json!({"Principal": "*"})),
        trust("iam/trust-without-resource", json!({"Resource": "*"})),
        trust(
            "iam/principal-exists",
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/none"}}),
        ),
        trust("iam/principal-valid", json!({"Principal": {"Somebody": "else"}})),
    ]
}

fn lookups() -> Vec<Row> {
    let policy = |operation: &'static str, arn: &str| {
        iam(operation, &format!("RoleName=notes-exec&PolicyArn={arn}"))
    };
    let lambda = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let ecs = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let trusting = encoded(&json!({"Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    }]}));
    let create = |more: &str| {
        iam("CreateRole", &format!("RoleName=x&AssumeRolePolicyDocument={trusting}{more}"))
    };
    let ten = arrange(|world| {
        let roles = &mut world.global.iam.roles;
        let role = roles.get_mut("notes-exec").unwrap();
        role.attached = (0..10).map(|at| (format!("p{at}"), String::new())).collect();
    });
    let thousand = arrange(|world| {
        let roles = &mut world.global.iam.roles;
        let one = roles["notes-exec"].clone();
        roles.extend((0..1000).map(|number| (format!("r{number}"), one.clone())));
    });
    vec![
        row("iam/role-exists", [iam("GetRole", "RoleName=none")]),
        row("iam/inline-exists", [iam("GetRolePolicy", "RoleName=notes-exec&PolicyName=none")]),
        row("iam/policy-attached", [policy("DetachRolePolicy", lambda)]),
        row("iam/policy-arn", [policy("AttachRolePolicy", "no-arn-of-a-policy-at-all")]),
        row("iam/ten-policies", [ten, policy("AttachRolePolicy", ecs)]),
        row("iam/roles-count", [thousand, create("")]),
        row("iam/role-path", [create("&Path=/aws-service-role/x/")]),
        row(
            "iam/service-simulated",
            [iam("CreateServiceLinkedRole", "AWSServiceName=none.amazonaws.com")],
        ),
    ]
}
