//! The errors services give for reasons of their own.

use crate::error::{AwsError, SandboxError};

/// Returns the error a service throttles with.
///
/// Botocore models and each API reference's common errors; the retry lists of the SDKs name all of
/// these codes.
pub(crate) fn throttled(service: &str) -> AwsError {
    match service {
        // EC2 developer guide, API request throttling; EC2 answers it with 503.
        "ec2" => AwsError::new("RequestLimitExceeded", "Request limit exceeded.").with_status(503),
        // ELB, IAM, STS and Route 53 API references, common errors of the XML protocols.
        "elasticloadbalancing" | "iam" | "sts" | "route53" => {
            AwsError::new("Throttling", "Rate exceeded")
        }
        // Tagging API reference, GetResources.
        "tagging" => AwsError::new("ThrottledException", "Rate exceeded"),
        // EventBridge Scheduler API reference.
        "scheduler" => AwsError::new("ThrottlingException", "Rate exceeded").with_status(429),
        _ => AwsError::new("ThrottlingException", "Rate exceeded"),
    }
}

/// Returns the error an operation has for another change of the same thing that is still under way.
///
/// Botocore models, the errors of each operation; the text of `RegisterTaskDefinition` is that which the
/// Terraform provider retries.
pub(crate) fn conflict(service: &str, operation: &str) -> Option<AwsError> {
    let (code, status, message) = match (service, operation) {
        ("route53", "ChangeResourceRecordSets") => (
            "PriorRequestNotComplete",
            400,
            "The request was rejected because Route 53 was still processing a prior request.",
        ),
        (
            "iam",
            "CreateRole"
            | "DeleteRole"
            | "UpdateAssumeRolePolicy"
            | "PutRolePolicy"
            | "DeleteRolePolicy"
            | "AttachRolePolicy"
            | "DetachRolePolicy"
            | "TagRole"
            | "UntagRole",
        ) => (
            "ConcurrentModification",
            409,
            "The request was rejected because multiple requests to change this object were \
             submitted simultaneously.",
        ),
        (
            "logs",
            "CreateLogGroup" | "DeleteLogGroup" | "PutRetentionPolicy" | "DeleteRetentionPolicy",
        ) => (
            "OperationAbortedException",
            400,
            "A conflicting operation is currently in progress against this resource. Please try again.",
        ),
        ("ecs", "RegisterTaskDefinition") => (
            "ClientException",
            400,
            "Too many concurrent attempts to create a new revision of the specified family.",
        ),
        ("ecs", "DeleteCluster" | "PutClusterCapacityProviders") => (
            "UpdateInProgressException",
            400,
            "There's already a current Amazon ECS container agent update in progress.",
        ),
        ("acm", "DeleteCertificate") => (
            "ConflictException",
            400,
            "You are trying to update a resource or configuration that is already being created or \
             updated.",
        ),
        _ => return None,
    };
    Some(AwsError::new(code, message).with_status(status))
}

/// Returns the error a service gives when it fails itself (botocore models).
pub(crate) fn server_error(service: &str) -> AwsError {
    let (code, status) = match service {
        "ec2" => ("InternalError", 500),
        "ecs" | "ecr" => ("ServerException", 500),
        "iam" => ("ServiceFailure", 500),
        "logs" => ("ServiceUnavailableException", 503),
        "route53" => ("ServiceUnavailable", 503),
        "scheduler" => ("InternalServerException", 500),
        "secretsmanager" => ("InternalServiceError", 500),
        "ssm" => ("InternalServerError", 500),
        "tagging" => ("InternalServiceException", 500),
        _ => ("InternalFailure", 500),
    };
    AwsError::server(code, "The service failed; this answer is a fault of the sandbox's plan.")
        .with_status(status)
}

/// What stands for the answer to a call whose connection broke before it was carried out.
pub(crate) fn none() -> AwsError {
    AwsError::new("", "").with_status(0)
}

/// Reports a fault of the sandbox itself: the disk, not the request.
pub(crate) fn broken(error: &SandboxError) -> AwsError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    AwsError::server("InternalFailure", message)
}

#[cfg(test)]
mod tests {
    use super::{server_error, throttled};
    use crate::services;

    #[test]
    fn every_service_fails_in_its_own_words() {
        for service in services::ALL {
            assert!((500..600).contains(&server_error(service.name).status), "{}", service.name);
            let code = throttled(service.name).code;
            assert!(code.contains("Thrott") || code.contains("Limit"), "{}", service.name);
        }
        assert_eq!(throttled("ec2").status, 503);
        assert_eq!(throttled("ecs").code, "ThrottlingException");
        assert_eq!(throttled("route53").code, "Throttling");
    }
}
