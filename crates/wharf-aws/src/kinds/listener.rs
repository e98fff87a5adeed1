//! The balancer's listeners: one for plain HTTP, and one for HTTPS once a service has a domain.
//!
//! With HTTPS, all requests are served there and plain HTTP only leads to it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, Listener as ElbListener,
    ProtocolEnum, RedirectActionConfig, RedirectActionStatusCodeEnum,
};
use serde::{Deserialize, Serialize};
use wharf_graph::facts::CertificateFact;
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, ReplaceOrder};
use wharf_spec::Stack;
use wharf_spec::stack::{CertificateSource, Domain};

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::forward::{self, Alternates, Target};
use crate::kinds::listener_rule::priority;
use crate::kinds::load_balancer::{add_tags, settled, tag_list};
use crate::kinds::{certificate_validation, load_balancer, shared};
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};

/// Name of the listener on port 80.
const HTTP: &str = "http";
/// Name of the listener on port 443.
const HTTPS: &str = "https";
/// How long a certificate issued a moment ago may be unknown to the balancer.
const CERTIFICATE_KNOWN: Duration = Duration::from_mins(5);

/// See the module.
pub(crate) struct Listener;

/// Managed properties of a listener. Of the three default actions exactly one is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    load_balancer: Input<String>,
    port: i32,
    protocol: String,
    certificate: Option<Input<String>>,
    ssl_policy: Option<String>,
    /// Where requests go that no rule matches.
    forward: Vec<Target>,
    /// Whether everything is led to HTTPS.
    redirect: Option<Redirect>,
    /// Status code that answers requests no rule matches.
    fixed: Option<String>,
    tags: Tags,
}

/// A redirect that keeps host, path and query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Redirect {
    protocol: String,
    port: String,
    code: String,
}

/// Returns the ARN of the listener that serves requests, for the rules that hang on it; `None` if the balancer
/// owned elsewhere has none that fits.
pub(super) fn arn(stack: &Stack, facts: &Facts) -> Option<Input<String>> {
    match &stack.balancer.shared {
        None => Some(Input::of(&serving(stack), "arn")),
        Some(_) => shared::listener(stack, facts).map(|found| Input::Known(found.arn.clone())),
    }
}

/// Returns the address of the listener that serves requests.
pub(super) fn serving(stack: &Stack) -> Address {
    let name = if domain(stack).is_some() { HTTPS } else { HTTP };
    Address::new(Listener::POLICY.kind, name)
}

/// Says whether a service takes whatever no rule matches.
pub(super) fn is_default(service: &wharf_spec::stack::Service) -> bool {
    service
        .routing
        .as_ref()
        .is_some_and(|routing| routing.hosts.is_empty() && routing.paths.is_empty())
}

fn domain(stack: &Stack) -> Option<&Domain> {
    stack.routed().find_map(|service| service.routing.as_ref()?.domain.as_ref())
}

