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

/// Returns the error a service gives when it fails itself (botocore models).
pub(crate) fn server_error(service: &str) -> AwsError {
    let (code, status) = match service {
        "ec2" => ("InternalError", 500),
        "ecs" | "ecr" => ("ServerException", 500),
        "iam" => ("ServiceFailure", 500),
        "logs" => ("ServiceUnavailableException", 503),
        "route53" => ("ServiceUnavailable", 503),
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
