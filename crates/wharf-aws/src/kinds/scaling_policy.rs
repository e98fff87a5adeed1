//! Scaling policies: what the autoscaler aims at, one policy for each metric.
//!
//! AWS has one policy of target tracking at most for a metric of a service, so a policy is known by its
//! metric, whatever it is called. Its alarms are made and kept by AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalingPolicy as AwsPolicy,
    TargetTrackingScalingPolicyConfiguration as Tracking,
};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use wharf_graph::props::short_hash;
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Input, Live, Outcome, Policy, ReplaceOrder,
};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::load_balancer;
use crate::kinds::scalable_target::scaled;
use crate::reads::Reads;
use crate::reads::autoscaling::{dimension, namespace};

/// How long a target made a moment ago, and the permissions of the autoscaler's own role, may be unknown
/// (Terraform's provider retries the same).
const SETTLING: &[Transient] = &[Transient {
    codes: &["FailedResourceAccessException", "ObjectNotFoundException"],
    text: "",
    budget: Duration::from_mins(2),
}];
/// Seconds AWS rests where nothing is said; it shows them or nothing (Application Auto Scaling API
/// reference, `TargetTrackingScalingPolicyConfiguration`).
const COOLDOWN: u32 = 300;

/// See the module.
pub(crate) struct ScalingPolicy;

/// Managed properties of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// What it belongs to: `service/cluster/name`.
    target: Input<String>,
    /// `cpu`, `memory`, `requests`; anything else is a policy wharf never makes.
    metric: String,
    /// What is aimed at: percent, or requests for each task and minute.
    aim: Number,
    /// Through what the requests come that are counted.
    through: Option<Through>,
    /// Seconds after tasks were added until more are.
    cooldown_out: u32,
    /// Seconds after tasks were removed until more are.
    cooldown_in: u32,
    /// Whether it removes tasks as well.
    scales_in: bool,
}

/// The balancer and the target group whose requests are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Through {
    balancer: Input<String>,
    target_group: Input<String>,
}

