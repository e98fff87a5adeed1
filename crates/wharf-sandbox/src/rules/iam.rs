//! What IAM refuses.

use super::rules;

rules! { "IAM"
    ROLE_NAME_UNIQUE: "iam/role-name-unique", 409 "EntityAlreadyExists",
        "A role's name is unique in the account, whatever its case and path.",
        "IAM API reference, CreateRole";
    ROLE_DETACHED: "iam/role-detached", 409 "DeleteConflict",
        "A role with managed policies cannot be deleted.",
        "IAM API reference, DeleteRole";
    ROLE_WITHOUT_POLICIES: "iam/role-without-policies", 409 "DeleteConflict",
        "A role with inline policies cannot be deleted.",
        "IAM API reference, DeleteRole";
    TRUST_SIZE: "iam/trust-size", 409 "LimitExceeded",
        "A trust policy has up to 2048 characters.",
        "IAM user guide, quotas";
    SERVICE_LINKED: "iam/service-linked", 400 "UnmodifiableEntity",
        "Service-linked roles cannot be changed or deleted.",
        "IAM API reference, DeleteRole";
    SERVICE_LINKED_ONCE: "iam/service-linked-once", 400 "InvalidInput",
        "A service-linked role is made once.",
        "IAM API reference, CreateServiceLinkedRole";
    TRUST_PRINCIPAL: "iam/trust-principal", 400 "MalformedPolicyDocument",
        "A trust policy names a principal.",
        "IAM user guide, policy elements";
    POLICY_RESOURCES: "iam/policy-resources", 400 "MalformedPolicyDocument",
        "An inline policy names resources.",
        "IAM user guide, policy elements";
    POLICIES_SIZE: "iam/policies-size", 409 "LimitExceeded",
        "Inline policies of a role have up to 10,240 characters together.",
        "IAM user guide, quotas";
    POLICY_KNOWN: "iam/policy-known", 404 "NoSuchEntity",
        "A managed policy must exist.",
        "IAM API reference, AttachRolePolicy";
    ROLE_EXISTS: "iam/role-exists", 404 "NoSuchEntity",
        "A role must exist.",
        "IAM API reference, GetRole";
    INLINE_EXISTS: "iam/inline-exists", 404 "NoSuchEntity",
        "An inline policy must exist.",
        "IAM API reference, GetRolePolicy";
    POLICY_ATTACHED: "iam/policy-attached", 404 "NoSuchEntity",
        "Only a policy that is attached can be detached.",
        "IAM API reference, DetachRolePolicy";
    TEN_POLICIES: "iam/ten-policies", 409 "LimitExceeded",
        "A role has up to ten managed policies.",
        "IAM user guide, quotas";
    ROLES_COUNT: "iam/roles-count", 409 "LimitExceeded",
        "An account has up to 1000 roles.",
        "IAM user guide, quotas";
    POLICY_ARN: "iam/policy-arn", 400 "InvalidInput",
        "A managed policy is named by an ARN.",
        "IAM API reference, AttachRolePolicy";
    ROLE_PATH: "iam/role-path", 400 "ValidationError",
        "Paths of services are for service-linked roles.",
        "IAM API reference, CreateRole";
    SERVICE_SIMULATED: "iam/service-simulated", 400 "InvalidInput",
        "Service-linked roles are those of ECS, ELB and Application Auto Scaling.",
        "the sandbox";
    POLICY_SYNTAX: "iam/policy-syntax", 400 "MalformedPolicyDocument",
        "A policy is JSON with known elements and statements.",
        "IAM user guide, policy elements";
    POLICY_VERSION: "iam/policy-version", 400 "MalformedPolicyDocument",
        "A policy has one of the two versions there are.",
        "IAM user guide, policy elements";
    STATEMENT_EFFECT: "iam/statement-effect", 400 "MalformedPolicyDocument",
        "A statement allows or denies.",
        "IAM user guide, policy elements";
    STATEMENT_ACTION: "iam/statement-action", 400 "MalformedPolicyDocument",
        "A statement names actions.",
        "IAM user guide, policy elements";
    TRUST_WITHOUT_RESOURCE: "iam/trust-without-resource", 400 "MalformedPolicyDocument",
        "A trust policy names no resource.",
        "IAM user guide, policy elements";
    POLICY_WITHOUT_PRINCIPAL: "iam/policy-without-principal", 400 "MalformedPolicyDocument",
        "An inline policy names no principal.",
        "IAM user guide, policy elements";
    PRINCIPAL_VALID: "iam/principal-valid", 400 "MalformedPolicyDocument",
        "A principal is of a known kind and possible.",
        "IAM user guide, policy elements";
    PRINCIPAL_EXISTS: "iam/principal-exists", 400 "MalformedPolicyDocument",
        "A role of the account that a trust policy names exists and is known everywhere.",
        "IAM user guide, policy elements, principal; Terraform provider, iam/role";
}
