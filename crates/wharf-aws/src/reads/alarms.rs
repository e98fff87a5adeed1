//! Alarms of CloudWatch that roll rollouts back: that they are there, and what they say now.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use futures::future::try_join_all;
use wharf_graph::facts::AlarmFact;

use crate::error::AwsError;
use crate::reads::Reads;

/// Most names of one call, and most alarms on its page (CloudWatch API reference, `DescribeAlarms`).
const BATCH: usize = 100;

impl Reads {
    /// Looks up the alarms that the spec names, of one metric or composed of others. They decide nothing that a
    /// plan does, so whoever may not look at them, or asks an emulator without them, knows nothing and misses
    /// nothing.
    pub(crate) async fn alarms(&self) -> BTreeMap<String, AlarmFact> {
        let services = self.stack.services.values();
        let wanted: BTreeSet<&String> =
            services.flat_map(|service| &service.deploy.alarms).collect();
        let names: Vec<String> = wanted.into_iter().cloned().collect();
        let found = try_join_all(names.chunks(BATCH).map(|batch| self.described(batch))).await;
        let Ok(found) = found else { return BTreeMap::new() };
        let mut facts: BTreeMap<String, AlarmFact> = found.into_iter().flatten().collect();
        for name in names {
            facts.entry(name).or_default();
        }
        facts
    }

    async fn described(&self, names: &[String]) -> Result<Vec<(String, AlarmFact)>, AwsError> {
        let got = self
            .call(0, "cloudwatch:DescribeAlarms", |aws| {
                aws.cloudwatch
                    .describe_alarms()
                    .set_alarm_names(Some(names.to_vec()))
                    .alarm_types(AlarmType::MetricAlarm)
                    .alarm_types(AlarmType::CompositeAlarm)
                    .max_records(i32::try_from(BATCH).unwrap_or(i32::MAX))
                    .send()
            })
            .await?;
        let metric = got.value.metric_alarms().iter();
        let metric = metric.map(|alarm| (alarm.alarm_name(), alarm.state_value()));
        let composite = got.value.composite_alarms().iter();
        let composite = composite.map(|alarm| (alarm.alarm_name(), alarm.state_value()));
        let all = metric.chain(composite).filter_map(|(name, state)| {
            let ringing = state == Some(&StateValue::Alarm);
            Some((name?.to_owned(), AlarmFact { there: true, ringing }))
        });
        Ok(all.collect())
    }
}