impl Kind for ScalingPolicy {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("target", "a policy belongs to one service"),
            ("metric", "a policy follows one metric"),
        ],
        replace_order: ReplaceOrder::CreateFirst,
        ..Policy::plain("scaling_policy", "scaling policy")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        // Without a balancer that can be used there is a problem, and nothing is made.
        let Some(balancer) = load_balancer::arn(stack, facts) else { return };
        for (service, scaling) in scaled(stack) {
            let of = |kind: &str, name: &str, output| Input::of(&Address::new(kind, name), output);
            let metrics =
                [("cpu", scaling.cpu), ("memory", scaling.memory), ("requests", scaling.requests)];
            for (metric, aim) in metrics {
                let Some(aim) = aim else { continue };
                let through = (metric == "requests").then(|| Through {
                    balancer: balancer.clone(),
                    target_group: of("target_group", service, "arn"),
                });
                let props = Props {
                    target: of("scalable_target", service, "resource"),
                    metric: metric.to_owned(),
                    aim: aim.into(),
                    through,
                    cooldown_out: scaling.cooldown_out,
                    cooldown_in: scaling.cooldown_in,
                    scales_in: true,
                };
                let node = out.add(&Self::POLICY, format!("{service}:{metric}"), &props);
                node.after.insert(Address::new("scalable_target", service));
            }
        }
    }

    fn example() -> Props {
        let arn =
            |rest: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:{rest}");
        Props {
            target: "service/notes/notes-web-1a2b".into(),
            metric: "requests".to_owned(),
            aim: 800.into(),
            through: Some(Through {
                balancer: arn("loadbalancer/app/notes/50dc6c495c0c9188").into(),
                target_group: arn("targetgroup/notes-web-1a2b/943f017f100becff").into(),
            }),
            cooldown_out: 30,
            cooldown_in: 300,
            scales_in: true,
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.scaled().await?;
        let all = got.value.iter().flat_map(|one| {
            one.policies.iter().map(|policy| {
                let props = props(policy);
                let id = policy.policy_arn().to_owned();
                let which = match props.metric.as_str() {
                    known @ ("cpu" | "memory" | "requests") => known.to_owned(),
                    _ => format!("unknown-{}", short_hash(policy.policy_name(), 8)),
                };
                Found::Ours(Owned {
                    name: format!("{}:{which}", one.service),
                    props,
                    outputs: outputs(&id),
                    id,
                    applied: None,
                    leaving: false,
                })
            })
        });
        Ok(all.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let name = cx.address.name().replace(':', "-");
        let id = put(cx, &name, &want).await?;
        Ok(Outcome::Done { outputs: outputs(&id), id })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        let (_, name) = parts(&live.id)?;
        let id = put(cx, name, &want).await?;
        Ok(Outcome::Done { outputs: outputs(&id), id })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let (resource, name) = parts(&live.id)?;
        let deleted = cx
            .aws
            .caller
            .call("application-autoscaling:DeleteScalingPolicy", || {
                cx.aws
                    .autoscaling
                    .delete_scaling_policy()
                    .service_namespace(namespace())
                    .scalable_dimension(dimension())
                    .resource_id(resource)
                    .policy_name(name)
                    .send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ObjectNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Returns resource and name of `arn:…:scalingPolicy:<id>:resource/ecs/<resource>:policyName/<name>`.
fn parts(arn: &str) -> Result<(&str, &str), AwsError> {
    arn.split_once(":resource/ecs/")
        .and_then(|(_, rest)| rest.split_once(":policyName/"))
        .ok_or_else(|| {
            let message = format!("`{arn}` is not the ARN of a scaling policy of a service");
            AwsError::own(ErrorClass::Other, message)
        })
}

/// Brings what the autoscaler returns into canonical form.
fn props(policy: &AwsPolicy) -> Props {
    let seconds =
        |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(COOLDOWN);
    let tracking = policy.target_tracking_scaling_policy_configuration();
    let metric = tracking.and_then(Tracking::predefined_metric_specification);
    let kind = metric.map(PredefinedMetricSpecification::predefined_metric_type);
    let word = match kind {
        Some(MetricType::EcsServiceAverageCpuUtilization) => "cpu",
        Some(MetricType::EcsServiceAverageMemoryUtilization) => "memory",
        Some(MetricType::AlbRequestCountPerTarget) => "requests",
        Some(other) => other.as_str(),
        None if tracking.is_some() => "a metric of one's own",
        None => policy.policy_type().as_str(),
    };
    let label = metric.and_then(PredefinedMetricSpecification::resource_label);
    Props {
        target: policy.resource_id().into(),
        metric: word.to_owned(),
        aim: number(tracking.map_or(0.0, Tracking::target_value)),
        through: label.and_then(|label| through(policy.policy_arn(), label)),
        cooldown_out: seconds(tracking.and_then(Tracking::scale_out_cooldown)),
        cooldown_in: seconds(tracking.and_then(Tracking::scale_in_cooldown)),
        scales_in: tracking.and_then(Tracking::disable_scale_in) != Some(true),
    }
}

/// Writes a whole number as one.
fn number(value: f64) -> Number {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions and large numbers stay as they are"
    )]
    let whole = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "a number that lost something is another one")]
    let same = (whole as f64 - value).abs() < f64::EPSILON;
    if same { whole.into() } else { Number::from_f64(value).unwrap_or_else(|| 0.into()) }
}

/// Turns `app/<balancer>/<id>/targetgroup/<group>/<id>` into ARNs of the policy's own account.
fn through(policy_arn: &str, label: &str) -> Option<Through> {
    let mut arn = policy_arn.split(':');
    let (partition, region, account) = (arn.nth(1)?, arn.nth(1)?, arn.next()?);
    let (balancer, group) = label.split_once("/targetgroup/")?;
    let here = format!("arn:{partition}:elasticloadbalancing:{region}:{account}");
    Some(Through {
        balancer: format!("{here}:loadbalancer/{balancer}").into(),
        target_group: format!("{here}:targetgroup/{group}").into(),
    })
}

/// Builds the label, which names balancer and target group (Application Auto Scaling API reference,
/// `PredefinedMetricSpecification`).
fn label(through: &Through) -> Result<String, AwsError> {
    let balancer = through.balancer.get()?;
    let group = through.target_group.get()?;
    let (_, balancer) = balancer.split_once(":loadbalancer/").unwrap_or(("", balancer));
    let (_, group) = group.rsplit_once(':').unwrap_or(("", group));
    Ok(format!("{balancer}/{group}"))
}

/// Makes a policy, or replaces it whole under the same name, and returns its ARN.
async fn put(cx: &Write<'_>, name: &str, want: &Props) -> Result<String, AwsError> {
    let resource = want.target.get()?.clone();
    let label = want.through.as_ref().map(label).transpose()?;
    let bug = |error| AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"));
    let metric = match want.metric.as_str() {
        "cpu" => MetricType::EcsServiceAverageCpuUtilization,
        "memory" => MetricType::EcsServiceAverageMemoryUtilization,
        _ => MetricType::AlbRequestCountPerTarget,
    };
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(metric)
        .set_resource_label(label)
        .build()
        .map_err(bug)?;
    let seconds = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let tracking = Tracking::builder()
        .target_value(want.aim.as_f64().unwrap_or_default())
        .predefined_metric_specification(metric)
        .scale_out_cooldown(seconds(want.cooldown_out))
        .scale_in_cooldown(seconds(want.cooldown_in))
        .disable_scale_in(!want.scales_in)
        .build()
        .map_err(bug)?;
    let made = cx
        .aws
        .caller
        .retrying(SETTLING, async || {
            cx.aws
                .caller
                .call("application-autoscaling:PutScalingPolicy", || {
                    cx.aws
                        .autoscaling
                        .put_scaling_policy()
                        .service_namespace(namespace())
                        .scalable_dimension(dimension())
                        .resource_id(&resource)
                        .policy_name(name)
                        .policy_type(PolicyType::TargetTrackingScaling)
                        .target_tracking_scaling_policy_configuration(tracking.clone())
                        .send()
                })
                .await
        })
        .await?;
    Ok(made.policy_arn().to_owned())
}

#[cfg(test)]
mod tests {
    use aws_sdk_applicationautoscaling::primitives::DateTime;

    use super::*;

    const ARN: &str = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:6d8972f3:resource/ecs/\
                       service/notes/notes-web-1a2b:policyName/web-requests";

    fn live(tracking: Option<Tracking>) -> AwsPolicy {
        AwsPolicy::builder()
            .policy_arn(ARN)
            .policy_name("web-requests")
            .service_namespace(namespace())
            .resource_id("service/notes/notes-web-1a2b")
            .scalable_dimension(dimension())
            .policy_type(PolicyType::TargetTrackingScaling)
            .set_target_tracking_scaling_policy_configuration(tracking)
            .creation_time(DateTime::from_secs(0))
            .build()
            .unwrap()
    }

    fn tracking(label: Option<&str>) -> Tracking {
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::AlbRequestCountPerTarget)
            .set_resource_label(label.map(str::to_owned))
            .build()
            .unwrap();
        Tracking::builder()
            .target_value(800.0)
            .predefined_metric_specification(metric)
            .scale_out_cooldown(30)
            .build()
            .unwrap()
    }

    #[test]
    fn reading_back_gives_what_was_wanted() {
        let want = ScalingPolicy::example();
        let label = label(want.through.as_ref().unwrap()).unwrap();
        assert_eq!(label, "app/notes/50dc6c495c0c9188/targetgroup/notes-web-1a2b/943f017f100becff");
        // A cooldown that is not shown is the default of AWS.
        assert_eq!(props(&live(Some(tracking(Some(&label))))), want);
    }

    #[test]
    fn name_and_resource_are_read_off_the_arn() {
        let found = parts(ARN).unwrap();
        assert_eq!(found, ("service/notes/notes-web-1a2b", "web-requests"));
        assert!(parts("arn:aws:autoscaling:eu-west-1:1:scalingPolicy:x").is_err());
    }

    #[test]
    fn fractions_are_kept_and_whole_numbers_are_whole() {
        assert_eq!(number(60.0).to_string(), "60");
        assert_eq!(number(62.5).to_string(), "62.5");
    }

    #[test]
    fn a_policy_of_another_type_is_none_of_the_known() {
        assert_eq!(props(&live(None)).metric, "TargetTrackingScaling");
    }
}
