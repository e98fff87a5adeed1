//! What tasks that start again and again pull: a crash loop overnight can cost more than the month before it.

use crate::{Evidence, Way};

/// Failed tasks from which on they count as a loop, and it matters what each of them pulls.
pub const LOOP: usize = 3;
/// Bytes a day that are worth a word.
const WORTH_SAYING: f64 = 1e9;

/// Says how much the tasks of a service that keep failing pull in a day through a NAT gateway, if that is much. It is
/// billed by the gigabyte (Amazon VPC pricing); other ways to ECR in the same region cost nothing by the gigabyte, or
/// next to it.
pub(crate) fn pulled(evidence: &Evidence) -> Option<String> {
    let nat = |subnet: &crate::SubnetEvidence| subnet.way == Way::Nat;
    if !evidence.network.get()?.subnets.iter().any(nat) {
        return None;
    }
    let bytes = evidence.image.get()?.bytes.filter(|bytes| *bytes > 0)?;
    let started = evidence.stopped.iter().filter(|task| task.created > 0.0 && task.ended > 0.0);
    let (mut first, mut last, mut count) = (f64::INFINITY, 0.0_f64, 0_usize);
    for task in started {
        first = first.min(task.created);
        last = last.max(task.ended);
        count += 1;
    }
    let seconds = last - first;
    if count < LOOP || seconds < 1.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let (count, bytes) = (count as f64, bytes as f64);
    let hourly = count / seconds * 3600.0;
    let daily = hourly * 24.0 * bytes;
    if daily < WORTH_SAYING {
        return None;
    }
    Some(format!(
        "about {hourly:.0} tasks an hour start and fail, and each pulls {:.0} MB: {:.0} GB a day through the NAT \
         gateway, which is billed by the gigabyte",
        bytes / 1e6,
        daily / 1e9,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageEvidence, Network, Seen, StoppedTask, SubnetEvidence};

    fn looping(tasks: u32, megabytes: u64, way: Way) -> Evidence {
        let stopped = (0..tasks).map(|number| {
            let created = 1000.0 + f64::from(number) * 60.0;
            StoppedTask { created, ended: created + 30.0, ..StoppedTask::default() }
        });
        let image =
            ImageEvidence { bytes: Some(megabytes * 1_000_000), ..ImageEvidence::default() };
        let subnets = vec![SubnetEvidence { way, ..SubnetEvidence::default() }];
        Evidence {
            stopped: stopped.collect(),
            image: Seen::There(image),
            network: Seen::There(Network { subnets, ..Network::default() }),
            ..Evidence::default()
        }
    }

    #[test]
    fn a_loop_says_what_it_pulls() {
        assert_eq!(
            pulled(&looping(10, 350, Way::Nat)).unwrap(),
            "about 63 tasks an hour start and fail, and each pulls 350 MB: 531 GB a day through the NAT gateway, \
             which is billed by the gigabyte"
        );
        assert_eq!(pulled(&looping(10, 350, Way::Endpoints)), None);
        assert_eq!(pulled(&looping(10, 350, Way::Internet)), None);
    }

    #[test]
    fn a_few_failures_or_a_small_image_are_no_news() {
        assert_eq!(pulled(&looping(2, 350, Way::Nat)), None);
        assert_eq!(pulled(&looping(10, 0, Way::Nat)), None);
        assert_eq!(pulled(&looping(3, 0, Way::Nat)), None);
        let unknown = Evidence { image: Seen::Unread, ..looping(10, 350, Way::Nat) };
        assert_eq!(pulled(&unknown), None);
    }
}
