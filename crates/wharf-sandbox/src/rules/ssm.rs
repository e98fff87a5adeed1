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
    PARAMETER_EXISTS: "ssm/parameter-exists", 400 "ParameterNotFound",
        "A parameter must exist.",
        "Systems Manager API reference, GetParameter";
    VERSION_EXISTS: "ssm/version-exists", 400 "ParameterVersionNotFound",
        "A version of a parameter must exist.",
        "Systems Manager API reference, GetParameter";
    PATH_FORM: "ssm/path-form", 400 "ValidationException",
        "A path begins with a slash.",
        "Systems Manager API reference, GetParametersByPath";
    FILTER_KNOWN: "ssm/filter-known", 400 "InvalidFilterKey",
        "A filter is one of those there are here.",
        "Systems Manager API reference, DescribeParameters";
    PAGE_TOKEN: "ssm/page-token", 400 "InvalidNextToken",
        "The token of a page comes from the page before.",
        "Systems Manager API reference, DescribeParameters";
    VALUE_SIZE: "ssm/value-size", 400 "ValidationException",
        "A value has up to 4096 characters, in the advanced tier 8192.",
        "Systems Manager user guide, parameter tiers";
    TYPE_GIVEN: "ssm/type-given", 400 "ValidationException",
        "A new parameter has a type.",
        "Systems Manager API reference, PutParameter";
    NAME_FORM: "ssm/name-form", 400 "ValidationException",
        "A name has letters, digits and `._-/`, and begins with a slash if it has any.",
        "Systems Manager API reference, PutParameter";
    FIFTEEN_LEVELS: "ssm/fifteen-levels", 400 "HierarchyLevelLimitExceededException",
        "A name has up to 15 levels.",
        "Systems Manager API reference, PutParameter";
    RESOURCE_TYPE: "ssm/resource-type", 400 "InvalidResourceType",
        "Only the tags of parameters are simulated.",
        "the sandbox";
    RESOURCE_EXISTS: "ssm/resource-exists", 400 "InvalidResourceId",
        "A parameter that is tagged must exist.",
        "Systems Manager API reference, AddTagsToResource";
    PARAMETERS_COUNT: "ssm/parameters-count", 400 "ParameterLimitExceeded",
        "A region has up to 10,000 standard parameters.",
        "Systems Manager user guide, parameter tiers; API reference, PutParameter";
}
