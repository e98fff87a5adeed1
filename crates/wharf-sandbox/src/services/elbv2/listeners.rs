//! Listeners.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    actions, certificates,
    common::{balancer, listener, page},
    state::Listener,
};
use crate::{error::AwsError, input::Input, rules, tags};

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    let found = balancer(&ctx.here().elbv2, arn)?.clone();
    let protocol = input.one_of("Protocol", &["HTTP", "HTTPS"])?;
    let protocol = protocol.ok_or_else(|| {
        rules::elbv2::LISTENER_SETTINGS.refuse("A listener protocol must be specified")
    })?;
    let port = input.int_in("Port", 1, 65535)?.and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| {
        rules::elbv2::LISTENER_SETTINGS.refuse("A listener port must be specified")
    })?;
    let mut made = Listener {
        arn: String::new(),
        default_rule: String::new(),
        balancer: arn.to_owned(),
        port,
        protocol: protocol.to_owned(),
        ssl_policy: None,
        certificates: Vec::new(),
        actions: Vec::new(),
        tags: tags::from_list(input, "Tags"),
    };
    tags::check(&made.tags, "ValidationError")?;
    secure(ctx, input, &mut made)?;
    let elb = &ctx.here().elbv2;
    made.actions = actions::read(elb, &found, input, "DefaultActions")?;
    let own = || elb.listeners.values().filter(|it| it.balancer == arn);
    if let Some(other) = own().find(|it| it.port == port) {
        // Idempotent for equal settings (ELB API reference, CreateListener).
        let same = (&other.protocol, &other.ssl_policy, &other.actions, &other.tags)
            == (&made.protocol, &made.ssl_policy, &made.actions, &made.tags)
            && other.certificates.first() == made.certificates.first();
        return if same { Ok(json!({"Listeners": [show(other)]})) } else { Err(duplicate(arn)) };
    }
    if own().count() >= 50 {
        let text = "The maximum number of listeners has been reached";
        return Err(rules::elbv2::LISTENERS_COUNT.refuse(text));
    }
    let (id, rule) = (ctx.world.ids.hex(16), ctx.world.ids.hex(16));
    let path = format!("{}/{id}", found.path);
    made.arn = ctx.arn("elasticloadbalancing", &format!("listener/{path}"));
    made.default_rule = ctx.arn("elasticloadbalancing", &format!("listener-rule/{path}/{rule}"));
    let shown = show(&made);
    ctx.here().elbv2.listeners.insert(made.arn.clone(), made);
    changed(ctx);
    Ok(json!({"Listeners": [shown]}))
}

fn duplicate(balancer: &str) -> AwsError {
    let text =
        format!("A listener already exists on this port for this load balancer '{balancer}'");
    rules::elbv2::PORT_ONCE.refuse(text)
}

/// Reads and checks policy and certificate; a plain listener has neither.
fn secure(ctx: &Ctx<'_>, input: &Input<'_>, listener: &mut Listener) -> Result<(), AwsError> {
    let given = certificates::read(ctx, input)?;
    let policy = input.str("SslPolicy");
    if listener.protocol == "HTTP" {
        if !given.is_empty() || policy.is_some() {
            let text = "Certificates and SSL policies cannot be specified for HTTP listeners";
            return Err(rules::elbv2::NO_CERTIFICATE_ON_HTTP.refuse(text));
        }
        listener.certificates.clear();
        listener.ssl_policy = None;
        return Ok(());
    }
    if let Some(policy) = policy {
        if !is_policy(policy) {
            let text = format!("SSL policy '{policy}' not found");
            return Err(rules::elbv2::POLICY_KNOWN.refuse(text));
        }
        listener.ssl_policy = Some(policy.to_owned());
    }
    // The default of the API, not of the console (ELB user guide, "Security policies").
    listener.ssl_policy.get_or_insert_with(|| "ELBSecurityPolicy-2016-08".to_owned());
    match given.as_slice() {
        [] if listener.certificates.is_empty() => Err(rules::elbv2::CERTIFICATE_GIVEN
            .refuse("A certificate must be specified for HTTPS listeners")),
        [] => Ok(()),
        [default] => {
            listener.certificates.retain(|arn| arn != default);
            if !listener.certificates.is_empty() {
                listener.certificates.remove(0);
            }
            listener.certificates.insert(0, default.clone());
            Ok(())
        }
        _ => {
            let text = "Exactly one default certificate must be specified";
            Err(rules::elbv2::ONE_DEFAULT_CERTIFICATE.refuse(text))
        }
    }
}

