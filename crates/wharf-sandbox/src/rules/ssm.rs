//! What Systems Manager refuses.

use super::rules;

rules! { "Systems Manager"
    PARAMETER_NAME_UNIQUE: "ssm/parameter-name-unique", 400 "ParameterAlreadyExists",
        "A parameter is made once, or overwritten.",
        "Systems Manager API reference, PutParameter";
    TAGS_OR_OVERWRITE: "ssm/tags-or-overwrite", 400 "ValidationException",
        "Tags cannot be given with an overwrite.",
        "Systems Manager API reference, PutParameter";
    NAME_RESERVED: "ssm/name-reserved", 400 "AccessDeniedException",
        "A parameter's name does not begin with `aws` or `ssm`.",
        "Systems Manager API reference, PutParameter";
}
