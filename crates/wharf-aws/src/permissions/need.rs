//! What a call takes: which permission, on what, under which condition.

use super::Verb;

/// A call and the permissions it takes.
#[derive(Debug)]
pub(super) struct Row {
    /// `service:Operation`, the name under which the call is made.
    pub(super) call: &'static str,
    /// The verbs that make it.
    pub(super) verbs: &'static [Verb],
    /// The permissions.
    pub(super) needs: &'static [Need],
}

/// One permission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// The IAM action.
    pub(super) action: &'static str,
    /// What it is wanted on.
    pub(super) on: On,
    /// Under which condition that is enough.
    pub(super) when: When,
}

/// Resources, by what the stack calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// The action takes no resource, or ids nobody can know.
    Any,
    /// The stack's own.
    Cluster,
    /// The same, and the one its tasks run in.
    Clusters,
    Services,
    /// Rollouts of services.
    Rollouts,
    /// What services were, rollout by rollout.
    ServiceRevisions,
    Tasks,
    Families,
    Balancer,
    Listeners,
    /// Those of a balancer owned elsewhere that the stack shares.
    ListenersElsewhere,
    Rules,
    TargetGroups,
    /// Repositories of the app.
    Repositories,
    /// Repositories elsewhere that the spec names images of.
    Images,
    LogGroups,
    /// The stack's group of schedules.
    ScheduleGroup,
    /// The schedules in it.
    Schedules,
    Roles,
    /// The same, and where they would stand without a path: that is what IAM judges while a role does not
    /// exist, since a request names no path.
    RoleNames,
    /// The role with which ECS moves requests, in a stack where it does.
    Shifter,
    /// Roles owned elsewhere that tasks get.
    RolesElsewhere,
    SecurityGroups,
    Vpc,
    Certificates,
    Zones,
    /// The parameters that hold the lease.
    Lease,
    /// The secrets of Secrets Manager the spec refers to.
    Secrets,
    /// What takes no resource, for a stack with a range of tasks; without one, it is not needed.
    Scaled,
    /// What takes no resource, for a stack whose rollouts watch alarms.
    Watching,
    /// The alarms the autoscaler keeps for the stack's services.
    ScalingAlarms,
    /// The same, for a stack with a range of tasks.
    ScaledAlarms,
    /// The role a service of AWS has for itself.
    Linked(&'static str),
}

/// Conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    /// The name says enough, or no condition exists.
    Always,
    /// In the stack's region.
    Here,
    /// The thing carries the stack's tags.
    Ours,
    /// The thing carries the tag of the app, in whatever environment.
    OfApp,
    /// The request brings the stack's tags.
    Bringing,
    /// The request brings the tag of the app: what all its environments share names none of them.
    BringingApp,
    /// The request brings them while this makes the thing.
    Making(&'static str),
    /// The role goes to tasks of ECS.
    ToTasks,
    /// The role goes to ECS itself, which moves requests with it.
    ToEcs,
    /// The role goes to what starts jobs at their times.
    ToScheduler,
    /// The role is for this service.
    For(&'static str),
    /// In the stack's cluster.
    InCluster,
    /// It is about the number of tasks of services.
    ScalingServices,
    /// The records are those of the stack's names.
    OurNames,
}
