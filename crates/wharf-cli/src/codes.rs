//! What every code means: those of the spec, of the checks against the account, and
//! of the causes that [`wharf_doctor`] names.
//!
//! A check of [`crate::checks`] that has no entry here, or an entry without a check, fails a test.

use wharf_spec::Code;

/// Checks against the account.
const ACCOUNT: &[Code] = &[
    Code {
        code: "W201",
        title: "an image elsewhere, without a digest",
        explanation: "The registry did not say within two seconds which digest the tag stands for, so the reference is used as written. A new push under the same tag is then not seen by a plan, and two tasks of one service may run different images.",
        fix: "Name the image by its digest, or keep it in the service's own repository, where every plan resolves the tag.",
        example: Some("image: nginx@sha256:…"),
    },
    Code {
        code: "W202",
        title: "image of another architecture",
        explanation: "The image was built for another processor than the task has. The container would end at once with `exec format error`.",
        fix: "Build it for the task's platform, or set `platform` of the service to the image's.",
        example: Some("platform: linux/arm64"),
    },
    Code {
        code: "W203",
        title: "few free addresses in a subnet",
        explanation: "Every task has an address of its own, also those of a rollout that run beside the old ones, and a balancer wants eight free addresses in each of its subnets to grow into. With too few, a rollout waits with `InsufficientFreeAddressesInSubnet`.",
        fix: "Use larger or more subnets under `network`, or lower `deploy.max_running`.",
        example: None,
    },
    Code {
        code: "W204",
        title: "more than a default quota allows",
        explanation: "The spec alone asks for more of something than AWS allows by default: rules or targets of one balancer, inbound rules of one security group, or, at the first apply, vCPUs of Fargate. Quotas can be raised, and whether they were is not read.",
        fix: "Have the quota raised in Service Quotas, or ask for less.",
        example: None,
    },
    Code {
        code: "W205",
        title: "a hosted zone that nobody asks",
        explanation: "A certificate waits until ACM finds the record that proves the ownership of the name, and it asks the name servers that the world is led to. Those are not the ones of the hosted zone in the account, so the record will not be found: the domain is registered elsewhere, or there are two zones of the same name.",
        fix: "Let the registrar, or the zone above, name the four name servers of the hosted zone (`aws route53 get-hosted-zone`); or name the other zone with `domain.zone`, or keep the records by hand with `zone: external`.",
        example: None,
    },
    Code {
        code: "W206",
        title: "an alarm that cannot roll anything back",
        explanation: "`deploy.rollback_on_alarms` names an alarm that CloudWatch does not have in the region, so nothing goes off when the new release is bad; or one that is going off already, which Amazon ECS ignores for the whole rollout.",
        fix: "Correct the name, or create the alarm (`aws cloudwatch put-metric-alarm`); see why an alarm is going off before you roll out, or take it out of the list.",
        example: Some("deploy: { rollback_on_alarms: [notes-5xx] }"),
    },
    Code {
        code: "E201",
        title: "no VPC",
        explanation: "The VPC the spec names is not there, or more than one fits, or the region has no default VPC.",
        fix: "Name one under `network.vpc`, or create the default VPC again with `aws ec2 create-default-vpc`.",
        example: Some("network: { vpc: \"tag:Name=main\" }"),
    },
    Code {
        code: "E202",
        title: "subnets in fewer than two zones",
        explanation: "A balancer stands in subnets of at least two availability zones, one of each.",
        fix: "Add a subnet in another zone, or choose another VPC or other subnets under `network`.",
        example: None,
    },
    Code {
        code: "E203",
        title: "no way out from the tasks' subnets",
        explanation: "A task pulls its image and its secrets and writes its logs over the network. From these subnets no route leads to an internet or NAT gateway, and the VPC endpoints that would do instead are not there, so no task would start.",
        fix: "Add a NAT gateway, or the endpoints ecr.api, ecr.dkr, logs and s3 (and those of the secrets), or use public subnets.",
        example: Some("network: { tasks: public }"),
    },
    Code {
        code: "E204",
        title: "tasks in a zone the balancer does not serve",
        explanation: "A target in a zone for which the balancer has no subnet gets no traffic.",
        fix: "Name subnets of the balancer's zones under `network.tasks`, or give the balancer a subnet there.",
        example: None,
    },
    Code {
        code: "E205",
        title: "subnets that do not fit",
        explanation: "A subnet named in the spec is not in the VPC, or is private where a public one is needed, or is the second one of its zone.",
        fix: "Correct the names under `network`.",
        example: None,
    },
    Code {
        code: "E206",
        title: "a domain outside every zone",
        explanation: "The records of a domain name go to a public hosted zone of this account, and none contains the name, or several fit.",
        fix: "Create the zone and point the registrar to its name servers, name it with `domain.zone`, or keep the records elsewhere with `zone: external`.",
        example: Some("domain: { names: [notes.example.com], zone: external }"),
    },
    Code {
        code: "E207",
        title: "a secret that does not exist",
        explanation: "A task whose secret is missing does not start.",
        fix: "Create the parameter or the secret in the stack's region; the message has the command.",
        example: None,
    },
    Code {
        code: "E208",
        title: "a secret marked for deletion",
        explanation: "A secret that is scheduled for deletion cannot be read any more, so no new task would start.",
        fix: "Restore it with `aws secretsmanager restore-secret`, or refer to another.",
        example: None,
    },
    Code {
        code: "E209",
        title: "a role that tasks cannot take",
        explanation: "`permissions` names a role by its ARN, and there is no such role in the account, or its trust policy does not let `ecs-tasks.amazonaws.com` assume it. ECS takes the task definition all the same, and then no task starts.",
        fix: "Correct the ARN, or add `ecs-tasks.amazonaws.com` to the trust policy of the role; or write the statements under `permissions`, and wharf makes a role.",
        example: Some("permissions: arn:aws:iam::111122223333:role/notes-api"),
    },
    Code {
        code: "E210",
        title: "a certificate that cannot be used",
        explanation: "`domain.certificate` names a certificate by its ARN, and there is no such certificate in the region, it is not issued (or has expired), or it is not for every name of the stack's services. A listener takes only issued certificates, and browsers refuse one that is for other names.",
        fix: "Correct the ARN, wait until the certificate is issued, or have one issued for all names; or write `certificate: auto`, and wharf requests one.",
        example: Some("domain: { names: [notes.example.com], certificate: auto }"),
    },
    Code {
        code: "E211",
        title: "requests that cannot move together",
        explanation: "With `strategy: blue-green`, `linear` or `canary`, ECS moves the requests of a service from the old tasks to the new ones by the weights of one listener rule. The paths of this service take several rules, because a path of another service belongs between two of them.",
        fix: "Change the paths so that none of another service lies between them, or write `strategy: rolling`.",
        example: Some("deploy: { strategy: rolling }"),
    },
    Code {
        code: "E212",
        title: "a balancer that cannot be shared",
        explanation: "`balancer.use` names a balancer owned elsewhere, and the stack cannot be put behind it: there is no such application load balancer in the region (or several have the tag), it is in another VPC than the tasks, it has no listener for what the stack needs, no certificate of its listener is for a name of the stack's, or a rule of somebody else's takes the same requests already.",
        fix: "Follow the message: correct the name or the network, let the owner add a listener or a certificate, or choose another host or path.",
        example: Some("balancer: { use: edge }"),
    },
    Code {
        code: "E213",
        title: "a cluster that cannot be used",
        explanation: "`cluster.use` names an ECS cluster owned elsewhere, and the stack's tasks cannot run in it: there is no such cluster in the region, it is in another account, it is not active, it is the stack's own, or it lacks the capacity providers that `spot` takes.",
        fix: "Follow the message: correct the name, let the owner add the capacity provider, or leave `cluster` out, and wharf makes a cluster for the stack. Tasks without `spot` run in any cluster.",
        example: Some("cluster: { use: main }"),
    },
];

/// Returns the explanation of every code wharf can show, in the order of the codes.
pub(crate) fn all() -> Vec<Code> {
    let mut codes = wharf_spec::codes();
    codes.extend_from_slice(ACCOUNT);
    codes.extend(wharf_doctor::codes().map(|found| Code {
        code: found.code,
        title: found.title,
        explanation: found.explanation,
        fix: found.help,
        example: None,
    }));
    codes.sort_by_key(|code| code.code);
    codes
}

/// Says where codes of this kind come from.
pub(crate) fn source(code: &str) -> &'static str {
    match code.as_bytes() {
        [b'C', ..] => "a cause found by wharf doctor",
        [b'E', b'0', ..] => "an error in the spec",
        [b'W', b'1', ..] => "a warning about the spec",
        [b'E', ..] => "an error found in the account",
        _ => "a warning about the account",
    }
}
