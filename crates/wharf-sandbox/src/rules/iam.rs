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
}
