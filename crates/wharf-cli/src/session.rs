//! What most commands begin with: the spec, a connection, a reading, a plan.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use wharf_aws::tags::{self, Tags};
use wharf_aws::{Aws, Connect, Transport};
use wharf_graph::{Address, Facts, Graph, Snapshot, StackId};
use wharf_plan::{Inputs, Plan};
use wharf_sandbox::{Sandbox, SandboxError};
use wharf_spec::Stack;
use wharf_spec::stack::{Image, ImageReference, Zone};

use crate::args::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// How fast the embedded sandbox's clock runs: a rollout of three minutes shows in three seconds.
const SANDBOX_SPEED: f64 = 60.0;
/// Largest spec that is read; the parser refuses more as well, this bounds memory.
const SPEC_LIMIT: u64 = 4 << 20;

/// The text of a spec and what it means.
pub(crate) struct Spec {
    /// Name shown in messages.
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) stack: Stack,
    pub(crate) warnings: Vec<wharf_spec::Problem>,
}

/// Reads the spec file named by the flags, or standard input.
pub(crate) fn read_text(global: &Global) -> Result<(String, String), CliError> {
    let file = global.file.display().to_string();
    let mut bytes = Vec::new();
    let result = if file == "-" {
        std::io::stdin().take(SPEC_LIMIT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(&global.file)
            .and_then(|opened| opened.take(SPEC_LIMIT).read_to_end(&mut bytes))
    };
    if let Err(error) = result {
        let mut wrapped = CliError::new(Exit::Usage, format!("cannot read the spec `{file}`"))
            .cause(error.to_string());
        if error.kind() == std::io::ErrorKind::NotFound {
            wrapped = wrapped.hint("name it with `--file`, or write one with `wharf init`");
        }
        return Err(wrapped);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        CliError::new(Exit::Usage, format!("the spec `{file}` is not UTF-8 text"))
            .cause(error.utf8_error().to_string())
            .hint("save it as UTF-8")
    })?;
    let name = if file == "-" { "standard input".to_owned() } else { file };
    Ok((name, text))
}

/// Reads and checks the spec. Problems are printed whole, warnings too.
pub(crate) fn load(global: &Global, ui: Ui) -> Result<Spec, CliError> {
    let (file, text) = read_text(global)?;
    match wharf_spec::parse(&text, &file, &options(global)?) {
        Ok(parsed) => {
            for warning in &parsed.warnings {
                ui.say(&warning.render(&file, &text, ui.color_err()));
            }
            if let Some(region) = &global.region
                && *region != parsed.stack.region
            {
                return Err(CliError::new(
                    Exit::Denied,
                    format!("the spec is for region {}, not {region}", parsed.stack.region),
                ));
            }
            Ok(Spec { file, text, stack: parsed.stack, warnings: parsed.warnings })
        }
        Err(problems) => {
            let rendered = problems.render(&text, ui.color_err());
            Err(CliError::new(Exit::Usage, rendered.trim_end().to_owned()))
        }
    }
}

