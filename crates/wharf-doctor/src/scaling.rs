//! What keeps an autoscaler from doing what it is there for.

use crate::{Cause, Evidence, Seen};

/// Everything else that is wrong with a service comes before this.
const LAST: u8 = 20;

pub(crate) fn causes(evidence: &Evidence) -> Vec<Cause> {
    let Seen::There(scaling) = &evidence.scaling else { return Vec::new() };
    let mut found = Vec::new();
    if !scaling.suspended.is_empty() {
        let what = scaling.suspended.join(" and ");
        found.push(
            Cause::new("C613", format!("{what} is suspended"))
                .fact("the service's scalable target says so")
                .at(LAST),
        );
    }
    if scaling.wants_more {
        found.push(
            Cause::new("C612", "the load asks for more tasks than the range allows")
                .fact(format!(
                    "the autoscaler would add tasks, and {} is the most of {} to {0}",
                    scaling.max, scaling.min
                ))
                .at(LAST),
        );
    }
    if scaling.counts_elsewhere {
        found.push(
            Cause::new("C614", "requests of another target group are counted")
                .fact("the scaling policy names a target group that the service is not on")
                .at(LAST),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::causes;
    use crate::{Evidence, ScalingEvidence, Seen};

    fn codes(scaling: Seen<ScalingEvidence>) -> Vec<&'static str> {
        let evidence = Evidence { scaling, ..Evidence::default() };
        causes(&evidence).into_iter().map(|cause| cause.code).collect()
    }

    #[test]
    fn an_autoscaler_that_works_is_no_cause() {
        let well = ScalingEvidence { min: 2, max: 6, ..ScalingEvidence::default() };
        assert_eq!(codes(Seen::There(well)), [""; 0]);
        assert_eq!(codes(Seen::Unread), [""; 0]);
    }

    #[test]
    fn each_obstacle_has_its_code() {
        let all = ScalingEvidence {
            min: 2,
            max: 6,
            suspended: vec!["scaling out".to_owned()],
            wants_more: true,
            counts_elsewhere: true,
        };
        assert_eq!(codes(Seen::There(all)), ["C613", "C612", "C614"]);
    }
}
