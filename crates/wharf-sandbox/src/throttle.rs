//! The rates APIs are limited to, as token buckets in simulated time.

use std::collections::BTreeMap;

use crate::time::SimTime;

/// A token bucket: how many calls may come at once, and how many more every second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    size: f64,
    refill: f64,
}

/// Calls that draw on one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// All calls the name stands for.
    Shared(&'static str),
    /// One action of a service by itself.
    Action(&'static str, &'static str),
}

const fn limit(size: f64, refill: f64) -> Limit {
    Limit { size, refill }
}

/// Returns the bucket of an operation and its documented size; `None` if nobody publishes a limit
/// that a deployment could meet.
fn bucket(service: &'static str, operation: &'static str) -> Option<(Group, Limit)> {
    let mutating = !["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb));
    let (group, limit) = match service {
        "ecs" => ecs(operation),
        // Elastic Load Balancing user guide, API throttling: every describing call together. The
        // sizes of the others are not published; these are a cautious guess.
        "elasticloadbalancing" if mutating => (Group::Shared("elbv2 modify"), limit(20.0, 3.0)),
        "elasticloadbalancing" => (Group::Shared("elbv2 describe"), limit(40.0, 10.0)),
        // EC2 developer guide, API request throttling: by action.
        "ec2" if mutating => (Group::Action(service, operation), limit(50.0, 5.0)),
        "ec2" => (Group::Action(service, operation), limit(100.0, 20.0)),
        // Route 53 developer guide, quotas: five requests a second by account, whatever they are.
        "route53" => (Group::Shared("route53"), limit(5.0, 5.0)),
        // CloudWatch Logs user guide, quotas: these actions by themselves.
        "logs" => match operation {
            "CreateLogGroup" | "DeleteLogGroup" | "DescribeLogGroups" | "DescribeLogStreams" => {
                (Group::Action(service, operation), limit(5.0, 5.0))
            }
            _ => return None,
        },
        // CloudTrail API reference, LookupEvents: two a second.
        "cloudtrail" => (Group::Action(service, operation), limit(2.0, 2.0)),
        // CloudWatch user guide, service quotas: by action.
        "monitoring" if mutating => (Group::Action(service, operation), limit(3.0, 3.0)),
        "monitoring" => (Group::Action(service, operation), limit(9.0, 9.0)),
        // Not published; changes are known to be throttled early.
        "iam" if mutating => (Group::Shared("iam modify"), limit(20.0, 10.0)),
        // ACM user guide, quotas: by action.
        "acm" => {
            let rate = match operation {
                "ListCertificates" => 8.0,
                "DeleteCertificate" | "DescribeCertificate" | "ListTagsForCertificate" => 10.0,
                _ => 5.0,
            };
            (Group::Action(service, operation), limit(rate, rate))
        }
        _ => return None,
    };
    Some((group, limit))
}

/// The buckets of ECS (ECS API reference, request throttling).
fn ecs(operation: &'static str) -> (Group, Limit) {
    let (name, size, refill) = match operation {
        "CreateCluster"
        | "DeleteCluster"
        | "UpdateCluster"
        | "UpdateClusterSettings"
        | "PutClusterCapacityProviders" => ("ecs cluster modify", 20.0, 1.0),
        "DescribeClusters" | "ListClusters" => ("ecs cluster read", 50.0, 20.0),
        "RegisterTaskDefinition" | "DeregisterTaskDefinition" => {
            ("ecs task definition modify", 20.0, 1.0)
        }
        "DeleteTaskDefinitions" => ("ecs task definition delete", 5.0, 1.0),
        "DescribeTaskDefinition" | "ListTaskDefinitions" | "ListTaskDefinitionFamilies" => {
            ("ecs task definition read", 50.0, 20.0)
        }
        "TagResource" | "UntagResource" => ("ecs tag modify", 20.0, 10.0),
        "ListTagsForResource" => ("ecs tag read", 50.0, 20.0),
        "CreateService" | "UpdateService" | "DeleteService" => ("ecs service modify", 50.0, 5.0),
        "DescribeServices" | "ListServices" => ("ecs service read", 100.0, 20.0),
        "RunTask" | "StopTask" | "StartTask" | "ExecuteCommand" => {
            ("ecs cluster resource modify", 100.0, 40.0)
        }
        "UpdateTaskProtection" | "GetTaskProtection" => ("ecs task protection", 200.0, 80.0),
        "DescribeServiceRevisions" => ("ecs service revisions", 50.0, 20.0),
        "DescribeServiceDeployments" | "ListServiceDeployments" | "StopServiceDeployment" => {
            ("ecs service deployments", 50.0, 20.0)
        }
        _ => ("ecs cluster resource read", 100.0, 20.0),
    };
    (Group::Shared(name), limit(size, refill))
}

/// The buckets of an account, each full at first.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: BTreeMap<(Group, String), (f64, SimTime)>,
}

