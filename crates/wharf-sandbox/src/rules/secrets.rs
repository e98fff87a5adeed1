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
}
