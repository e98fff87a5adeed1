//! The policies AWS manages, as far as tasks need them.

/// The managed policies that exist here, by the part of the ARN after `policy/`.
const KNOWN: &[&str] = &[
    "service-role/AmazonECSTaskExecutionRolePolicy",
    "service-role/AmazonEC2ContainerServiceEventsRole",
    "AmazonECSInfrastructureRolePolicyForLoadBalancers",
    "AdministratorAccess",
    "ReadOnlyAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonSQSFullAccess",
    "AmazonSSMReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchLogsFullAccess",
    "CloudWatchAgentServerPolicy",
    "SecretsManagerReadWrite",
    "AWSXRayDaemonWriteAccess",
];

/// Says whether AWS manages a policy of this ARN.
pub(super) fn exists(arn: &str) -> bool {
    let path = arn.split_once(":iam::aws:policy/").map(|(_, path)| path);
    path.is_some_and(|path| KNOWN.contains(&path))
}

/// Returns the document of a managed policy by its name, if it matters here.
pub(super) fn document(name: &str) -> Option<&'static str> {
    match name {
        // ECS developer guide, "Amazon ECS task execution IAM role".
        "AmazonECSTaskExecutionRolePolicy" => Some(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
            "ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream",
            "logs:PutLogEvents"],"Resource":"*"}]}"#,
        ),
        "AdministratorAccess" => {
            Some(r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#)
        }
        "SecretsManagerReadWrite" => {
            Some(r#"{"Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}"#)
        }
        "AmazonSSMReadOnlyAccess" => Some(
            r#"{"Statement":[{"Effect":"Allow","Action":["ssm:Get*","ssm:List*","ssm:Describe*"],
            "Resource":"*"}]}"#,
        ),
        _ => None,
    }
}
