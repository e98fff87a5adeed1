//! What Secrets Manager refuses.

use super::rules;

rules! { "Secrets Manager"
    NAME_UNIQUE: "secrets/name-unique", 400 "ResourceExistsException",
        "A secret is made once.",
        "Secrets Manager API reference, CreateSecret";
    NAME_NOT_MARKED: "secrets/name-not-marked", 400 "InvalidRequestException",
        "The name of a secret marked for deletion is taken.",
        "Secrets Manager API reference, CreateSecret";
    NOT_MARKED: "secrets/not-marked", 400 "InvalidRequestException",
        "The value of a secret marked for deletion cannot be read.",
        "Secrets Manager API reference, GetSecretValue";
    RECOVERY_WINDOW: "secrets/recovery-window", 400 "InvalidParameterException",
        "A recovery window has 7 to 30 days.",
        "Secrets Manager API reference, DeleteSecret";
    SECRET_EXISTS: "secrets/secret-exists", 400 "ResourceNotFoundException",
        "A secret must exist.",
        "Secrets Manager API reference, ResourceNotFoundException";
    VALUE_EXISTS: "secrets/value-exists", 400 "ResourceNotFoundException",
        "A version that is read must exist.",
        "Secrets Manager API reference, GetSecretValue";
    PAGE_TOKEN: "secrets/page-token", 400 "InvalidNextTokenException",
        "The token of a page comes from the page before.",
        "Secrets Manager API reference, ListSecrets";
    NAME_FORM: "secrets/name-form", 400 "ValidationException",
        "A name has letters, digits and `/_+=.@-`.",
        "Secrets Manager API reference, CreateSecret";
    VALUE_GIVEN: "secrets/value-given", 400 "InvalidRequestException",
        "A new version has a value.",
        "Secrets Manager API reference, PutSecretValue";
    FORCE_OR_WINDOW: "secrets/force-or-window", 400 "InvalidParameterException",
        "A forced deletion has no recovery window.",
        "Secrets Manager API reference, DeleteSecret";
}
