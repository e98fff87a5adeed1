//! What EC2 refuses.

use super::rules;

rules! { "EC2"
    GROUP_UNUSED: "ec2/group-unused", 400 "DependencyViolation",
        "A security group that an interface or a rule of another group uses cannot be deleted.",
        "EC2 API reference, DeleteSecurityGroup";
    GROUP_NAME_UNIQUE: "ec2/group-name-unique", 400 "InvalidGroup.Duplicate",
        "A security group's name is unique in its VPC.",
        "EC2 API reference, CreateSecurityGroup";
    GROUP_EXISTS: "ec2/group-exists", 400 "InvalidGroup.NotFound",
        "A security group must exist.",
        "EC2 API reference, error codes";
    DEFAULT_GROUP_STAYS: "ec2/default-group-stays", 400 "CannotDelete",
        "The default security group cannot be deleted.",
        "EC2 API reference, error codes";
    GROUP_NAME: "ec2/group-name", 400 "InvalidParameterValue",
        "A security group's name does not begin with `sg-`.",
        "EC2 API reference, CreateSecurityGroup";
    RULE_ONCE: "ec2/rule-once", 400 "InvalidPermission.Duplicate",
        "A rule exists once in a security group; one that exists fails the whole call.",
        "EC2 API reference, AuthorizeSecurityGroupIngress";
    RULE_EXISTS: "ec2/rule-exists", 400 "InvalidPermission.NotFound",
        "Only a rule that exists can be revoked.",
        "EC2 API reference, RevokeSecurityGroupIngress";
    ROUTE_ONCE: "ec2/route-once", 400 "RouteAlreadyExists",
        "A route table has one route to a block.",
        "EC2 API reference, CreateRoute";
    TABLE_ONCE: "ec2/table-once", 400 "Resource.AlreadyAssociated",
        "A subnet has one route table.",
        "EC2 API reference, AssociateRouteTable";
    GATEWAY_ONCE: "ec2/gateway-once", 400 "Resource.AlreadyAssociated",
        "An internet gateway is attached to one VPC.",
        "EC2 API reference, AttachInternetGateway";
    ONE_GATEWAY: "ec2/one-gateway", 400 "InvalidParameterValue",
        "A VPC has one internet gateway.",
        "EC2 API reference, AttachInternetGateway";
    ADDRESS_FREE: "ec2/address-free", 400 "Resource.AlreadyAssociated",
        "A NAT gateway needs an address of its own.",
        "EC2 API reference, CreateNatGateway";
    SUBNET_WITHIN_VPC: "ec2/subnet-within-vpc", 400 "InvalidSubnet.Range",
        "A subnet lies within the block of its VPC.",
        "EC2 API reference, CreateSubnet";
    SUBNETS_APART: "ec2/subnets-apart", 400 "InvalidSubnet.Conflict",
        "Subnets of a VPC do not overlap.",
        "EC2 API reference, CreateSubnet";
    VPC_BLOCK: "ec2/vpc-block", 400 "InvalidVpc.Range",
        "The block of a VPC is between /16 and /28.",
        "EC2 API reference, CreateVpc";
    PRIVATE_NAMES: "ec2/private-names", 400 "InvalidParameter",
        "Private DNS of an endpoint needs DNS support and host names in the VPC.",
        "EC2 API reference, CreateVpcEndpoint";
    PRIVATE_NAME_ONCE: "ec2/private-name-once", 400 "InvalidParameter",
        "A VPC has one endpoint with private DNS for a service.",
        "EC2 API reference, CreateVpcEndpoint";
    ENDPOINT_ZONES: "ec2/endpoint-zones", 400 "DuplicateSubnetsInSameZone",
        "An endpoint has one subnet of a zone at most.",
        "EC2 API reference, CreateVpcEndpoint";
}
