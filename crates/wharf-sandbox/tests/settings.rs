//! Parameters, secrets and the tagging API.

use serde_json::{Value, json};
use wharf_sandbox::{Options, Sandbox, services::secrets::state::SecretProblem};

use crate::common::{Answer, json, sandbox};

async fn ssm(sandbox: &Sandbox, operation: &str, input: Value) -> Answer {
    json(sandbox, "ssm", operation, input).await
}

async fn secrets(sandbox: &Sandbox, operation: &str, input: Value) -> Answer {
    json(sandbox, "secretsmanager", operation, input).await
}

#[tokio::test]
async fn a_parameter_is_made_once_unless_overwritten() {
    let sandbox = sandbox();
    let put = |overwrite: bool| json!({"Name": "/wharf/a/lease/1", "Value": "x", "Type": "String", "Overwrite": overwrite});
    assert_eq!(ssm(&sandbox, "PutParameter", put(false)).await.ok()["Version"], 1);
    assert_eq!(ssm(&sandbox, "PutParameter", put(false)).await.code(), "ParameterAlreadyExists");
    assert_eq!(ssm(&sandbox, "PutParameter", put(true)).await.ok()["Version"], 2);
    let got = ssm(&sandbox, "GetParameter", json!({"Name": "/wharf/a/lease/1"})).await.ok();
    assert_eq!(got["Parameter"]["Value"], "x");
    let none = ssm(&sandbox, "GetParameter", json!({"Name": "/wharf/none"})).await;
    assert_eq!(none.code(), "ParameterNotFound");
    for (name, value) in [("a/b", "x"), ("/a b", "x"), ("/a", ""), ("/a", &"x".repeat(4097))] {
        let bad = json!({"Name": name, "Value": value, "Type": "String"});
        let bad = ssm(&sandbox, "PutParameter", bad).await;
        assert_eq!(bad.code(), "ValidationException", "{name}");
    }
}

#[tokio::test]
async fn the_samples_parameters_are_there_and_stay_encrypted_unless_asked() {
    let sandbox = sandbox();
    let names = json!({"Names": ["/notes/database_url", "/nope"]});
    let got = ssm(&sandbox, "GetParameters", names).await.ok();
    assert_eq!(got["InvalidParameters"], json!(["/nope"]));
    assert_eq!(got["Parameters"][0]["Type"], "SecureString");
    let hidden = got["Parameters"][0]["Value"].as_str().unwrap();
    assert!(!hidden.contains("postgres"), "{hidden}");
    let names = json!({"Name": "/notes/database_url", "WithDecryption": true});
    let got = ssm(&sandbox, "GetParameter", names).await.ok();
    assert!(got["Parameter"]["Value"].as_str().unwrap().starts_with("postgres://"));
    let many: Vec<String> = (0..11).map(|n| format!("/n{n}")).collect();
    let many = ssm(&sandbox, "GetParameters", json!({"Names": many})).await;
    assert_eq!(many.code(), "ValidationException");
    let path = json!({"Path": "/notes", "Recursive": true});
    let under = ssm(&sandbox, "GetParametersByPath", path).await.ok();
    assert_eq!(under["Parameters"].as_array().unwrap().len(), 3);
    let filter = json!({"ParameterFilters": [
        {"Key": "Name", "Option": "BeginsWith", "Values": ["/shop"]},
    ]});
    let listed = ssm(&sandbox, "DescribeParameters", filter).await.ok();
    assert_eq!(listed["Parameters"][0]["Name"], "/shop/database_url");
    assert_eq!(listed["Parameters"][0].get("Value"), None);
    let bare = Sandbox::in_memory(Options { seed_defaults: false, ..Options::default() });
    let listed = ssm(&bare, "DescribeParameters", json!({})).await.ok();
    assert_eq!(listed["Parameters"], json!([]));
}

