//! What a spec holds back, and what stands in its way: parts of a case in which wharf has to refuse or to keep.

use std::collections::BTreeSet;

use crate::account::{Inventory, inventory};
use crate::case::InTheWay;
use crate::judge::Trial;
use crate::process::{End, Goal};
use crate::verdict::{same, settled};
use crate::weather::Storm;

impl Trial<'_> {
    /// What is foreign and has a name of the stack's stops an apply before it begins.
    pub(crate) async fn blocked(&mut self) -> Result<(), String> {
        let Some(blocker) = self.case.in_the_way else { return Ok(()) };
        let wanted = &self.case.wanted;
        let service = wanted.services.keys().next().cloned().unwrap_or_default();
        self.watch.did(format!("in the way: {blocker:?}"));
        blocker.put(&self.sandbox, &service).await;
        let aside = match blocker {
            InTheWay::SecurityGroup => wanted.private,
            InTheWay::Cluster => wanted.cluster.is_some(),
            InTheWay::LogGroup | InTheWay::Repository => false,
        };
        if aside {
            // It is in another VPC, or not needed, and in nobody's way.
            blocker.remove(&self.sandbox, &service);
            return Ok(());
        }
        let before = inventory(&self.sandbox);
        let end = Box::pin(self.process(wanted).run(Goal::Apply)).await;
        self.expect("blocked apply", &end, &End::Foreign)?;
        let end = Box::pin(self.process(wanted).run(Goal::Destroy)).await;
        self.expect("destroy of nothing", &end, &End::Done)?;
        same(&before, &inventory(&self.sandbox), "while foreign objects were in the way")?;
        blocker.remove(&self.sandbox, &service);
        Ok(())
    }

    /// What the spec protects is not destroyed, nor is anything else.
    pub(crate) async fn protected(&mut self) -> Result<(), String> {
        let Some(line) = self.case.protect else { return Ok(()) };
        let mut spec = self.case.wanted.clone();
        let has_port = spec.services.values().any(|service| service.port.is_some());
        if line.contains("balancer") && (!has_port || spec.shares) {
            return Ok(());
        }
        // Repositories go with the last environment of the app: this destroy takes none, so nothing is refused.
        if line.contains("repository") && self.case.other_env {
            return Ok(());
        }
        spec.more.push(line.to_owned());
        self.watch.did(line);
        let before = inventory(&self.sandbox);
        let end = Box::pin(self.process(&spec).run(Goal::Destroy)).await;
        self.expect("destroy of what is protected", &end, &End::Protected)?;
        self.watch.checked("what is protected stays");
        same(&settled(before), &settled(inventory(&self.sandbox)), "although it is protected")
    }

    /// What is to outlive a destroy stays as it is, and is taken up again by the next apply.
    pub(crate) async fn kept(&mut self) -> Result<(), String> {
        let Some(line) = self.case.keep else { return Ok(()) };
        let mut spec = self.case.wanted.clone();
        spec.more.push(line.to_owned());
        self.watch.did(line);
        let kinds: Vec<&str> =
            [("repository", "ecr/repositories"), ("logs", "logs/groups"), ("certificate", "acm/")]
                .into_iter()
                .filter(|(word, _)| line.contains(word))
                .map(|(_, kind)| kind)
                .collect();
        let keeps = |path: &str| kinds.iter().any(|kind| path.starts_with(kind));
        let before = inventory(&self.sandbox);
        let kept = |all: &Inventory| -> BTreeSet<String> {
            all.keys().filter(|path| keeps(path)).cloned().collect()
        };
        self.converge("destroy but for something", &spec, Goal::Destroy, &Storm::calm()).await?;
        let after = inventory(&self.sandbox);
        if kept(&before) != kept(&after) {
            return Err(format!("{line}: {:?} became {:?}", kept(&before), kept(&after)));
        }
        self.watch.checked("what is to be kept stays");
        let wanted = &self.case.wanted;
        self.converge("apply to what was kept", wanted, Goal::Apply, &Storm::calm()).await?;
        self.check_applied(wanted).await
    }
}
