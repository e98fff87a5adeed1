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
    ADVANCED_GIVEN: "ecs/advanced-given", 400 "InvalidParameterException",
        "An `advancedConfiguration` names an alternate target group, a rule and a role.",
        "ECS developer guide, Application Load Balancer resources for blue/green deployments";
    ADVANCED_FOR_ALL: "ecs/advanced-for-all", 400 "InvalidParameterException",
        "All load balancer entries of a service have an `advancedConfiguration`, or none has.",
        "ECS developer guide, troubleshooting blue/green";
    ALTERNATE_DIFFERS: "ecs/alternate-differs", 400 "InvalidParameterException",
        "The alternate target group is another than the target group.",
        "ECS developer guide, troubleshooting blue/green";
    PRODUCTION_RULE_FORM: "ecs/production-rule-form", 400 "InvalidParameterException",
        "`productionListenerRule` is the ARN of a rule, not of a listener.",
        "ECS developer guide, troubleshooting blue/green";
    PRODUCTION_RULE_LEADS_TO_BOTH: "ecs/production-rule-leads-to-both", 400 "InvalidParameterException",
        "Without a test rule, the production rule forwards to both target groups.",
        "ECS developer guide, troubleshooting blue/green";
    STRATEGY_NEEDS_ADVANCED: "ecs/strategy-needs-advanced", 400 "InvalidParameterException",
        "Behind a balancer, only `ROLLING` does without an `advancedConfiguration`.",
        "ECS developer guide, troubleshooting blue/green";
    STRATEGY_CHANGE_SETTLED: "ecs/strategy-change-settled", 400 "InvalidParameterException",
        "Between `ROLLING` and the other strategies a service moves only when no deployment is in progress.",
        "ECS developer guide, update the deployment strategy";
    BAKE_GIVEN: "ecs/bake-given", 400 "InvalidParameterException",
        "`BLUE_GREEN` needs a bake time.",
        "ECS API reference, DeploymentConfiguration";
    BAKE_RANGE: "ecs/bake-range", 400 "InvalidParameterException",
        "A bake time is 0 to 1440 minutes.",
        "ECS API reference, DeploymentConfiguration";
    STEP_RANGE: "ecs/step-range", 400 "InvalidParameterException",
        "A step of `LINEAR` is 3 to 100 percent, the one of `CANARY` 0.1 to 100.",
        "ECS API reference, LinearConfiguration and CanaryConfiguration";
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
    DEPENDENCY_MAY_END: "ecs/dependency-may-end", 400 "ClientException",
        "No container can wait for the end of an essential one.",
        "ECS API reference, ContainerDependency";
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
    RUN_TOKEN_SAME: "ecs/run-token-same", 400 "ConflictException",
        "A client token of a task that is run stands for one request.",
        "ECS API reference, RunTask";
    ROLE_ASSUMABLE: "ecs/role-assumable", 400 "ClientException",
        "The roles of a task must exist, have propagated and trust ECS tasks.",
        "ECS developer guide, task IAM roles";
    DEFINITION_GIVEN: "ecs/definition-given", 400 "ClientException",
        "A service is made with a task definition.",
        "ECS API reference, CreateService";
    NO_SERVICE_ROLE: "ecs/no-service-role", 400 "InvalidParameterException",
        "A service with `awsvpc` uses the service-linked role; no other can be given.",
        "ECS API reference, CreateService";
    DESIRED_GIVEN: "ecs/desired-given", 400 "InvalidParameterException",
        "A service is made with a desired count.",
        "ECS API reference, CreateService";
    REPLICA_ONLY: "ecs/replica-only", 400 "InvalidParameterException",
        "Fargate has no scheduling strategy but `REPLICA`.",
        "ECS API reference, CreateService";
    NO_PLACEMENT: "ecs/no-placement", 400 "InvalidParameterException",
        "Fargate has neither placement strategies nor constraints.",
        "ECS API reference, CreateService";
    SIMULATED: "ecs/simulated", 400 "UnsupportedFeatureException",
        "What ECS has but the sandbox does not simulate is refused, never ignored.",
        "the sandbox";
    TOKEN_FORM: "ecs/token-form", 400 "InvalidParameterException",
        "A client token has up to 36 characters of ASCII between 33 and 126.",
        "ECS API reference, CreateService";
    PAGE_TOKEN: "ecs/page-token", 400 "InvalidParameterException",
        "The token of a page comes from the page before.",
        "ECS API reference, ListServices";
    SERVICES_GIVEN: "ecs/services-given", 400 "InvalidParameterException",
        "`DescribeServices` takes at least one service.",
        "ECS API reference, DescribeServices";
    SERVICE_EXISTS: "ecs/service-exists", 400 "ServiceNotFoundException",
        "A service must exist.",
        "ECS API reference, ServiceNotFoundException";
    SUBNETS_COUNT: "ecs/subnets-count", 400 "InvalidParameterException",
        "A network configuration has 1 to 16 subnets.",
        "ECS API reference, AwsVpcConfiguration";
    GROUPS_COUNT: "ecs/groups-count", 400 "InvalidParameterException",
        "A network configuration has up to 5 security groups.",
        "ECS API reference, AwsVpcConfiguration";
    FIVE_TARGET_GROUPS: "ecs/five-target-groups", 400 "InvalidParameterException",
        "A service has up to five target groups.",
        "ECS developer guide, registering multiple target groups";
    NO_CLASSIC_BALANCER: "ecs/no-classic-balancer", 400 "InvalidParameterException",
        "Classic load balancers do not go with `awsvpc`.",
        "ECS developer guide, load balancer types";
    TARGET_GROUP_GIVEN: "ecs/target-group-given", 400 "InvalidParameterException",
        "A load balancer entry names a target group.",
        "ECS API reference, LoadBalancer";
    BALANCED_CONTAINER_GIVEN: "ecs/balanced-container-given", 400 "InvalidParameterException",
        "A load balancer entry names a container.",
        "ECS API reference, LoadBalancer";
    BALANCED_PORT_GIVEN: "ecs/balanced-port-given", 400 "InvalidParameterException",
        "A load balancer entry names a port.",
        "ECS API reference, LoadBalancer";
    DEFINITION_FOUND: "ecs/definition-found", 400 "ClientException",
        "A task definition that is described or deregistered must exist.",
        "ECS API reference, DescribeTaskDefinition";
    DEREGISTERED_ONCE: "ecs/deregistered-once", 400 "ClientException",
        "Only an active task definition can be deregistered.",
        "ECS API reference, DeregisterTaskDefinition";
    TEN_DEFINITIONS: "ecs/ten-definitions", 400 "InvalidParameterException",
        "`DeleteTaskDefinitions` takes 1 to 10 task definitions.",
        "ECS API reference, DeleteTaskDefinitions";
    STRATEGY_SIZE: "ecs/strategy-size", 400 "InvalidParameterException",
        "A capacity provider strategy has up to 20 items.",
        "ECS API reference, CreateService";
    PROVIDER_UNUSED: "ecs/provider-unused", 400 "ResourceInUseException",
        "A capacity provider that a service uses cannot be taken from the cluster.",
        "ECS API reference, PutClusterCapacityProviders";
    HUNDRED_CLUSTERS: "ecs/hundred-clusters", 400 "InvalidParameterException",
        "`DescribeClusters` takes up to 100 clusters.",
        "ECS API reference, DescribeClusters";
    TASKS_COUNT: "ecs/tasks-count", 400 "InvalidParameterException",
        "`DescribeTasks` takes 1 to 100 tasks.",
        "ECS API reference, DescribeTasks";
    TASK_EXISTS: "ecs/task-exists", 400 "InvalidParameterException",
        "A task that is stopped must exist.",
        "ECS API reference, StopTask";
    RESOURCE_ARN: "ecs/resource-arn", 400 "InvalidParameterException",
        "What is tagged is named by an ARN of ECS.",
        "ECS API reference, TagResource";
    TAGGED_EXISTS: "ecs/tagged-exists", 400 "InvalidParameterException",
        "A task or task definition that is tagged must exist and be active.",
        "ECS API reference, TagResource";
    DEPLOYMENTS_COUNT: "ecs/deployments-count", 400 "InvalidParameterException",
        "1 to 20 service deployments or service revisions are described a call.",
        "ECS API reference, DescribeServiceDeployments";
    DEPLOYMENT_EXISTS: "ecs/deployment-exists", 400 "ServiceDeploymentNotFoundException",
        "A service deployment that is stopped must exist.",
        "ECS API reference, StopServiceDeployment";
    DEPLOYMENT_RUNNING: "ecs/deployment-running", 400 "ConflictException",
        "A service deployment that is over cannot be stopped.",
        "ECS API reference, StopServiceDeployment";
    EXEC_INTERACTIVE: "ecs/exec-interactive", 400 "InvalidParameterException",
        "Commands run in tasks interactively only.",
        "ECS API reference, ExecuteCommand";
    EXEC_TASK: "ecs/exec-task", 400 "InvalidParameterException",
        "The task a command is to run in must exist.",
        "ECS API reference, ExecuteCommand";
    EXEC_CONTAINER: "ecs/exec-container", 400 "InvalidParameterException",
        "The container a command is to run in is named where there are several, and must exist.",
        "ECS API reference, ExecuteCommand";
    EXEC_ENABLED: "ecs/exec-enabled", 400 "InvalidParameterException",
        "Commands run in running tasks that were started with them switched on and whose agent runs.",
        "ECS developer guide, ECS Exec; text seen in public logs";
    EXEC_CONNECTED: "ecs/exec-connected", 400 "TargetNotConnectedException",
        "Commands take permissions of the task role, which no credentials in the container's variables stand in for, and a way to Systems Manager.",
        "ECS developer guide, ECS Exec; text seen in public logs";
    STOP_TYPE: "ecs/stop-type", 400 "InvalidParameterException",
        "A service deployment is stopped by rolling it back, in no other way.",
        "ECS API reference, StopServiceDeployment";
    TEN_CONTAINERS: "ecs/ten-containers", 400 "ClientException",
        "A task definition has up to ten containers.",
        "ECS developer guide, quotas";
    DEFINITION_SIZE: "ecs/definition-size", 400 "ClientException",
        "A task definition has up to 64 KiB.",
        "ECS developer guide, quotas";
    TASK_UNITS: "ecs/task-units", 400 "ClientException",
        "CPU and memory of a task are numbers, or have the units vCPU and GB.",
        "ECS API reference, RegisterTaskDefinition";
    FARGATE_TASK: "ecs/fargate-task", 400 "ClientException",
        "Fargate has neither placement constraints nor IPC modes, host PID mode or accelerators.",
        "ECS developer guide, task definitions for Fargate";
    FARGATE_VOLUMES: "ecs/fargate-volumes", 400 "ClientException",
        "Volumes on Fargate have no path of the host.",
        "ECS developer guide, task definitions for Fargate";
    ROLE_FORM: "ecs/role-form", 400 "ClientException",
        "A role is a name or the ARN of a role.",
        "ECS API reference, RegisterTaskDefinition";
    CONTAINER_NAME: "ecs/container-name", 400 "ClientException",
        "A container has a name of up to 255 letters, digits, hyphens and underscores.",
        "ECS API reference, ContainerDefinition";
    CONTAINER_IMAGE: "ecs/container-image", 400 "ClientException",
        "A container has an image, named in up to 255 characters before the digest.",
        "ECS API reference, ContainerDefinition";
    CONTAINER_NUMBERS: "ecs/container-numbers", 400 "ClientException",
        "CPU, memory and time-outs of a container are within their ranges.",
        "ECS API reference, ContainerDefinition";
    MEMORY_RESERVATION: "ecs/memory-reservation", 400 "ClientException",
        "A container reserves no more memory than it may have.",
        "ECS API reference, ContainerDefinition";
    ENVIRONMENT_FILES: "ecs/environment-files", 400 "ClientException",
        "A container has up to ten environment files.",
        "ECS API reference, ContainerDefinition";
    FARGATE_CONTAINER: "ecs/fargate-container", 400 "ClientException",
        "Containers on Fargate have none of the settings that Fargate lacks.",
        "ECS developer guide, task definitions for Fargate";
    FARGATE_CAPABILITY: "ecs/fargate-capability", 400 "ClientException",
        "Fargate adds no capability but `SYS_PTRACE`.",
        "ECS API reference, KernelCapabilities";
    PORT_NAME: "ecs/port-name", 400 "ClientException",
        "The name of a port has up to 64 lower-case letters, digits, hyphens and underscores.",
        "ECS API reference, PortMapping";
    CONTAINER_PORT: "ecs/container-port", 400 "ClientException",
        "A port is between 1 and 65535.",
        "ECS API reference, PortMapping";
    ENVIRONMENT_NAME: "ecs/environment-name", 400 "ClientException",
        "An environment variable has a name.",
        "ECS API reference, KeyValuePair";
    SECRET_SOURCE: "ecs/secret-source", 400 "ClientException",
        "A secret says where it comes from.",
        "ECS API reference, Secret";
    CHECK_COMMAND: "ecs/check-command", 400 "ClientException",
        "A health check has a command, which begins with CMD or CMD-SHELL.",
        "ECS API reference, HealthCheck";
    CHECK_NUMBERS: "ecs/check-numbers", 400 "ClientException",
        "Times and retries of a health check are within their ranges.",
        "ECS API reference, HealthCheck";
    PROTECTED_COUNT: "ecs/protected-count", 400 "InvalidParameterException",
        "1 to 10 tasks are protected a call.",
        "ECS API reference, UpdateTaskProtection";
    INSTANCES_GIVEN: "ecs/instances-given", 400 "InvalidParameterException",
        "The launch type EC2 needs instances, of which there are none here.",
        "ECS API reference, RunTask";
    OVERRIDE_CONTAINER: "ecs/override-container", 400 "InvalidParameterException",
        "An override is for a container of the task definition.",
        "ECS API reference, ContainerOverride";
    EXEC_NEEDS_ROLE: "ecs/exec-needs-role", 400 "InvalidParameterException",
        "Commands can be run only in tasks with a task role.",
        "github.com/aws/aws-cli, issue 6242; ECS developer guide, ECS Exec";
}