/// The names of security policies are regular enough (ELB user guide, "Security policies").
fn is_policy(name: &str) -> bool {
    let known = name.strip_prefix("ELBSecurityPolicy-").unwrap_or_default();
    ["2016-08", "2015-05", "TLS-1-", "TLS13-1-", "FS-"].iter().any(|start| known.starts_with(start))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let elb = &ctx.here().elbv2;
    let arns = input.strings("ListenerArns");
    let of_balancer = input.str("LoadBalancerArn");
    match (of_balancer, arns.is_empty()) {
        (Some(arn), true) => {
            balancer(elb, arn)?;
        }
        (None, false) => {
            for arn in &arns {
                listener(elb, arn)?;
            }
        }
        _ => {
            let text = "You must specify either listener ARNs or a load balancer ARN";
            return Err(rules::elbv2::ONE_SELECTION.refuse(text));
        }
    }
    let chosen = elb.listeners.values().filter(|it| match of_balancer {
        Some(arn) => it.balancer == arn,
        None => arns.contains(&it.arn),
    });
    page(input, "Listeners", chosen.map(show).collect())
}

pub(super) fn modify(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("ListenerArn")?;
    let mut changed_one = listener(&ctx.here().elbv2, arn)?.clone();
    if let Some(port) = input.int_in("Port", 1, 65535)? {
        changed_one.port = u16::try_from(port).unwrap_or(changed_one.port);
    }
    if let Some(protocol) = input.one_of("Protocol", &["HTTP", "HTTPS"])? {
        protocol.clone_into(&mut changed_one.protocol);
    }
    secure(ctx, input, &mut changed_one)?;
    let elb = &ctx.here().elbv2;
    let found = balancer(elb, &changed_one.balancer)?.clone();
    let mut others = elb.listeners.values().filter(|it| it.arn != arn);
    if others.any(|it| it.balancer == found.arn && it.port == changed_one.port) {
        return Err(duplicate(&found.arn));
    }
    if input.has("DefaultActions") {
        changed_one.actions = actions::read(elb, &found, input, "DefaultActions")?;
    }
    let shown = show(&changed_one);
    ctx.here().elbv2.listeners.insert(arn.to_owned(), changed_one);
    changed(ctx);
    Ok(json!({"Listeners": [shown]}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("ListenerArn")?;
    listener(&ctx.here().elbv2, arn)?;
    let elb = &mut ctx.here().elbv2;
    elb.listeners.remove(arn);
    elb.rules.retain(|_, rule| rule.listener != arn);
    changed(ctx);
    Ok(json!({}))
}

/// What follows from a change of listeners or rules.
pub(super) fn changed(ctx: &mut Ctx<'_>) {
    let region = ctx.region.clone();
    ctx.world.targets_changed(&region);
    ctx.world.certificates_changed(&region);
}

/// Only the default certificate is shown (ELB API reference, Listener).
fn show(listener: &Listener) -> Value {
    let certificates: Vec<Value> = listener
        .certificates
        .first()
        .map(|arn| json!({"CertificateArn": arn}))
        .into_iter()
        .collect();
    json!({
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.balancer,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "SslPolicy": listener.ssl_policy,
        "Certificates": (!certificates.is_empty()).then_some(certificates),
        "DefaultActions": actions::show(&listener.actions),
    })
}
