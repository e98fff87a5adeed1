//! Cluster, services and task definitions.

use std::sync::Arc;

use aws_sdk_ecs::types::{Cluster, ClusterField};

use crate::error::AwsError;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::Tags;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    cluster: Memo<Option<TaggedCluster>>,
}

/// A cluster with its tags as a map.
#[derive(Clone, Debug)]
pub(crate) struct TaggedCluster {
    pub(crate) cluster: Cluster,
    pub(crate) tags: Tags,
}

impl Reads {
    /// Reads the cluster of the stack's name. An `INACTIVE` one is a deleted one that is still shown,
    /// and counts as absent (ECS API reference, `DescribeClusters`).
    pub(crate) async fn cluster(&self) -> Result<Arc<Got<Option<TaggedCluster>>>, AwsError> {
        self.memos
            .ecs
            .cluster
            .get(async || {
                let name = names::cluster(&self.id);
                let got = self
                    .call(0, "ecs:DescribeClusters", |aws| {
                        aws.ecs
                            .describe_clusters()
                            .clusters(&name)
                            .include(ClusterField::Settings)
                            .include(ClusterField::Tags)
                            .send()
                    })
                    .await?;
                let cluster = got
                    .value
                    .clusters()
                    .iter()
                    .find(|cluster| cluster.status() != Some("INACTIVE"))
                    .map(|cluster| TaggedCluster {
                        tags: tags(cluster.tags()),
                        cluster: cluster.clone(),
                    });
                Ok(Got { value: cluster, round: got.round })
            })
            .await
    }
}

/// Turns ECS's list of tags into a map.
pub(crate) fn tags(list: &[aws_sdk_ecs::types::Tag]) -> Tags {
    list.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}
