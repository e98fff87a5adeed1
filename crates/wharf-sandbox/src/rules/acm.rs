//! What ACM refuses.

use super::rules;

rules! { "ACM"
    CERTIFICATE_UNUSED: "acm/certificate-unused", 400 "ResourceInUseException",
        "A certificate that a listener uses cannot be deleted.",
        "ACM API reference, DeleteCertificate";
    FIRST_NAME_LENGTH: "acm/first-name-length", 400 "InvalidDomainValidationOptionsException",
        "The first name of a certificate has up to 64 characters.",
        "ACM API reference, RequestCertificate";
    TEN_NAMES: "acm/ten-names", 400 "LimitExceededException",
        "A certificate has up to ten names.",
        "ACM user guide, quotas";
    CERTIFICATE_EXISTS: "acm/certificate-exists", 400 "ResourceNotFoundException",
        "A certificate must exist.",
        "ACM API reference, DescribeCertificate";
    DNS_ONLY: "acm/dns-only", 400 "InvalidParameterException",
        "Certificates are validated by DNS; nothing else is simulated.",
        "the sandbox";
    CERTIFICATE_ARN: "acm/certificate-arn", 400 "InvalidArnException",
        "The ARN of a certificate is one of this account and region.",
        "ACM API reference, DescribeCertificate";
    CERTIFICATES_COUNT: "acm/certificates-count", 400 "LimitExceededException",
        "A region has up to 2500 certificates.",
        "ACM user guide, quotas; ACM API reference, RequestCertificate";
}