/// Returns what the flags add to the spec.
pub(crate) fn options(global: &Global) -> Result<wharf_spec::Options, CliError> {
    Ok(wharf_spec::Options {
        env: global.env.clone(),
        from: global.made_from.clone(),
        images: images(global)?,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn images(global: &Global) -> Result<BTreeMap<String, String>, CliError> {
    let mut images = BTreeMap::new();
    for (service, reference) in &global.image {
        if images.insert(service.clone(), reference.clone()).is_some() {
            let message = format!("--image is given twice for service `{service}`");
            return Err(CliError::new(Exit::Usage, message));
        }
    }
    Ok(images)
}

/// A stack and the account it lives in.
pub(crate) struct Session {
    pub(crate) spec: Spec,
    pub(crate) aws: Aws,
    pub(crate) ui: Ui,
    pub(crate) global: Global,
}

impl Session {
    /// Loads the spec and connects. No call is made yet.
    pub(crate) async fn start(global: &Global, ui: Ui) -> Result<Self, CliError> {
        let spec = load(global, ui)?;
        let aws = connect(global, &spec.stack).await?;
        Ok(Self { spec, aws, ui, global: global.clone() })
    }

    /// Returns the same stack under other flags: nothing is read or connected to again, and no
    /// warning is repeated.
    pub(crate) fn again(&self, global: Global) -> Result<Self, CliError> {
        let Spec { file, text, .. } = &self.spec;
        let parsed = wharf_spec::parse(text, file, &options(&global)?).map_err(|problems| {
            let rendered = problems.render(text, self.ui.color_err());
            CliError::new(Exit::Usage, rendered.trim_end().to_owned())
        })?;
        let spec = Spec {
            file: file.clone(),
            text: text.clone(),
            stack: parsed.stack,
            warnings: parsed.warnings,
        };
        Ok(Self { spec, aws: self.aws.clone(), ui: self.ui, global })
    }

    /// Returns the identity of the stack.
    pub(crate) fn id(&self) -> StackId {
        StackId { app: self.spec.stack.app.clone(), env: self.spec.stack.env.clone() }
    }

    /// Returns what the stack says of itself where the spec does not declare it: what it is made like, and until
    /// when it is wanted.
    pub(crate) fn marks(&self, ttl: Option<Duration>) -> Tags {
        let mut marks = Tags::new();
        if let Some(from) = &self.global.made_from {
            marks.insert(tags::FROM.to_owned(), from.clone());
            let until = ttl.and_then(|ttl| Timestamp::now().checked_add(ttl).ok());
            marks.extend(until.map(|until| {
                (tags::EXPIRES.to_owned(), until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            }));
        }
        marks
    }

    /// Reads the account, refusing another one than the spec names.
    pub(crate) async fn read(&self) -> Result<Snapshot, CliError> {
        self.read_claiming(BTreeMap::new()).await
    }

    /// Reads the account, refusing to go on with a part of it.
    pub(crate) async fn read_whole(&self) -> Result<Snapshot, CliError> {
        let snapshot = self.read().await?;
        if snapshot.failures.is_empty() {
            return Ok(snapshot);
        }
        Err(wharf_plan::Refusal::Partial(snapshot.failures).into())
    }

    /// Reads the account as if these objects were the stack's already, by ARN or id.
    pub(crate) async fn read_claiming(
        &self,
        claims: BTreeMap<String, Address>,
    ) -> Result<Snapshot, CliError> {
        let stack = &self.spec.stack;
        let snapshot = Box::pin(wharf_aws::read_claiming(&self.aws, stack, claims)).await;
        if let Some(wanted) = &self.spec.stack.account
            && !snapshot.facts.account.is_empty()
            && *wanted != snapshot.facts.account
        {
            let message = format!(
                "the spec is for account {wanted}, but the credentials are for {}",
                snapshot.facts.account
            );
            return Err(CliError::new(Exit::Denied, message)
                .hint("choose other credentials, for example with `--profile NAME`"));
        }
        Ok(snapshot)
    }

    /// Compares the spec, or for `destroy` nothing at all, with what was read.
    pub(crate) fn plan(&self, snapshot: &Snapshot, destroy: bool) -> Result<Plan, CliError> {
        self.plan_for(snapshot, destroy, self.inputs(destroy))
    }

    fn plan_for(
        &self,
        snapshot: &Snapshot,
        destroy: bool,
        inputs: Inputs,
    ) -> Result<Plan, CliError> {
        let stack = &self.spec.stack;
        let graph = if destroy { Graph::default() } else { self.graph(snapshot)? };
        let mut options = wharf_plan::Options::new(self.id());
        options.protect.clone_from(&stack.protect);
        options.renamed = stack.renamed();
        options.destroy = destroy;
        options.only.clone_from(&inputs.only);
        options.inputs = inputs;
        if options.only.is_none() {
            options.cost = Some(crate::cost::of(&graph, snapshot));
        }
        if destroy {
            options.keep = wharf_aws::kept(stack, snapshot);
        } else {
            options.waiting = waiting(stack, &snapshot.facts);
            options.checks = crate::checks::against_account(&self.spec, snapshot);
        }
        Ok(wharf_plan::plan(&graph, snapshot, &options)?)
    }

    /// Declares the stack in the surroundings that were read.
    pub(crate) fn graph(&self, snapshot: &Snapshot) -> Result<Graph, CliError> {
        if !snapshot.failures.is_empty() {
            // Surroundings may be missing from the facts; the planner says what was not read.
            return Ok(Graph::default());
        }
        let (nodes, problems) = wharf_aws::declare(&self.spec.stack, &snapshot.facts);
        if !problems.is_empty() {
            return Err(lacking(problems, "the spec cannot be applied in this account"));
        }
        Graph::new(nodes).map_err(|error| CliError::from_error(Exit::Other, &error))
    }

    /// Returns what, besides the file, decided the plan.
    pub(crate) fn inputs(&self, destroy: bool) -> Inputs {
        Inputs {
            env: self.global.env.clone(),
            from: self.global.made_from.clone(),
            images: self.global.image.iter().cloned().collect(),
            destroy,
            only: (!self.global.only.is_empty()).then(|| self.global.only.clone()),
            spec: Some(wharf_graph::props::short_hash(&self.spec.text, 16)),
        }
    }

    /// Returns the records that lead to the balancer, for names whose zone is kept elsewhere.
    pub(crate) fn outside_records(&self, snapshot: &Snapshot) -> Vec<String> {
        let Some(balancer) = balancer_dns(snapshot) else { return Vec::new() };
        let domains = self
            .spec
            .stack
            .routed()
            .filter_map(|service| service.routing.as_ref()?.domain.as_ref());
        domains
            .filter(|domain| domain.zone == Zone::External)
            .flat_map(|domain| &domain.names)
            .map(|name| {
                format!("Where {name} is kept, let it lead here: {name}. CNAME {balancer}.")
            })
            .collect()
    }

    /// Returns where the stack's services answer, by service.
    pub(crate) fn urls(&self, snapshot: &Snapshot) -> Vec<String> {
        let balancer = balancer_dns(snapshot);
        let mut urls = Vec::new();
        for service in self.spec.stack.routed() {
            let Some(routing) = &service.routing else { continue };
            match (&routing.domain, balancer) {
                (Some(domain), _) => {
                    urls.extend(domain.names.iter().map(|name| format!("https://{name}")));
                }
                (None, Some(dns)) => {
                    let host = routing.hosts.first().unwrap_or(dns);
                    let path = routing.paths.first().map_or("", String::as_str);
                    let secure = match &snapshot.facts.balancer {
                        Some(elsewhere) => elsewhere.listener(false).is_some_and(|it| it.secure),
                        None => self.spec.stack.certificate().is_some(),
                    };
                    let scheme = if secure { "https" } else { "http" };
                    urls.push(format!("{scheme}://{host}{}", path.trim_end_matches('*')));
                }
                (None, None) => {}
            }
        }
        urls
    }
}

/// Says what resources lack, a line each; what several of them lack is said once.
pub(crate) fn lacking(problems: Vec<wharf_graph::desired::Problem>, message: &str) -> CliError {
    let mut lacking: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for problem in problems {
        let names = lacking.entry((problem.code, problem.message)).or_default();
        names.push(problem.address.to_string());
    }
    let mut error = CliError::new(Exit::Other, message);
    for ((code, message), names) in lacking {
        let code = if code.is_empty() { String::new() } else { format!("error[{code}] ") };
        error = error.cause(format!("{code}{}: {message}", names.join(", ")));
    }
    error
}

/// Returns the name by which the balancer is reached, once it exists.
fn balancer_dns(snapshot: &Snapshot) -> Option<&String> {
    if let Some(elsewhere) = &snapshot.facts.balancer {
        return elsewhere.problem.is_none().then_some(&elsewhere.dns_name);
    }
    snapshot.live.get(&Address::new("load_balancer", "main"))?.first()?.outputs.get("dns_name")
}

/// Says which services and jobs wait for somebody to push their image, and how that is done.
fn waiting(stack: &Stack, facts: &Facts) -> Vec<wharf_plan::Waiting> {
    let mut waiting = Vec::new();
    for workload in stack.workloads() {
        if facts.images.get(workload.name).is_some_and(|image| image.digest.is_some()) {
            continue;
        }
        let (reference, repository) = match workload.image {
            Image::Own { reference, repository } => (reference, repository),
            Image::Built { .. } => {
                waiting.push(wharf_plan::Waiting {
                    address: Address::new("image", workload.name),
                    what: "nobody has built and pushed it yet; `wharf deploy` does".to_owned(),
                    how: Vec::new(),
                });
                continue;
            }
            Image::Elsewhere(_) | Image::Keep { .. } => continue,
        };
        let home = format!("{}/{}", stack.app, repository.name);
        let shown = match reference {
            ImageReference::Tag(tag) => format!("{home}:{tag}"),
            ImageReference::Digest(digest) => format!("{home}@{digest}"),
        };
        waiting.push(wharf_plan::Waiting {
            address: Address::new("image", workload.name),
            what: format!("nobody has pushed {shown} yet; apply makes the repository and says how"),
            how: Vec::new(),
        });
    }
    waiting
}

/// Opens the embedded sandbox, if the flags ask for it.
pub(crate) fn sandbox(global: &Global, account: Option<&str>) -> Result<Option<Sandbox>, CliError> {
    let Some(dir) = &global.sandbox else { return Ok(None) };
    let mut options =
        wharf_sandbox::Options { speed: speed(), ..wharf_sandbox::Options::default() };
    if let Some(account) = account {
        account.clone_into(&mut options.account);
    }
    if let Some(latency) = number("WHARF_SANDBOX_LATENCY_MS") {
        options.latency = std::time::Duration::from_secs_f64(latency.clamp(0.0, 60_000.0) / 1000.0);
    }
    let dir = if dir.as_os_str().is_empty() { std::path::Path::new(".wharf/sandbox") } else { dir };
    Sandbox::open(dir, options).map(Some).map_err(|error| {
        let hint = match error {
            SandboxError::Lock { .. } | SandboxError::Save { .. } => {
                "name a directory that can be written to: `--sandbox=DIR`".to_owned()
            }
            _ => format!("start afresh with `wharf sandbox reset --sandbox={}`", dir.display()),
        };
        CliError::from_error(Exit::Other, &error).hint(hint)
    })
}

fn number(variable: &str) -> Option<f64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// How fast the embedded sandbox's clock runs.
pub(crate) fn speed() -> f64 {
    number("WHARF_SANDBOX_SPEED")
        .filter(|speed| (1.0..=100_000.0).contains(speed))
        .unwrap_or(SANDBOX_SPEED)
}

/// How fast the clock of an AWS at another endpoint runs: a sandbox that is served, for example. It is
/// not looked at where AWS itself answers.
fn pace() -> f64 {
    number("WHARF_PACE").filter(|speed| (1.0..=100_000.0).contains(speed)).unwrap_or(1.0)
}

async fn connect(global: &Global, stack: &Stack) -> Result<Aws, CliError> {
    connect_as(global, &stack.region, stack.account.as_deref()).await
}

/// Connects without a spec. No call is made yet.
pub(crate) async fn connect_to(global: &Global, region: &str) -> Result<Aws, CliError> {
    connect_as(global, region, None).await
}

async fn connect_as(global: &Global, region: &str, account: Option<&str>) -> Result<Aws, CliError> {
    let mut to = Connect {
        region: region.to_owned(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        speed: pace(),
        ..Connect::default()
    };
    if let Some(sandbox) = sandbox(global, account)? {
        to.transport = Some(Arc::new(Embedded(sandbox)));
        to.speed = speed();
        to.profile = None;
        to.endpoint_url = None;
    }
    Ok(Box::pin(Aws::connect(to)).await)
}

/// Leads AWS calls into the sandbox of this process.
struct Embedded(Sandbox);

impl Transport for Embedded {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let sandbox = self.0.clone();
        Box::pin(async move { Ok(sandbox.try_call(request).await?) })
    }

    fn name_servers(&self, zone: &str) -> Option<Vec<String>> {
        Some(self.0.with_world(|world| world.public_name_servers(zone)))
    }
}
