//! What every service refuses: input that breaks a constraint of its API.

use super::{BY_SERVICE, rules};

rules! { "Every service"
    TYPE: "input/type", 400 BY_SERVICE,
        "A member has the type that the service's model gives it.",
        "the service's model";
    MEMBER_KNOWN: "input/member-known", 400 BY_SERVICE,
        "A member is known to the service's model. AWS ignores others but in EC2 and Route 53; nobody should send them.",
        "the service's model; EC2 API reference, error codes";
    REQUIRED: "input/required", 400 BY_SERVICE,
        "Required members are there.",
        "the service's model";
    LENGTH: "input/length", 400 BY_SERVICE,
        "Text is neither too short nor too long.",
        "the service's model";
    SIZE: "input/size", 400 BY_SERVICE,
        "Lists and maps have neither too few members nor too many.",
        "the service's model";
    RANGE: "input/range", 400 BY_SERVICE,
        "Numbers are neither too small nor too large.",
        "the service's model";
    PATTERN: "input/pattern", 400 BY_SERVICE,
        "Text has the form that the model's regular expression says.",
        "the service's model";
    ENUM: "input/enum", 400 BY_SERVICE,
        "A value is one of those there are.",
        "the service's model";
}
