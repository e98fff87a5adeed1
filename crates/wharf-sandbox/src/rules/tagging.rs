//! What the tagging API refuses.

use super::rules;

rules! { "Tagging"
    ARNS_OR_FILTERS: "tagging/arns-or-filters", 400 "InvalidParameterException",
        "Resources are chosen by ARNs or by filters.",
        "Resource Groups Tagging API reference, GetResources";
    HUNDRED_TYPES: "tagging/hundred-types", 400 "InvalidParameterException",
        "Up to 100 types are chosen.",
        "Resource Groups Tagging API reference, GetResources";
}
