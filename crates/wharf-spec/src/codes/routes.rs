//! E060 to E079: domains, certificates, routes.

use super::Code;

pub(super) const CODES: &[Code] = &[
    Code {
        code: "E060",
        title: "domain",
        explanation: "The name is not one that can be published and certified: it must be a full name such as api.example.com in lower case, without scheme, port, path or wildcard, and lie in the zone that is given with it.",
        fix: "Write the bare name. If its DNS is kept elsewhere, write `zone: external`.",
        example: Some("domain: { names: [notes.example.com], zone: example.com }"),
    },
    Code {
        code: "E061",
        title: "certificate",
        explanation: "`certificate` is `auto`, or the ARN of a certificate of ACM in the stack's own region: a balancer cannot use one of another region.",
        fix: "Write `auto`, or import or request the certificate in the stack's region.",
        example: Some("domain: { names: [notes.example.com], certificate: auto }"),
    },
    Code {
        code: "E062",
        title: "number of names",
        explanation: "A certificate of ACM holds ten names, unless the quota was raised. All domains of a stack share one certificate.",
        fix: "Drop names, or bring an own certificate by its ARN, for example one with a wildcard.",
        example: None,
    },
    Code {
        code: "E063",
        title: "domains that disagree",
        explanation: "All domains of a stack share one HTTPS listener on one balancer, so `certificate` and `tls` must be the same for all of them.",
        fix: "Write the same value everywhere, or put it under `defaults`.",
        example: None,
    },
    Code {
        code: "E070",
        title: "two services for all requests",
        explanation: "One balancer stands in front of all services that have a `port`. A service without route and domain gets the requests that nobody else wants, and only one can.",
        fix: "Give all but one of them a `route` or a `domain`.",
        example: Some("route: { path: /api/* }"),
    },
    Code {
        code: "E071",
        title: "two services for the same requests",
        explanation: "The same host and path lead to two services, or stand twice in one list.",
        fix: "Tell the services apart by host or path.",
        example: Some("route: { host: api.example.com }"),
    },
    Code {
        code: "E072",
        title: "route",
        explanation: "A host is a name in lower case, a path begins with a slash; both may contain `*` and `?`. A listener rule takes five hosts and paths together.",
        fix: "Correct the pattern, or use fewer and wider ones.",
        example: Some("route: { host: shop.example.com, path: [/api/*, /hooks/*] }"),
    },
    Code {
        code: "E073",
        title: "a route never tried",
        explanation: "A balancer takes the first rule that matches. wharf puts longer paths before shorter ones and any path before none, so a longer pattern that matches everything of a shorter one takes all its requests: `/api*` comes before `/api`, and `/*` before a service without a path.",
        fix: "Narrow the longer pattern, or tell the services apart by host.",
        example: Some("route: { path: /api/* }"),
    },
];