impl Kind for Listener {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("load_balancer", "a listener belongs to one balancer")],
        replace_order: ReplaceOrder::DeleteFirst,
        traffic: Some("forward"),
        serves_traffic: true,
        delete_after: &["service"],
        ..Policy::plain("listener", "listener")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        if stack.routed().next().is_none() || stack.balancer.shared.is_some() {
            return;
        }
        let default = stack.routed().find(|service| is_default(service));
        let forward = default.map(forward::to_service);
        let serving = Props {
            load_balancer: Input::of(&load_balancer::address(), "arn"),
            port: 80,
            protocol: "HTTP".to_owned(),
            certificate: None,
            ssl_policy: None,
            fixed: forward.is_none().then(|| "404".to_owned()),
            forward: forward.unwrap_or_default(),
            redirect: None,
            tags: stack.tags.clone(),
        };
        let Some(domain) = domain(stack) else {
            out.add(&Self::POLICY, HTTP, &serving);
            return;
        };
        if let Some(problem) = facts.certificate.as_ref().and_then(|it| unfit(stack, facts, it)) {
            out.problem("E210", Address::new(Self::POLICY.kind, HTTPS), problem);
        }
        let certificate = match &domain.certificate {
            CertificateSource::Auto => Input::of(&certificate_validation::address(), "arn"),
            CertificateSource::Arn(arn) => Input::from(arn.as_str()),
        };
        let redirect = Redirect {
            protocol: "HTTPS".to_owned(),
            port: "443".to_owned(),
            code: RedirectActionStatusCodeEnum::Http301.as_str().to_owned(),
        };
        let plain =
            Props { forward: Vec::new(), fixed: None, redirect: Some(redirect), ..serving.clone() };
        let secure = Props {
            port: 443,
            protocol: "HTTPS".to_owned(),
            certificate: Some(certificate),
            ssl_policy: Some(domain.tls_policy.clone()),
            ..serving
        };
        // Until HTTPS answers for every service, plain HTTP must not lead there: what it leads to at
        // present would lose its targets.
        let after = &mut out.add(&Self::POLICY, HTTP, &plain).after;
        after.insert(Address::new(Self::POLICY.kind, HTTPS));
        let rules = priority::rules(stack).into_iter();
        after.extend(rules.map(|rule| Address::new("listener_rule", rule.name)));
        after.extend(stack.routed().map(|service| Address::new("service", &service.name)));
        out.add(&Self::POLICY, HTTPS, &secure);
    }

    fn example() -> Props {
        Props {
            load_balancer: Input::from("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/x"),
            port: 443,
            protocol: "HTTPS".to_owned(),
            certificate: Some(Input::from("arn:aws:acm:eu-west-1:1:certificate/1")),
            ssl_policy: Some("ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned()),
            forward: forward::example(),
            redirect: Some(Redirect {
                protocol: "HTTPS".to_owned(),
                port: "443".to_owned(),
                code: "HTTP_301".to_owned(),
            }),
            fixed: Some("404".to_owned()),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (listeners, tags, alternates) =
            futures::try_join!(cx.listeners(), cx.listener_tags(), Alternates::read(cx))?;
        let mut found = Vec::new();
        for listener in &listeners.value {
            let arn = listener.listener_arn().unwrap_or_default().to_owned();
            let own = tags.value.get(&arn).cloned().unwrap_or_default();
            let tagged = tags::owner(&own, &cx.id) == Owner::Ours;
            let tagged = tagged.then(|| tags::address(&own, Self::POLICY.kind)).flatten();
            let name = match (listener.port(), tagged) {
                (Some(80), _) => HTTP.to_owned(),
                (Some(443), _) => HTTPS.to_owned(),
                (Some(port), Some(_)) => format!("port-{port}"),
                // Somebody's own listener on our balancer, on a port that is not needed.
                _ => continue,
            };
            found.push(Found::Ours(Owned {
                name,
                id: arn.clone(),
                props: props(listener, &own, &cx.stack.tags, &alternates),
                outputs: outputs(&arn),
                applied: own.get(tags::SPEC).cloned(),
                leaving: false,
            }));
        }
        Ok(found)
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let balancer = want.load_balancer.get()?;
        let action = action(cx, &want, &[]).await?;
        let certificate = certificate(&want)?;
        let created = usable(cx, async || {
            cx.aws
                .caller
                .call("elasticloadbalancing:CreateListener", || {
                    cx.aws
                        .elb
                        .create_listener()
                        .load_balancer_arn(balancer)
                        .port(want.port)
                        .protocol(ProtocolEnum::from(want.protocol.as_str()))
                        .set_certificates(certificate.clone().map(|one| vec![one]))
                        .set_ssl_policy(want.ssl_policy.clone())
                        .default_actions(action.clone())
                        .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                        .send()
                })
                .await
        })
        .await;
        let arn = match created {
            Ok(created) => {
                created.listeners().first().and_then(|one| one.listener_arn()).map(str::to_owned)
            }
            // The port is taken on our own balancer: an earlier run of this step, or somebody's hand.
            Err(error) if error.is(&["DuplicateListener"]) => {
                let arn = on_port(cx, balancer, want.port).await?.ok_or(error)?;
                modify(cx, &arn, &want).await?;
                add_tags(cx, &arn, &cx.tags(&want.tags)).await?;
                Some(arn)
            }
            Err(error) => return Err(error),
        };
        let arn = arn.unwrap_or_default();
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if !changed.0.is_empty() {
            modify(cx, &live.id, &want).await?;
        }
        add_tags(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let deleted = cx
            .aws
            .caller
            .call("elasticloadbalancing:DeleteListener", || {
                cx.aws.elb.delete_listener().listener_arn(&live.id).send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ListenerNotFound", "LoadBalancerNotFound"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Says why nobody could speak HTTPS with a certificate owned elsewhere.
fn unfit(stack: &Stack, facts: &Facts, found: &CertificateFact) -> Option<String> {
    let arn = &found.arn;
    match found.status.as_deref() {
        None => return Some(format!("there is no certificate {arn} in {}", facts.region)),
        Some("ISSUED") => {}
        Some(status) => {
            return Some(format!(
                "the certificate {arn} is {status}; a listener takes one that is ISSUED"
            ));
        }
    }
    let open: Vec<String> =
        stack.domain_names().into_iter().filter(|name| !found.covers(name)).collect();
    let names: Vec<&str> = found.names.iter().map(String::as_str).collect();
    (!open.is_empty()).then(|| {
        let (open, names) = (open.join(", "), names.join(", "));
        format!("the certificate {arn} is for {names}, and not for {open}")
    })
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Brings what ELB returns into canonical form.
fn props(listener: &ElbListener, live: &Tags, spec: &Tags, alternates: &Alternates) -> Props {
    let actions = listener.default_actions();
    let of =
        |wanted: &ActionTypeEnum| actions.iter().find(|action| action.r#type() == Some(wanted));
    let redirect = of(&ActionTypeEnum::Redirect).and_then(Action::redirect_config);
    let fixed = of(&ActionTypeEnum::FixedResponse).and_then(Action::fixed_response_config);
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let certificate = listener.certificates().iter().find_map(Certificate::certificate_arn);
    let secure = listener.protocol() == Some(&ProtocolEnum::Https);
    Props {
        load_balancer: Input::Known(text(listener.load_balancer_arn())),
        port: listener.port().unwrap_or_default(),
        protocol: listener.protocol().map_or("", ProtocolEnum::as_str).to_owned(),
        certificate: certificate.map(Input::from),
        // Without TLS a policy means nothing, whatever is shown.
        ssl_policy: listener.ssl_policy().filter(|_| secure).map(str::to_owned),
        forward: forward::targets(actions, alternates),
        redirect: redirect.map(|config| Redirect {
            protocol: text(config.protocol()),
            port: text(config.port()),
            code: config.status_code().map_or("", RedirectActionStatusCodeEnum::as_str).to_owned(),
        }),
        fixed: fixed.map(|config| text(config.status_code())),
        tags: tags::managed(live, spec),
    }
}

fn certificate(want: &Props) -> Result<Option<Certificate>, AwsError> {
    let Some(certificate) = &want.certificate else { return Ok(None) };
    Ok(Some(Certificate::builder().certificate_arn(certificate.get()?).build()))
}

/// Builds the one default action.
async fn action(cx: &Write<'_>, want: &Props, live: &[Action]) -> Result<Action, AwsError> {
    if let Some(redirect) = &want.redirect {
        let config = RedirectActionConfig::builder()
            .protocol(&redirect.protocol)
            .port(&redirect.port)
            .status_code(RedirectActionStatusCodeEnum::from(redirect.code.as_str()))
            .build();
        let action = Action::builder().r#type(ActionTypeEnum::Redirect);
        return Ok(action.redirect_config(config).build());
    }
    if let Some(code) = &want.fixed {
        let config = FixedResponseActionConfig::builder().status_code(code).build();
        let action = Action::builder().r#type(ActionTypeEnum::FixedResponse);
        return Ok(action.fixed_response_config(config).build());
    }
    Ok(forward::action(&forward::shares(cx, &want.forward, live).await?)?)
}

async fn modify(cx: &Write<'_>, arn: &str, want: &Props) -> Result<(), AwsError> {
    let live =
        if forward::keeps_shares(&want.forward) { actions_of(cx, arn).await? } else { Vec::new() };
    let action = action(cx, want, &live).await?;
    let certificate = certificate(want)?;
    usable(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyListener", || {
                cx.aws
                    .elb
                    .modify_listener()
                    .listener_arn(arn)
                    .port(want.port)
                    .protocol(ProtocolEnum::from(want.protocol.as_str()))
                    .set_certificates(certificate.clone().map(|one| vec![one]))
                    .set_ssl_policy(want.ssl_policy.clone())
                    .default_actions(action.clone())
                    .send()
            })
            .await
    })
    .await?;
    Ok(())
}

/// Repeats `attempt` while a certificate or target group made a moment ago is not known to ELB yet.
async fn usable<T, F>(cx: &Write<'_>, mut attempt: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    const UNKNOWN: &[Transient] = &[
        Transient { codes: &["CertificateNotFound"], text: "", budget: CERTIFICATE_KNOWN },
        Transient { codes: &["UnsupportedCertificate"], text: "", budget: CERTIFICATE_KNOWN },
        Transient {
            codes: &["LoadBalancerNotFound", "TargetGroupNotFound"],
            text: "",
            budget: Duration::from_mins(2),
        },
    ];
    let result = cx.aws.caller.retrying(UNKNOWN, &mut attempt).await;
    result.map_err(|error| {
        if error.is(&["UnsupportedCertificate", "CertificateNotFound"]) {
            error.hint(
                "the certificate must be issued, be in the region of the stack, and have an RSA or \
                 EC key that balancers support",
            )
        } else {
            error
        }
    })
}

/// Finds the listener on a port of a balancer.
async fn on_port(cx: &Write<'_>, balancer: &str, port: i32) -> Result<Option<String>, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeListeners", || {
                cx.aws.elb.describe_listeners().load_balancer_arn(balancer).send()
            })
            .await
    })
    .await?;
    let found = got.listeners().iter().find(|listener| listener.port() == Some(port));
    Ok(found.and_then(ElbListener::listener_arn).map(str::to_owned))
}

/// Returns what a listener does by default at present.
async fn actions_of(cx: &Write<'_>, arn: &str) -> Result<Vec<Action>, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeListeners", || {
                cx.aws.elb.describe_listeners().listener_arns(arn).send()
            })
            .await
    })
    .await?;
    Ok(got.listeners().first().map(|found| found.default_actions().to_vec()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_keeps_only_what_is_managed() {
        let config = RedirectActionConfig::builder()
            .protocol("HTTPS")
            .port("443")
            .host("#{host}")
            .path("/#{path}")
            .query("#{query}")
            .status_code(RedirectActionStatusCodeEnum::Http301)
            .build();
        let action =
            Action::builder().r#type(ActionTypeEnum::Redirect).order(1).redirect_config(config);
        let listener = ElbListener::builder()
            .port(80)
            .protocol(ProtocolEnum::Http)
            .default_actions(action.build())
            .build();
        let props = props(&listener, &Tags::new(), &Tags::new(), &Alternates::default());
        assert_eq!(props.redirect.unwrap().code, "HTTP_301");
        assert!(props.forward.is_empty());
        assert_eq!(props.fixed, None);
    }
}
