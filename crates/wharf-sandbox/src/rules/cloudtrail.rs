//! What CloudTrail refuses.

use super::rules;

rules! { "CloudTrail"
    ONE_ATTRIBUTE: "cloudtrail/one-attribute", 400 "InvalidLookupAttributesException",
        "Events are looked up by one attribute.",
        "CloudTrail API reference, LookupEvents";
    TIMES_IN_ORDER: "cloudtrail/times-in-order", 400 "InvalidTimeRangeException",
        "A time range ends after it begins.",
        "CloudTrail API reference, LookupEvents";
    PAGE_TOKEN: "cloudtrail/page-token", 400 "InvalidNextTokenException",
        "The token of a page comes from the page before.",
        "CloudTrail API reference, LookupEvents";
}
