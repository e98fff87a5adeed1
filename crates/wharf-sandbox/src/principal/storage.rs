//! ECR, CloudWatch and its logs, Secrets Manager and Systems Manager: what their requests take.

use super::demand::{Asked, Demand};
use crate::tags::{self, Tags};

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic Container
/// Registry".
pub(super) fn ecr(asked: &Asked<'_>) -> Vec<Demand> {
    let account = asked.input.str_or("registryId", &asked.world.account);
    let repository = |name: &str| {
        let (partition, region) = (&asked.world.partition, asked.region);
        format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
    };
    match asked.operation {
        "GetAuthorizationToken" => asked.anywhere("ecr"),
        // Without names it is about all of them.
        "DescribeRepositories" => {
            let names = asked.input.strings("repositoryNames");
            let names = if names.is_empty() { vec!["*".to_owned()] } else { names };
            asked.each("ecr", names.iter().map(|name| repository(name)))
        }
        "ListTagsForResource" | "UntagResource" => {
            asked.each("ecr", [asked.text("resourceArn").to_owned()])
        }
        "TagResource" => {
            let tags = tags::from_list(&asked.input, "tags");
            let all = asked.each("ecr", [asked.text("resourceArn").to_owned()]);
            all.into_iter().map(|one| one.requesting(&tags)).collect()
        }
        "CreateRepository" => {
            let tags = tags::from_list(&asked.input, "tags");
            let arn = repository(asked.text("repositoryName"));
            created(asked.each("ecr", [arn]), "ecr:TagResource", &tags)
        }
        _ => asked.each("ecr", [repository(asked.text("repositoryName"))]),
    }
}

/// Creating with tags takes permission to tag (ECR User Guide, "Identity-based policy examples"; the
/// same in the CloudWatch Logs and Systems Manager guides).
fn created(demands: Vec<Demand>, tagging: &str, tags: &Tags) -> Vec<Demand> {
    let mut all = Vec::new();
    for demand in demands {
        let demand = demand.requesting(tags);
        if !tags.is_empty() {
            all.push(Demand { action: tagging.to_owned(), ..demand.clone() });
        }
        all.push(demand);
    }
    all
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch".
pub(super) fn cloudwatch(asked: &Asked<'_>) -> Vec<Demand> {
    let given = asked.input.strings("AlarmNames").into_iter();
    let mut names: Vec<String> =
        given.chain(asked.input.str("AlarmName").map(str::to_owned)).collect();
    if names.is_empty() {
        names.push("*".to_owned());
    }
    let arns = names.iter().map(|name| asked.arn("cloudwatch", &format!("alarm:{name}")));
    let demands = asked.each("cloudwatch", arns);
    match asked.operation {
        "PutMetricAlarm" => {
            created(demands, "cloudwatch:TagResource", &tags::from_list(&asked.input, "Tags"))
        }
        _ => demands,
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch Logs".
pub(super) fn logs(asked: &Asked<'_>) -> Vec<Demand> {
    let group = || asked.arn("logs", &format!("log-group:{}", asked.text("logGroupName")));
    match asked.operation {
        "DescribeLogGroups" => asked.anywhere("logs"),
        "CreateLogGroup" => {
            created(asked.each("logs", [group()]), "logs:TagResource", &asked.input.map("tags"))
        }
        "TagResource" => {
            let all = asked.each("logs", [asked.text("resourceArn").to_owned()]);
            all.into_iter().map(|one| one.requesting(&asked.input.map("tags"))).collect()
        }
        "UntagResource" | "ListTagsForResource" => {
            asked.each("logs", [asked.text("resourceArn").to_owned()])
        }
        "GetLogEvents" | "PutLogEvents" | "DeleteLogStream" => {
            let stream = asked.text("logStreamName");
            asked.each("logs", [format!("{}:log-stream:{stream}", group())])
        }
        _ => asked.each("logs", [group()]),
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Secrets Manager".
pub(super) fn secrets(asked: &Asked<'_>) -> Vec<Demand> {
    if asked.operation == "ListSecrets" {
        return asked.anywhere("secretsmanager");
    }
    let id = asked.text("SecretId");
    let here = asked.world.regions.get(asked.region);
    let known = here.and_then(|here| here.secrets.secrets.get(id)).map(|found| found.arn.clone());
    let arn = known.unwrap_or_else(|| {
        if id.starts_with("arn:") {
            id.to_owned()
        } else {
            asked.arn("secretsmanager", &format!("secret:{id}"))
        }
    });
    asked.each("secretsmanager", [arn])
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Systems Manager".
pub(super) fn ssm(asked: &Asked<'_>) -> Vec<Demand> {
    let parameter =
        |name: &str| asked.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')));
    match asked.operation {
        "DescribeParameters" => asked.anywhere("ssm"),
        "GetParametersByPath" => asked.each("ssm", [parameter(asked.text("Path"))]),
        "GetParameters" | "DeleteParameters" => {
            asked.each("ssm", asked.input.strings("Names").iter().map(|name| parameter(name)))
        }
        "PutParameter" => {
            let tags = tags::from_list(&asked.input, "Tags");
            let own = asked.each("ssm", [parameter(asked.text("Name"))]);
            created(own, "ssm:AddTagsToResource", &tags)
        }
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => {
            asked.each("ssm", [parameter(asked.text("ResourceId"))])
        }
        _ => asked.each("ssm", [parameter(asked.text("Name"))]),
    }
}
