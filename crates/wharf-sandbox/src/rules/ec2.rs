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
    RULE_SOURCE: "ec2/rule-source", 400 "InvalidParameterValue",
        "A rule names a source.",
        "EC2 API reference, IpPermission";
    RULES_DIFFER: "ec2/rules-differ", 400 "InvalidParameterValue",
        "The rules of one request differ from each other.",
        "EC2 API reference, AuthorizeSecurityGroupIngress";
    ONE_SOURCE: "ec2/one-source", 400 "InvalidParameterValue",
        "A rule that is modified has exactly one source.",
        "EC2 API reference, SecurityGroupRuleRequest";
    SOURCE_TYPE_STAYS: "ec2/source-type-stays", 400 "InvalidParameterValue",
        "The type of a rule's source cannot be modified.",
        "EC2 API reference, ModifySecurityGroupRules";
    PROTOCOL_KNOWN: "ec2/protocol-known", 400 "InvalidParameterValue",
        "A protocol is tcp, udp, icmp, icmpv6, a number, or -1 for all.",
        "EC2 API reference, IpPermission";
    PORTS_GIVEN: "ec2/ports-given", 400 "InvalidParameterValue",
        "A rule for TCP or UDP has both ports.",
        "EC2 API reference, IpPermission";
    PORT_RANGE: "ec2/port-range", 400 "InvalidParameterValue",
        "Ports are between 0 and 65535, the first not after the last.",
        "EC2 API reference, IpPermission";
    BLOCK_FORM: "ec2/block-form", 400 "InvalidParameterValue",
        "A block of addresses is well-formed.",
        "EC2 API reference, error codes";
    RULE_DESCRIPTION: "ec2/rule-description", 400 "InvalidParameterValue",
        "A rule's description has up to 255 of the characters allowed.",
        "EC2 API reference, IpRange";
    GATEWAY_OF_THE_VPC: "ec2/gateway-of-the-vpc", 400 "InvalidParameterValue",
        "A route leads to a gateway of its own VPC.",
        "EC2 API reference, CreateRoute";
    TABLE_OF_THE_VPC: "ec2/table-of-the-vpc", 400 "InvalidParameterValue",
        "A route table goes with a subnet of its own VPC.",
        "EC2 API reference, AssociateRouteTable";
    ONE_TARGET: "ec2/one-target", 400 "InvalidParameterCombination",
        "A route has one target; gateways of the internet and NAT gateways are simulated.",
        "EC2 API reference, CreateRoute";
    ROUTE_EXISTS: "ec2/route-exists", 400 "InvalidRoute.NotFound",
        "Only a route that exists can be deleted.",
        "EC2 API reference, error codes";
    FIVE_ADDRESSES: "ec2/five-addresses", 400 "AddressLimitExceeded",
        "A region has up to five elastic addresses.",
        "EC2 user guide, elastic IP addresses";
    FIVE_VPCS: "ec2/five-vpcs", 400 "VpcLimitExceeded",
        "A region has up to five VPCs.",
        "VPC user guide, quotas";
    GROUPS_COUNT: "ec2/groups-count", 400 "SecurityGroupLimitExceeded",
        "A region has up to 2500 security groups.",
        "VPC user guide, quotas";
    RULES_COUNT: "ec2/rules-count", 400 "RulesPerSecurityGroupLimitExceeded",
        "A group has up to 60 rules in one direction for one family of addresses.",
        "VPC user guide, quotas";
    GROUP_TEXT: "ec2/group-text", 400 "InvalidParameterValue",
        "A group's name and description have 1 to 255 of the characters allowed.",
        "EC2 API reference, CreateSecurityGroup";
    GROUP_NAME_RESERVED: "ec2/group-name-reserved", 400 "InvalidParameterValue",
        "No group can be called `default`.",
        "EC2 API reference, CreateSecurityGroup";
    DEFAULT_VPC: "ec2/default-vpc", 400 "VPCIdNotSpecified",
        "Without a VPC there must be a default one.",
        "EC2 API reference, error codes";
    GROUP_ID_FORM: "ec2/group-id-form", 400 "InvalidGroupId.Malformed",
        "The id of a group has the form `sg-` and hexadecimal digits.",
        "EC2 API reference, error codes";
    FILTER_KNOWN: "ec2/filter-known", 400 "InvalidParameterValue",
        "A filter is one of those the operation has.",
        "EC2 API reference, each describing operation";
    FILTER_VALUES: "ec2/filter-values", 400 "InvalidParameterValue",
        "A filter has values.",
        "EC2 API reference, Filter";
    TAG_TYPE: "ec2/tag-type", 400 "InvalidParameterValue",
        "Tags given at creation are for the type of resource that is created.",
        "EC2 API reference, TagSpecification";
    ONE_ATTRIBUTE: "ec2/one-attribute", 400 "InvalidParameterCombination",
        "One attribute is modified a call.",
        "EC2 API reference, ModifyVpcAttribute";
    ZONE_KNOWN: "ec2/zone-known", 400 "InvalidParameterValue",
        "A subnet is in a zone of the region.",
        "EC2 API reference, CreateSubnet";
    VPC_EXISTS: "ec2/vpc-exists", 400 "InvalidVpcID.NotFound",
        "A VPC must exist.",
        "EC2 API reference, error codes";
    SUBNET_EXISTS: "ec2/subnet-exists", 400 "InvalidSubnetID.NotFound",
        "A subnet must exist.",
        "EC2 API reference, error codes";
    SECURITY_RULE_EXISTS: "ec2/security-rule-exists", 400 "InvalidSecurityGroupRuleId.NotFound",
        "A rule named by its id must exist.",
        "EC2 API reference, error codes";
    GATEWAY_EXISTS: "ec2/gateway-exists", 400 "InvalidInternetGatewayID.NotFound",
        "An internet gateway must exist.",
        "EC2 API reference, error codes";
    NAT_EXISTS: "ec2/nat-exists", 400 "InvalidNatGatewayID.NotFound",
        "A NAT gateway that a route leads to must exist, in the VPC.",
        "EC2 API reference, error codes";
    NAT_DESCRIBED: "ec2/nat-described", 400 "NatGatewayNotFound",
        "A NAT gateway that is described must exist.",
        "EC2 API reference, error codes";
    TABLE_EXISTS: "ec2/table-exists", 400 "InvalidRouteTableID.NotFound",
        "A route table must exist.",
        "EC2 API reference, error codes";
    ENDPOINT_TABLE_EXISTS: "ec2/endpoint-table-exists", 400 "InvalidRouteTableId.NotFound",
        "A route table of an endpoint must exist.",
        "EC2 API reference, error codes";
    ADDRESS_EXISTS: "ec2/address-exists", 400 "InvalidAllocationID.NotFound",
        "An elastic address must exist.",
        "EC2 API reference, error codes";
    INTERFACE_EXISTS: "ec2/interface-exists", 400 "InvalidNetworkInterfaceID.NotFound",
        "A network interface must exist.",
        "EC2 API reference, error codes";
    ENDPOINT_EXISTS: "ec2/endpoint-exists", 400 "InvalidVpcEndpointId.NotFound",
        "An endpoint must exist.",
        "EC2 API reference, error codes";
    RESOURCE_EXISTS: "ec2/resource-exists", 400 "InvalidID",
        "What is tagged must exist.",
        "EC2 API reference, error codes";
    SUBNETS_COUNT: "ec2/subnets-count", 400 "SubnetLimitExceeded",
        "A VPC has up to 200 subnets.",
        "VPC user guide, quotas; EC2 API reference, error codes";
    NATS_COUNT: "ec2/nats-count", 400 "NatGatewayLimitExceeded",
        "A zone has up to five NAT gateways.",
        "VPC user guide, quotas; EC2 API reference, error codes";
    TABLES_COUNT: "ec2/tables-count", 400 "RouteTableLimitExceeded",
        "A VPC has up to 200 route tables.",
        "VPC user guide, quotas; EC2 API reference, error codes";
    ROUTES_COUNT: "ec2/routes-count", 400 "RouteLimitExceeded",
        "A route table has up to 50 routes.",
        "VPC user guide, quotas; EC2 API reference, error codes";
    GATEWAYS_COUNT: "ec2/gateways-count", 400 "InternetGatewayLimitExceeded",
        "A region has up to five internet gateways.",
        "VPC user guide, quotas; EC2 API reference, error codes";
    ENDPOINTS_COUNT: "ec2/endpoints-count", 400 "VpcEndpointLimitExceeded",
        "A VPC has up to 50 interface endpoints.",
        "VPC user guide, quotas; EC2 API reference, error codes";
}