impl Buckets {
    /// Takes a token for a call, or reports that there is none. Sizes and rates are `scale` times
    /// the documented ones, but a bucket holds at least one call.
    pub(crate) fn take(
        &mut self,
        service: &'static str,
        operation: &'static str,
        region: &str,
        now: SimTime,
        scale: f64,
    ) -> bool {
        let Some((group, limit)) = bucket(service, operation) else { return true };
        let size = (limit.size * scale).max(1.0);
        let key = (group, region.to_owned());
        let (level, since) = self.levels.entry(key).or_insert((size, now));
        let gained = now.since(*since).as_secs_f64() * limit.refill * scale;
        *level = (*level + gained).min(size);
        *since = now;
        let enough = *level >= 1.0;
        if enough {
            *level -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Buckets, bucket};
    use crate::{services, time::SimTime};

    /// How many calls get through at once, and then how many in ten seconds of trying every 10 ms.
    fn passes(service: &'static str, operation: &'static str, scale: f64) -> (u32, u32) {
        let mut buckets = Buckets::default();
        let mut now = SimTime(1000);
        let mut take = |now| u32::from(buckets.take(service, operation, "eu-west-1", now, scale));
        let burst = (0..1000).map(|_| take(now)).sum();
        let mut later = 0;
        for _ in 0..1000 {
            now = now + Duration::from_millis(10);
            later += take(now);
        }
        (burst, later)
    }

    #[test]
    fn documented_bursts_and_rates_hold() {
        for (service, operation, scale, wanted) in [
            ("elasticloadbalancing", "DescribeRules", 1.0, (40, 100)),
            ("elasticloadbalancing", "DescribeRules", 0.1, (4, 10)),
            ("ecs", "RegisterTaskDefinition", 1.0, (20, 10)),
            ("ecs", "DescribeServices", 1.0, (100, 200)),
            ("ecs", "DeleteTaskDefinitions", 0.1, (1, 1)),
            ("route53", "GetChange", 1.0, (5, 50)),
            ("route53", "ChangeResourceRecordSets", 0.1, (1, 5)),
            ("logs", "DescribeLogGroups", 1.0, (5, 50)),
            ("ec2", "DescribeSubnets", 1.0, (100, 200)),
            ("ec2", "CreateSecurityGroup", 1.0, (50, 50)),
            ("sts", "GetCallerIdentity", 1.0, (1000, 1000)),
        ] {
            let (burst, later) = passes(service, operation, scale);
            assert_eq!(burst, wanted.0, "{operation} at {scale}");
            // Sums of fractions may be one call off.
            assert!(later.abs_diff(wanted.1) <= 1, "{operation} at {scale}: {later}");
        }
    }

    #[test]
    fn describing_calls_share_a_bucket_and_regions_do_not() {
        let mut buckets = Buckets::default();
        let now = SimTime(0);
        let mut take =
            |operation, region| buckets.take("elasticloadbalancing", operation, region, now, 0.025);
        assert!(take("DescribeListeners", "eu-west-1"));
        assert!(!take("DescribeRules", "eu-west-1"));
        assert!(take("CreateRule", "eu-west-1"));
        assert!(take("DescribeRules", "eu-central-1"));
    }

    #[test]
    fn every_ecs_call_and_every_zone_call_is_limited() {
        for name in ["ecs", "route53", "ec2", "elasticloadbalancing"] {
            let service = services::find(name).unwrap();
            for operation in service.operations {
                assert!(bucket(service.name, operation.name).is_some(), "{}", operation.name);
            }
        }
    }
}
