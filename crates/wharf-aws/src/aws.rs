//! Clients for one account and region.

use std::sync::Arc;
use std::time::Duration;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_acm as acm;
use aws_sdk_applicationautoscaling as autoscaling;
use aws_sdk_cloudtrail as cloudtrail;
use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ec2 as ec2;
use aws_sdk_ecr as ecr;
use aws_sdk_ecs as ecs;
use aws_sdk_elasticloadbalancingv2 as elb;
use aws_sdk_iam as iam;
use aws_sdk_resourcegroupstagging as tagging;
use aws_sdk_route53 as route53;
use aws_sdk_scheduler as scheduler;
use aws_sdk_secretsmanager as secrets;
use aws_sdk_ssm as ssm;
use aws_sdk_sts as sts;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;

use crate::call::{Caller, Counter};
use crate::delegation::Resolver;
use crate::pace::Pace;
use crate::registry::Registries;
use crate::transport::{InProcess, Transport};

/// How long one call may be retried before it counts as failed.
const CALL_BUDGET: Duration = Duration::from_secs(90);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What wharf calls itself in its calls.
pub(crate) const APP: &str = "wharf";

/// How to reach an account.
#[derive(Clone, Default)]
pub struct Connect {
    /// Region of the spec.
    pub region: String,
    /// Named profile of the AWS configuration files; the usual chain when `None`.
    pub profile: Option<String>,
    /// Another endpoint for every service, as `AWS_ENDPOINT_URL` gives one.
    pub endpoint_url: Option<String>,
    /// An embedded AWS. Its credentials are made up and nothing is looked up anywhere.
    pub transport: Option<Arc<dyn Transport>>,
    /// How many seconds pass over there while one passes here; 0 and 1 mean real time, which the
    /// AWS everybody shares always has.
    pub speed: f64,
}

/// Clients for one account and region, and the one way to call them.
#[derive(Clone)]
pub struct Aws {
    pub(crate) acm: acm::Client,
    pub(crate) autoscaling: autoscaling::Client,
    pub(crate) cloudwatch: cloudwatch::Client,
    pub(crate) ec2: ec2::Client,
    pub(crate) ecr: ecr::Client,
    pub(crate) ecs: ecs::Client,
    pub(crate) elb: elb::Client,
    pub(crate) iam: iam::Client,
    pub(crate) logs: logs::Client,
    pub(crate) route53: route53::Client,
    pub(crate) scheduler: scheduler::Client,
    pub(crate) secrets: secrets::Client,
    pub(crate) ssm: ssm::Client,
    pub(crate) sts: sts::Client,
    pub(crate) tagging: tagging::Client,
    pub(crate) trail: cloudtrail::Client,
    pub(crate) caller: Arc<Caller>,
    /// Held while rules of a listener change places, which takes a look and a move.
    pub(crate) places: Arc<tokio::sync::Mutex<()>>,
    /// Whether calls go to an endpoint other than AWS's: an emulator, most likely.
    pub(crate) custom_endpoint: bool,
    /// That endpoint.
    pub(crate) endpoint: Option<String>,
    /// Registries elsewhere; `None` when AWS itself is an emulator.
    pub(crate) registries: Option<Arc<Registries>>,
    /// Whom to ask about the delegation of zones.
    pub(crate) resolver: Resolver,
    /// Region, for example `eu-west-1`.
    pub region: String,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Aws {
    /// Builds the clients. No call is made; credentials are looked for at the first one.
    pub async fn connect(to: Connect) -> Self {
        let region = to.region.clone();
        let embedded = to.transport.is_some();
        let world = to.transport.clone();
        let http: SharedHttpClient = match to.transport {
            Some(transport) => SharedHttpClient::new(InProcess(transport)),
            None => aws_smithy_http_client::Builder::new()
                .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                .build_https(),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        // Told to AWS with every call, so that its event history tells wharf's own changes from others'.
        if let Ok(name) = AppName::new(APP) {
            loader = loader.app_name(name);
        }
        if embedded {
            // What comes whole cannot stall; and the watch over it goes by the clock of the machine, which is not
            // the one over there.
            loader = loader.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
            // Never touch the profile files or the instance metadata of the machine.
            loader = loader.empty_test_environment().credentials_provider(Credentials::from_keys(
                "wharf-sandbox",
                "wharf-sandbox",
                None,
            ));
        }
        if let Some(profile) = to.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = to.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let custom_endpoint = config.endpoint_url().is_some();
        let registries = (!embedded && !custom_endpoint)
            .then(|| Arc::new(Registries::new(ProxyConfig::from_env())));
        let paced = to.speed > 0.0 && (embedded || custom_endpoint);
        let speed = if paced { to.speed } else { 1.0 };
        let caller =
            Caller { pace: Pace::new(speed), counter: Counter::default(), budget: CALL_BUDGET };
        Self {
            acm: acm::Client::new(&config),
            autoscaling: autoscaling::Client::new(&config),
            cloudwatch: cloudwatch::Client::new(&config),
            ec2: ec2::Client::new(&config),
            ecr: ecr::Client::new(&config),
            ecs: ecs::Client::new(&config),
            elb: elb::Client::new(&config),
            iam: iam::Client::new(&config),
            logs: logs::Client::new(&config),
            route53: route53::Client::new(&config),
            scheduler: scheduler::Client::new(&config),
            secrets: secrets::Client::new(&config),
            ssm: ssm::Client::new(&config),
            sts: sts::Client::new(&config),
            tagging: tagging::Client::new(&config),
            trail: cloudtrail::Client::new(&config),
            caller: Arc::new(caller),
            places: Arc::default(),
            custom_endpoint,
            endpoint: config.endpoint_url().map(str::to_owned),
            registries,
            resolver: match world {
                Some(transport) => Resolver::Embedded(transport),
                None if custom_endpoint => Resolver::Nobody,
                None => Resolver::Public,
            },
            region,
        }
    }

    /// Returns a client for the event history of another region.
    pub(crate) fn trail_in(&self, region: &'static str) -> cloudtrail::Client {
        let config = self.trail.config().to_builder().region(Region::from_static(region)).build();
        cloudtrail::Client::from_conf(config)
    }

    /// Sleeps for `length` as the clock over there counts it.
    pub async fn pause(&self, length: Duration) {
        self.caller.pace.sleep(length).await;
    }

    /// Returns how much time has passed over there since `start`.
    pub fn elapsed(&self, start: tokio::time::Instant) -> Duration {
        self.caller.pace.since(start)
    }

    /// Returns how often each operation was called so far, for example `ecs:DescribeServices`.
    pub fn calls(&self) -> std::collections::BTreeMap<String, u32> {
        self.caller.counter.snapshot()
    }
}
