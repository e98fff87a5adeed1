//! A stack to declare in unit tests.

use std::collections::{BTreeMap, BTreeSet};

use wharf_spec::Stack;
use wharf_spec::stack::{
    Architecture, Balancer, Deploy, Destroy, Fate, Health, Image, ImageReference, Network,
    Placement, Repository, Routing, Scheme, Service, Strategy, VpcRef,
};

use crate::registry::Registries;

/// `notes-prod` with one service `web` on port 3000, everything else as defaults have it.
pub(crate) fn stack() -> Stack {
    Stack {
        app: "notes".to_owned(),
        env: Some("prod".to_owned()),
        region: "eu-west-1".to_owned(),
        account: None,
        tags: BTreeMap::from([("team".to_owned(), "notes".to_owned())]),
        network: Network {
            vpc: VpcRef::Default,
            tasks: Placement::Auto,
            balancer: Placement::Auto,
        },
        cluster: None,
        balancer: Balancer {
            shared: None,
            scheme: Scheme::InternetFacing,
            allow: BTreeSet::from(["0.0.0.0/0".to_owned()]),
            idle_timeout: 60,
        },
        release: None,
        jobs: BTreeMap::new(),
        services: BTreeMap::from([("web".to_owned(), service("web"))]),
        protect: BTreeSet::new(),
        destroy: Destroy {
            repository: Fate::Delete,
            logs: Fate::Delete,
            certificate: Fate::Delete,
        },
    }
}

/// A service on port 3000 whose image is in its own repository.
pub(crate) fn service(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        image: Image::Own {
            reference: ImageReference::Tag("v1".to_owned()),
            repository: Repository { name: name.to_owned(), immutable_tags: false, keep: 30 },
        },
        cpu: 256,
        memory: 512,
        architecture: Architecture::X86_64,
        command: None,
        entrypoint: None,
        user: None,
        stop_timeout: 30,
        routing: Some(Routing {
            port: 3000,
            health: Health {
                path: "/health".to_owned(),
                interval: 10,
                timeout: 5,
                good: 2,
                bad: 3,
                grace: 60,
                codes: "200-299".to_owned(),
            },
            hosts: Vec::new(),
            paths: Vec::new(),
            domain: None,
        }),
        container_health: None,
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        permissions: Vec::new(),
        task_role: None,
        sidecars: BTreeMap::new(),
        depends_on: BTreeMap::new(),
        count: 1,
        scaling: None,
        spot: 0,
        after: BTreeSet::new(),
        renamed_from: None,
        deploy: Deploy {
            strategy: Strategy::Rolling,
            alarms: BTreeSet::new(),
            max_failures: 3,
            drain: 30,
            timeout: 600,
            min_healthy: 100,
            max_running: 200,
        },
        log_retention: Some(30),
        exec: false,
    }
}

/// Registries without a proxy, whatever the environment of the test says.
pub(crate) fn registries() -> Registries {
    Registries::new(aws_smithy_http_client::proxy::ProxyConfig::disabled())
}