#[tokio::test]
async fn a_secret_is_found_by_name_arn_and_partial_arn() {
    let sandbox = sandbox();
    let found = secrets(&sandbox, "DescribeSecret", json!({"SecretId": "notes/prod"})).await.ok();
    let arn = found["ARN"].as_str().unwrap().to_owned();
    let partial = arn.rsplit_once('-').unwrap().0.to_owned();
    for id in [&arn, &partial] {
        let value = secrets(&sandbox, "GetSecretValue", json!({"SecretId": id})).await.ok();
        assert!(value["SecretString"].as_str().unwrap().contains("stripe_key"));
    }
    let none = secrets(&sandbox, "DescribeSecret", json!({"SecretId": "nope"})).await;
    assert_eq!(none.code(), "ResourceNotFoundException");
    let again = secrets(&sandbox, "CreateSecret", json!({"Name": "notes/prod"})).await;
    assert_eq!(again.code(), "ResourceExistsException");
    sandbox.with_world(|world| {
        let read = |text: &str| world.secret("eu-west-1", text);
        assert!(read(&format!("{arn}:stripe_key::")).unwrap().starts_with("sk_"));
        let missing = read(&format!("{arn}:other::")).unwrap_err();
        assert_eq!(missing, SecretProblem::NoKey("other".to_owned()));
        assert!(read("/notes/database_url").is_ok());
        let parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/notes/database_url";
        assert!(read(parameter).is_ok());
        assert_eq!(read("/notes/nope").unwrap_err(), SecretProblem::NotFound);
    });
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_is_marked_before_it_goes() {
    let sandbox = sandbox();
    let delete = json!({"SecretId": "notes", "RecoveryWindowInDays": 7});
    let arn = secrets(&sandbox, "DeleteSecret", delete).await.ok()["ARN"].clone();
    let value = secrets(&sandbox, "GetSecretValue", json!({"SecretId": "notes"})).await;
    assert_eq!(value.code(), "InvalidRequestException");
    let shown = secrets(&sandbox, "DescribeSecret", json!({"SecretId": "notes"})).await.ok();
    assert!(shown["DeletedDate"].is_number());
    sandbox.with_world(|world| {
        let problem = world.secret("eu-west-1", arn.as_str().unwrap()).unwrap_err();
        assert_eq!(problem, SecretProblem::MarkedForDeletion);
    });
    tokio::time::sleep(std::time::Duration::from_hours(7 * 24)).await;
    let gone = secrets(&sandbox, "DescribeSecret", json!({"SecretId": "notes"})).await;
    assert_eq!(gone.code(), "ResourceNotFoundException");
}

#[tokio::test]
async fn the_tagging_api_filters_and_pages() {
    let sandbox = sandbox();
    for name in ["a1", "b1", "c1"] {
        let tags = json!([{"Key": "wharf:app", "Value": "notes"}, {"Key": "n", "Value": name}]);
        let input = json!({"repositoryName": name, "tags": tags});
        json(&sandbox, "ecr", "CreateRepository", input).await.ok();
    }
    json(&sandbox, "ecr", "CreateRepository", json!({"repositoryName": "untagged"})).await.ok();
    let group = json!({"logGroupName": "/g", "tags": {"wharf:app": "notes"}});
    json(&sandbox, "logs", "CreateLogGroup", group).await.ok();

    let get = |input: Value| json(&sandbox, "tagging", "GetResources", input);
    let arns = |value: &Value| -> Vec<String> {
        let list = value["ResourceTagMappingList"].as_array().unwrap();
        list.iter().map(|item| item["ResourceARN"].as_str().unwrap().to_owned()).collect()
    };
    let filters = json!([{"Key": "wharf:app", "Values": ["notes"]}]);
    let all = get(json!({"TagFilters": filters})).await.ok();
    assert_eq!(arns(&all).len(), 4);
    let first = get(json!({"TagFilters": filters, "ResourcesPerPage": 3})).await.ok();
    assert_eq!(arns(&first).len(), 3);
    let token = first["PaginationToken"].clone();
    let second = get(json!({"TagFilters": filters, "PaginationToken": token})).await.ok();
    assert_eq!(second["PaginationToken"], "");
    assert_eq!([arns(&first), arns(&second)].concat(), arns(&all));
    let typed = json!({"ResourceTypeFilters": ["logs:log-group"]});
    assert_eq!(arns(&get(typed).await.ok()).len(), 1);
    let both = json!({"TagFilters": filters, "ResourceARNList": [arns(&all)[0]]});
    assert_eq!(get(both).await.code(), "InvalidParameterException");
    let by_arn = json!({"ResourceARNList": [arns(&all)[0]]});
    assert_eq!(arns(&get(by_arn).await.ok()), arns(&all)[..1]);
}
