//! What other services ask about certificates, and tell of them.

use std::{collections::BTreeSet, time::Duration};

use super::state::AcmEvent;
use crate::world::{Event, World};

/// How long ACM thinks that a certificate is used when it is not any more; AWS takes minutes.
const RELEASE: Duration = Duration::from_secs(20);

impl World {
    /// Returns the status of a certificate, such as `ISSUED`.
    pub fn certificate_status(&self, region: &str, arn: &str) -> Option<&str> {
        let acm = &self.regions.get(region)?.acm;
        acm.certificates.get(arn).map(|certificate| certificate.status.as_str())
    }

    /// Notes which balancers use which certificates; called after every change of listeners.
    pub(crate) fn certificates_changed(&mut self, region: &str) {
        let here = self.region(region);
        let users = here.elbv2.certificate_users();
        let none = BTreeSet::new();
        let mut released = Vec::new();
        for certificate in here.acm.certificates.values_mut() {
            let now = users.get(&certificate.arn).unwrap_or(&none);
            for balancer in certificate.in_use_by.difference(now) {
                released.push((certificate.arn.clone(), balancer.clone()));
            }
            certificate.in_use_by.extend(now.iter().cloned());
        }
        for (certificate, balancer) in released {
            let event = AcmEvent::Released { certificate, balancer };
            self.schedule(RELEASE, region, Event::Acm(event));
        }
    }
}

/// The end of a use is noticed, unless the use has begun again.
pub(super) fn released(world: &mut World, region: &str, certificate: &str, balancer: &str) {
    let here = world.region(region);
    let users = here.elbv2.certificate_users();
    if users.get(certificate).is_some_and(|users| users.contains(balancer)) {
        return;
    }
    if let Some(found) = here.acm.certificates.get_mut(certificate) {
        found.in_use_by.remove(balancer);
    }
}
