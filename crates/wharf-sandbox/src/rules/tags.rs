//! What every service refuses of tags (AWS General Reference, "Tagging AWS resources").

use super::{BY_SERVICE, rules};

rules! { "Every service"
    COUNT: "tags/count", 400 BY_SERVICE,
        "A resource has up to 50 tags.",
        "AWS General Reference, tagging; each API reference";
    KEY: "tags/key", 400 BY_SERVICE,
        "A tag's key has 1 to 128 characters.",
        "AWS General Reference, tagging";
    VALUE: "tags/value", 400 BY_SERVICE,
        "A tag's value has up to 256 characters.",
        "AWS General Reference, tagging";
    RESERVED: "tags/reserved", 400 BY_SERVICE,
        "Keys that begin with `aws:` are reserved.",
        "AWS General Reference, tagging";
}
