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
    FIXED_STATUS: "elbv2/fixed-status", 400 "ValidationError",
        "A fixed response has a code of 2XX, 4XX or 5XX.",
        "ELB API reference, FixedResponseActionConfig";
    PRIORITY_FREE: "elbv2/priority-free", 400 "PriorityInUse",
        "Rules of a listener have different priorities.",
        "ELB API reference, CreateRule";
    TARGET_IN_VPC: "elbv2/target-in-vpc", 400 "InvalidTarget",
        "An address that is registered must be in the VPC of the target group.",
        "ELB API reference, RegisterTargets";
}
