//! What Elastic Load Balancing refuses.

use super::rules;

rules! { "Elastic Load Balancing"
    TWO_ZONES: "elbv2/two-zones", 400 "ValidationError",
        "A balancer needs subnets in two availability zones.",
        "ELB API reference, CreateLoadBalancer";
    ONE_SUBNET_A_ZONE: "elbv2/one-subnet-a-zone", 400 "InvalidConfigurationRequest",
        "A balancer has one subnet of a zone at most.",
        "ELB API reference, CreateLoadBalancer";
    SUBNET_EXISTS: "elbv2/subnet-exists", 400 "SubnetNotFound",
        "Subnets of a balancer must exist.",
        "ELB API reference, CreateLoadBalancer";
    SUBNETS_OF_ONE_VPC: "elbv2/subnets-of-one-vpc", 400 "InvalidSubnet",
        "Subnets of a balancer must be in one VPC.",
        "ELB API reference, CreateLoadBalancer";
    GROUPS_OF_THE_VPC: "elbv2/groups-of-the-vpc", 400 "InvalidSecurityGroup",
        "Security groups of a balancer must exist, in its VPC.",
        "ELB API reference, CreateLoadBalancer";
    GROUP_GIVEN: "elbv2/group-given", 400 "ValidationError",
        "The security groups of a balancer cannot be taken away altogether.",
        "ELB API reference, SetSecurityGroups";
    INTERNET_GATEWAY: "elbv2/internet-gateway", 400 "InvalidSubnet",
        "An internet-facing balancer needs an internet gateway in its VPC.",
        "ELB user guide, create a balancer";
    BALANCER_NAME_UNIQUE: "elbv2/balancer-name-unique", 400 "DuplicateLoadBalancerName",
        "A balancer of the same name must have the same settings.",
        "ELB API reference, CreateLoadBalancer";
    DELETION_PROTECTION: "elbv2/deletion-protection", 400 "OperationNotPermitted",
        "A protected balancer cannot be deleted.",
        "ELB API reference, DeleteLoadBalancer";
    NAME: "elbv2/name", 400 "ValidationError",
        "Names are up to 32 letters, digits and hyphens, with no hyphen at the ends; a balancer's not beginning with `internal-`.",
        "ELB API reference, CreateLoadBalancer";
    ATTRIBUTE_KNOWN: "elbv2/attribute-known", 400 "ValidationError",
        "Attributes must be known.",
        "ELB API reference, ModifyLoadBalancerAttributes";
    ATTRIBUTE_VALUE: "elbv2/attribute-value", 400 "InvalidConfigurationRequest",
        "Attributes must have a possible value.",
        "ELB API reference, ModifyTargetGroupAttributes";
    DEFAULT_RULE: "elbv2/default-rule", 400 "OperationNotPermitted",
        "The default rule of a listener cannot be deleted.",
        "ELB API reference, DeleteRule";
    BALANCER_EXISTS: "elbv2/balancer-exists", 400 "LoadBalancerNotFound",
        "A listener needs a balancer that exists.",
        "ELB API reference, CreateListener";
    TARGET_GROUP_EXISTS: "elbv2/target-group-exists", 400 "TargetGroupNotFound",
        "A forward action needs a target group that exists.",
        "ELB API reference, CreateListener";
    TARGET_GROUP_NAME_UNIQUE: "elbv2/target-group-name-unique", 400 "DuplicateTargetGroupName",
        "A target group of the same name must have the same settings.",
        "ELB API reference, CreateTargetGroup";
    TARGET_GROUP_UNUSED: "elbv2/target-group-unused", 400 "ResourceInUse",
        "A target group that a listener or rule uses cannot be deleted.",
        "ELB API reference, DeleteTargetGroup";
    CHECK_TIMEOUT: "elbv2/check-timeout", 400 "ValidationError",
        "The time-out of a health check is below its interval.",
        "ELB API reference, CreateTargetGroup";
    CHECK_PATH: "elbv2/check-path", 400 "ValidationError",
        "The path of a health check begins with `/`.",
        "ELB API reference, CreateTargetGroup";
    CHECK_CODES: "elbv2/check-codes", 400 "ValidationError",
        "The codes of a health check are between 200 and 499.",
        "ELB API reference, Matcher";
    PORT_ONCE: "elbv2/port-once", 400 "DuplicateListener",
        "A balancer has one listener on a port.",
        "ELB API reference, CreateListener";
    CERTIFICATE_GIVEN: "elbv2/certificate-given", 400 "ValidationError",
        "An HTTPS listener needs a certificate.",
        "ELB API reference, CreateListener";
    NO_CERTIFICATE_ON_HTTP: "elbv2/no-certificate-on-http", 400 "ValidationError",
        "An HTTP listener has neither certificate nor TLS policy.",
        "ELB API reference, CreateListener";
    POLICY_KNOWN: "elbv2/policy-known", 400 "SSLPolicyNotFound",
        "A TLS policy must exist.",
        "ELB API reference, CreateListener";
    CERTIFICATE_EXISTS: "elbv2/certificate-exists", 400 "CertificateNotFound",
        "The certificate of a listener must exist.",
        "ELB API reference, CreateListener";
    CERTIFICATE_ISSUED: "elbv2/certificate-issued", 400 "UnsupportedCertificate",
        "The certificate of a listener must be issued.",
        "ELB API reference, CreateListener; Terraform provider, elbv2/listener";
    DEFAULT_CERTIFICATE: "elbv2/default-certificate", 400 "OperationNotPermitted",
        "The default certificate of a listener cannot be removed.",
        "ELB API reference, RemoveListenerCertificates";
    ONE_BALANCER: "elbv2/one-balancer", 400 "TargetGroupAssociationLimit",
        "A target group belongs to one balancer.",
        "ELB API reference, CreateListener";
    TARGET_GROUP_OF_THE_VPC: "elbv2/target-group-of-the-vpc", 400 "InvalidConfigurationRequest",
        "A target group must be in the VPC of the balancer.",
        "ELB API reference, CreateListener";
    REDIRECT_LOOP: "elbv2/redirect-loop", 400 "InvalidLoadBalancerAction",
        "A redirect must change something.",
        "ELB user guide, redirect actions";
    PRIORITY_FREE: "elbv2/priority-free", 400 "PriorityInUse",
        "Rules of a listener have different priorities.",
        "ELB API reference, CreateRule";
    TARGET_IN_VPC: "elbv2/target-in-vpc", 400 "InvalidTarget",
        "An address that is registered must be in the VPC of the target group.",
        "ELB API reference, RegisterTargets";
    CONDITION_ONCE: "elbv2/condition-once", 400 "ValidationError",
        "A rule has one condition of a field, but of headers and queries.",
        "ELB API reference, RuleCondition";
    CONDITION_FIELD: "elbv2/condition-field", 400 "ValidationError",
        "The field of a condition is one of those there are.",
        "ELB API reference, RuleCondition";
    CONDITION_GIVEN: "elbv2/condition-given", 400 "ValidationError",
        "A condition has values.",
        "ELB API reference, RuleCondition";
    CONDITION_VALUE: "elbv2/condition-value", 400 "ValidationError",
        "The value of a condition has the form and length of its field.",
        "ELB API reference, RuleCondition";
    FIVE_VALUES: "elbv2/five-values", 400 "ValidationError",
        "A rule has up to five condition values.",
        "ELB user guide, quotas";
    FIVE_WILDCARDS: "elbv2/five-wildcards", 400 "ValidationError",
        "A rule has up to five wildcards.",
        "ELB user guide, quotas";
    CONDITION_FORMS_AGREE: "elbv2/condition-forms-agree", 400 "ValidationError",
        "Values given in both forms of a condition are the same.",
        "ELB API reference, RuleCondition";
    CERTIFICATES_ON_HTTPS: "elbv2/certificates-on-https", 400 "ValidationError",
        "Only HTTPS listeners get further certificates.",
        "ELB API reference, AddListenerCertificates";
    CERTIFICATES_COUNT: "elbv2/certificates-count", 400 "TooManyCertificates",
        "A listener has up to 25 certificates besides its default.",
        "ELB user guide, quotas";
    ONE_DEFAULT_CERTIFICATE: "elbv2/one-default-certificate", 400 "ValidationError",
        "A listener is made with one certificate.",
        "ELB API reference, CreateListener";
    AUTHENTICATION_SIMULATED: "elbv2/authentication-simulated", 400 "InvalidLoadBalancerAction",
        "Actions that authenticate are not simulated.",
        "the sandbox";
    ONE_ACTION: "elbv2/one-action", 400 "InvalidLoadBalancerAction",
        "Of forward, redirect and fixed response there is one, at the end.",
        "ELB API reference, Action";
    FORWARD_TARGET: "elbv2/forward-target", 400 "ValidationError",
        "A forward action names a target group.",
        "ELB API reference, Action";
    FORWARD_FORMS_AGREE: "elbv2/forward-forms-agree", 400 "ValidationError",
        "A target group given in both forms of a forward action is the same.",
        "ELB API reference, Action";
    FIVE_TARGET_GROUPS: "elbv2/five-target-groups", 400 "TooManyTargetGroups",
        "A forward action has up to five target groups.",
        "ELB user guide, quotas";
    FORWARD_ONCE: "elbv2/forward-once", 400 "ValidationError",
        "A forward action names a target group once.",
        "ELB API reference, ForwardActionConfig";
    STICKINESS_DURATION: "elbv2/stickiness-duration", 400 "ValidationError",
        "Stickiness that is on has a duration of 1 to 604,800 seconds.",
        "ELB API reference, TargetGroupStickinessConfig";
    REDIRECT_FORM: "elbv2/redirect-form", 400 "InvalidLoadBalancerAction",
        "Protocol, port and path of a redirect are possible.",
        "ELB API reference, RedirectActionConfig";
    NO_INSTANCES: "elbv2/no-instances", 400 "InvalidTarget",
        "There are no instances to register here.",
        "the sandbox";
    TARGET_ADDRESS: "elbv2/target-address", 400 "ValidationError",
        "A target of the type `ip` is an address.",
        "ELB API reference, TargetDescription";
    TARGET_GROUP_SETTINGS: "elbv2/target-group-settings", 400 "ValidationError",
        "A target group for addresses has protocol, port and VPC.",
        "ELB API reference, CreateTargetGroup";
    TARGET_GROUP_VPC: "elbv2/target-group-vpc", 400 "ValidationError",
        "The VPC of a target group must exist.",
        "ELB API reference, CreateTargetGroup";
    CHECK_ENABLED: "elbv2/check-enabled", 400 "InvalidConfigurationRequest",
        "The health check of addresses and instances cannot be off.",
        "ELB API reference, CreateTargetGroup";
    CHECK_PORT: "elbv2/check-port", 400 "ValidationError",
        "A health check goes to `traffic-port` or a port.",
        "ELB API reference, CreateTargetGroup";
    ONE_MATCHER: "elbv2/one-matcher", 400 "ValidationError",
        "A matcher has HTTP codes or gRPC codes.",
        "ELB API reference, Matcher";
    SLOW_START: "elbv2/slow-start", 400 "InvalidConfigurationRequest",
        "Slow start is off or takes 30 to 900 seconds.",
        "ELB API reference, TargetGroupAttribute";
    ONE_SELECTION: "elbv2/one-selection", 400 "ValidationError",
        "What is described is chosen in one way.",
        "ELB API reference, DescribeLoadBalancers";
    TWENTY_DESCRIBED: "elbv2/twenty-described", 400 "ValidationError",
        "Up to 20 balancers, or the tags of 20 resources, are described a call.",
        "ELB API reference, DescribeTags";
    APPLICATION_ONLY: "elbv2/application-only", 400 "ValidationError",
        "Only application load balancers are simulated.",
        "the sandbox";
    BALANCERS_COUNT: "elbv2/balancers-count", 400 "TooManyLoadBalancers",
        "A region has up to 50 application load balancers.",
        "ELB user guide, quotas";
    LISTENERS_COUNT: "elbv2/listeners-count", 400 "TooManyListeners",
        "A balancer has up to 50 listeners.",
        "ELB user guide, quotas";
    RULES_COUNT: "elbv2/rules-count", 400 "TooManyRules",
        "A balancer has up to 100 rules besides the default ones.",
        "ELB user guide, quotas";
    LISTENER_SETTINGS: "elbv2/listener-settings", 400 "ValidationError",
        "A listener has protocol and port.",
        "ELB API reference, CreateListener";
    LISTENER_EXISTS: "elbv2/listener-exists", 400 "ListenerNotFound",
        "A listener must exist.",
        "ELB API reference, DescribeListeners";
    RULE_EXISTS: "elbv2/rule-exists", 400 "RuleNotFound",
        "A rule must exist.",
        "ELB API reference, DescribeRules";
    ARN_FORM: "elbv2/arn-form", 400 "ValidationError",
        "An ARN is one of the kind that is wanted.",
        "ELB API reference, each operation";
    MARKER: "elbv2/marker", 400 "ValidationError",
        "The marker of a page comes from the page before.",
        "ELB API reference, DescribeLoadBalancers";
    ATTRIBUTE_ONCE: "elbv2/attribute-once", 400 "ValidationError",
        "An attribute is given once.",
        "ELB API reference, ModifyLoadBalancerAttributes";
    SUBNETS_ONE_FORM: "elbv2/subnets-one-form", 400 "ValidationError",
        "Subnets are given as such or as mappings.",
        "ELB API reference, CreateLoadBalancer";
    FREE_ADDRESSES: "elbv2/free-addresses", 400 "InvalidSubnet",
        "Each subnet of a balancer has eight free addresses.",
        "ELB user guide, subnets";
    DUALSTACK_SUBNETS: "elbv2/dualstack-subnets", 400 "ValidationError",
        "A balancer with IPv6 needs subnets with IPv6.",
        "ELB API reference, SetIpAddressType";
    LOGS_BUCKET: "elbv2/logs-bucket", 400 "InvalidConfigurationRequest",
        "Logs that are on go to a bucket.",
        "ELB API reference, LoadBalancerAttribute";
    TARGET_GROUPS_COUNT: "elbv2/target-groups-count", 400 "TooManyUniqueTargetGroupsPerLoadBalancer",
        "A balancer leads to up to 100 target groups.",
        "ELB user guide, quotas; ELB API reference, CreateRule";
    GROUPS_COUNT: "elbv2/groups-count", 400 "TooManyTargetGroups",
        "A region has up to 3000 target groups.",
        "ELB user guide, quotas; ELB API reference, CreateTargetGroup";
    TARGETS_COUNT: "elbv2/targets-count", 400 "TooManyTargets",
        "A target group has up to 1000 targets.",
        "ELB user guide, quotas; ELB API reference, RegisterTargets";
}
