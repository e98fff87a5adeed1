//! What ECS refuses.

use super::rules;

rules! { "ECS"
    TARGET_GROUP_HAS_BALANCER: "ecs/target-group-has-balancer", 400 "InvalidParameterException",
        "A target group of a service must be used by a listener or a listener rule.",
        "ECS API reference, CreateService; text seen in public logs";
    TARGET_GROUP_EXISTS: "ecs/target-group-exists", 400 "InvalidParameterException",
        "A target group of a service must exist.",
        "ECS API reference, CreateService";
    TARGET_GROUP_TAKES_ADDRESSES: "ecs/target-group-takes-addresses", 400 "InvalidParameterException",
        "With `awsvpc`, a target group must have the target type `ip`.",
        "ECS developer guide, service load balancing";
    BALANCED_CONTAINER_EXISTS: "ecs/balanced-container-exists", 400 "InvalidParameterException",
        "The container of a load balancer entry must be in the task definition.",
        "ECS API reference, CreateService";
    BALANCED_PORT_MAPPED: "ecs/balanced-port-mapped", 400 "InvalidParameterException",
        "The port of a load balancer entry must be mapped by the container.",
        "ECS API reference, CreateService";
    NETWORK_GIVEN: "ecs/network-given", 400 "InvalidParameterException",
        "A service or task with the network mode `awsvpc` needs a network configuration.",
        "ECS API reference, CreateService";
    SUBNETS_EXIST: "ecs/subnets-exist", 400 "InvalidParameterException",
        "Subnets of a network configuration must exist.",
        "ECS API reference, AwsVpcConfiguration";
    SUBNETS_OF_ONE_VPC: "ecs/subnets-of-one-vpc", 400 "InvalidParameterException",
        "Subnets of a network configuration must be in one VPC.",
        "ECS API reference, AwsVpcConfiguration";
    GROUPS_EXIST: "ecs/groups-exist", 400 "InvalidParameterException",
        "Security groups of a network configuration must exist.",
        "ECS API reference, AwsVpcConfiguration";
    GROUPS_OF_THE_VPC: "ecs/groups-of-the-vpc", 400 "InvalidParameterException",
        "Security groups must be in the VPC of the subnets.",
        "ECS API reference, AwsVpcConfiguration";
    DEFINITION_ACTIVE: "ecs/definition-active", 400 "ClientException",
        "Services and tasks need a task definition that is not deregistered.",
        "ECS API reference, DeregisterTaskDefinition";
    DEFINITION_EXISTS: "ecs/definition-exists", 400 "ClientException",
        "Services and tasks need a task definition that exists.",
        "ECS API reference, CreateService";
    LAUNCH_TYPE_OR_STRATEGY: "ecs/launch-type-or-strategy", 400 "InvalidParameterException",
        "A launch type and a capacity provider strategy exclude each other.",
        "ECS API reference, CreateService";
    DEFINITION_FOR_FARGATE: "ecs/definition-for-fargate", 400 "InvalidParameterException",
        "Fargate runs only task definitions registered for it.",
        "ECS developer guide, task definition parameters";
    PLATFORM_KNOWN: "ecs/platform-known", 400 "PlatformUnknownException",
        "A platform version must exist.",
        "ECS developer guide, Fargate platform versions";
    TARGET_GROUP_ONCE: "ecs/target-group-once", 400 "InvalidParameterException",
        "A service may name a target group once.",
        "ECS developer guide, troubleshooting blue/green";
    MAXIMUM_PERCENT: "ecs/maximum-percent", 400 "InvalidParameterException",
        "`maximumPercent` is between 100 and 200.",
        "ECS API reference, DeploymentConfiguration";
    MINIMUM_PERCENT: "ecs/minimum-percent", 400 "InvalidParameterException",
        "`minimumHealthyPercent` is between 0 and 100.",
        "ECS API reference, DeploymentConfiguration";
    GRACE_NEEDS_BALANCER: "ecs/grace-needs-balancer", 400 "InvalidParameterException",
        "Only a service with a load balancer may have a health check grace period.",
        "ECS API reference, CreateService";
    SERVICE_IDEMPOTENT: "ecs/service-idempotent", 400 "InvalidParameterException",
        "Creating an active service again must be the same request.",
        "Terraform provider, ecs/service";
    SERVICE_DRAINED: "ecs/service-drained", 400 "InvalidParameterException",
        "A service that is still draining keeps its name.",
        "ECS API reference, DeleteService";
    SERVICE_SCALED_DOWN: "ecs/service-scaled-down", 400 "InvalidParameterException",
        "A service is deleted at a desired count of 0, or by force.",
        "ECS API reference, DeleteService";
    SERVICE_ACTIVE: "ecs/service-active", 400 "ServiceNotActiveException",
        "Only an active service can be changed.",
        "ECS API reference, UpdateService";
    SERVICE_NAME: "ecs/service-name", 400 "InvalidParameterException",
        "A service name is up to 255 letters, digits, hyphens and underscores.",
        "ECS API reference, CreateService";
    TEN_SERVICES: "ecs/ten-services", 400 "InvalidParameterException",
        "`DescribeServices` takes at most ten services.",
        "ECS API reference, DescribeServices";
    CLUSTER_WITHOUT_SERVICES: "ecs/cluster-without-services", 400 "ClusterContainsServicesException",
        "A cluster with services, draining ones too, cannot be deleted.",
        "ECS API reference, DeleteCluster";
    CLUSTER_WITHOUT_TASKS: "ecs/cluster-without-tasks", 400 "ClusterContainsTasksException",
        "A cluster with tasks cannot be deleted.",
        "ECS API reference, DeleteCluster";
    CLUSTER_NAME: "ecs/cluster-name", 400 "InvalidParameterException",
        "A cluster name is up to 255 letters, digits, hyphens and underscores.",
        "ECS API reference, CreateCluster";
    CLUSTER_ACTIVE: "ecs/cluster-active", 400 "ClusterNotFoundException",
        "Services and tasks need a cluster that exists and is active.",
        "ECS API reference, CreateService";
    STRATEGY_CHANGE_FORCED: "ecs/strategy-change-forced", 400 "InvalidParameterException",
        "The capacity provider strategy changes only with a forced new deployment.",
        "ECS API reference, UpdateService";
    PROVIDER_KNOWN: "ecs/provider-known", 400 "InvalidParameterException",
        "A capacity provider must exist.",
        "ECS API reference, CapacityProviderStrategyItem";
    STRATEGY_WEIGHT: "ecs/strategy-weight", 400 "InvalidParameterException",
        "One item of a strategy must have a weight above 0.",
        "ECS API reference, CapacityProviderStrategyItem";
    STRATEGY_BASE: "ecs/strategy-base", 400 "InvalidParameterException",
        "One item of a strategy at most may have a base.",
        "ECS API reference, CapacityProviderStrategyItem";
    FARGATE_SIZE: "ecs/fargate-size", 400 "ClientException",
        "Only certain pairs of CPU and memory exist on Fargate.",
        "ECS developer guide, task definition parameters";
    FARGATE_AWSVPC: "ecs/fargate-awsvpc", 400 "ClientException",
        "Fargate has only the network mode `awsvpc`.",
        "ECS developer guide, task definition parameters";
    FARGATE_CPU: "ecs/fargate-cpu", 400 "ClientException",
        "Fargate needs CPU at the task level.",
        "ECS developer guide, task definition parameters";
    FARGATE_MEMORY: "ecs/fargate-memory", 400 "ClientException",
        "Fargate needs memory at the task level.",
        "ECS developer guide, task definition parameters";
    STORAGE_SIZE: "ecs/storage-size", 400 "ClientException",
        "Ephemeral storage is between 21 and 200 GiB.",
        "ECS API reference, EphemeralStorage";
    CONTAINER_NAMES_UNIQUE: "ecs/container-names-unique", 400 "ClientException",
        "Containers of a task definition have different names.",
        "ECS developer guide, task definition parameters";
    PORTS_UNIQUE: "ecs/ports-unique", 400 "ClientException",
        "Containers of a task map different ports.",
        "ECS developer guide, task definition parameters";
    ONE_ESSENTIAL: "ecs/one-essential", 400 "ClientException",
        "A container must be essential.",
        "ECS developer guide, task definition parameters";
    DEPENDENCY_EXISTS: "ecs/dependency-exists", 400 "ClientException",
        "A container may only depend on one that exists.",
        "ECS developer guide, task definition parameters";
    DEPENDENCY_CHECKED: "ecs/dependency-checked", 400 "ClientException",
        "A container can only wait for HEALTHY of one with a health check.",
        "ECS developer guide, task definition parameters";
    CPU_WITHIN_TASK: "ecs/cpu-within-task", 400 "ClientException",
        "Containers share the CPU of the task.",
        "ECS developer guide, task definition parameters";
    MEMORY_WITHIN_TASK: "ecs/memory-within-task", 400 "ClientException",
        "Containers share the memory of the task.",
        "ECS developer guide, task definition parameters";
    CONTAINERS_GIVEN: "ecs/containers-given", 400 "ClientException",
        "A task definition has at least one container.",
        "ECS API reference, RegisterTaskDefinition";
    HOST_PORT_SAME: "ecs/host-port-same", 400 "ClientException",
        "With `awsvpc`, host and container port are the same.",
        "ECS API reference, PortMapping";
    ROLE_FOR_REGISTRY: "ecs/role-for-registry", 400 "ClientException",
        "Images of ECR on Fargate need an execution role.",
        "ECS developer guide, task execution role";
    ROLE_FOR_LOGS: "ecs/role-for-logs", 400 "ClientException",
        "The log driver `awslogs` on Fargate needs an execution role.",
        "ECS developer guide, task execution role";
    ROLE_FOR_SECRETS: "ecs/role-for-secrets", 400 "ClientException",
        "Secrets need an execution role.",
        "ECS developer guide, task execution role";
    SECRET_NAMES_UNIQUE: "ecs/secret-names-unique", 400 "ClientException",
        "Secrets and environment variables have different names.",
        "ECS API reference, Secret";
    LOG_OPTIONS: "ecs/log-options", 400 "ClientException",
        "The log driver `awslogs` needs a group, a region and on Fargate a stream prefix.",
        "ECS developer guide, awslogs";
    LOG_DRIVER: "ecs/log-driver", 400 "ClientException",
        "Fargate has the log drivers awslogs, splunk and awsfirelens.",
        "ECS API reference, LogConfiguration";
    FAMILY_NAME: "ecs/family-name", 400 "ClientException",
        "A family is up to 255 letters, digits, hyphens and underscores.",
        "ECS API reference, RegisterTaskDefinition";
    REVISION_GIVEN: "ecs/revision-given", 400 "ClientException",
        "Deregistering needs a revision, not only a family.",
        "ECS API reference, DeregisterTaskDefinition";
    ROLE_ASSUMABLE: "ecs/role-assumable", 400 "ClientException",
        "The roles of a task must exist, have propagated and trust ECS tasks.",
        "ECS developer guide, task IAM roles";
}
