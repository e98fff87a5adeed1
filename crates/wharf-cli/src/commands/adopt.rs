//! `wharf adopt`: takes over objects that exist already, by giving them the stack's tags.

use std::collections::BTreeMap;

use wharf_aws::{adopt, tags};
use wharf_graph::{Address, Foreign, Snapshot};
use wharf_plan::{Op, Plan};

use crate::args::{AdoptArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// How often the account is looked at: each look may show what hangs on what the one before found (a
/// listener on a balancer, a rule on a listener).
const LOOKS: usize = 6;

/// What would be taken over, and what the plan is from then on.
pub(crate) struct Takeover {
    /// Objects by ARN or id, each with the address it is taken over for.
    pub(crate) claims: BTreeMap<String, Address>,
    /// The plan as it will be when they are the stack's.
    pub(crate) plan: Plan,
    /// Hashes of what is desired, for what is as desired already.
    hashes: BTreeMap<Address, String>,
}

pub(super) async fn run(global: &Global, args: &AdoptArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    if !args.yes && global.format == Format::Json {
        // Without `--yes` it is a preview.
        let takeover = Box::pin(find(&session, args)).await?;
        ui.data(&view::adopt::json(&session.id(), &takeover)?)?;
        return Ok(Exit::Done);
    }
    if args.yes {
        // The lease comes first, so that what is read stays true until it is acted upon.
        return holding(&session, Box::pin(find_and_tag(&session, args))).await;
    }
    let takeover = Box::pin(find(&session, args)).await?;
    ui.data(&view::adopt::text(&takeover, view::plan::Mode::of(global)))?;
    if takeover.claims.is_empty() {
        return Ok(Exit::Done);
    }
    if !Ui::can_ask() {
        return Err(CliError::new(Exit::Usage, "nobody can be asked: this is not a terminal")
            .hint("add --yes to adopt without asking"));
    }
    if ui.ask("Take these over? Only `yes` is taken as yes:")? != "yes" {
        ui.say("Nothing was changed.");
        return Ok(Exit::Done);
    }
    let work = async {
        let again = Box::pin(find(&session, args)).await?;
        if again.claims != takeover.claims || again.plan.facts != takeover.plan.facts {
            return Err(CliError::new(Exit::Stale, "the account changed since it was looked at")
                .hint("run `wharf adopt` again to see what is there now"));
        }
        tag(&session, &again).await
    };
    holding(&session, Box::pin(work)).await
}

async fn find_and_tag(session: &Session, args: &AdoptArgs) -> Result<Exit, CliError> {
    let takeover = Box::pin(find(session, args)).await?;
    let text = if session.global.format == Format::Json {
        view::adopt::json(&session.id(), &takeover)?
    } else {
        view::adopt::text(&takeover, view::plan::Mode::of(&session.global))
    };
    session.ui.data(&text)?;
    tag(session, &takeover).await
}

async fn tag(session: &Session, takeover: &Takeover) -> Result<Exit, CliError> {
    for (id, address) in &takeover.claims {
        // What is as desired already says so from now on; the rest is said by the apply that makes it so.
        let hash = takeover.hashes.get(address).map(String::as_str);
        adopt::claim(&session.aws, &session.id(), address, id, hash).await?;
        session.ui.say(&format!("  {address} is the stack's now: {id}"));
    }
    if !takeover.claims.is_empty() {
        session.ui.say("Nothing but tags was changed. Next: wharf plan, then wharf apply.");
    }
    Ok(Exit::Done)
}

/// Looks for what stands under the names the spec needs and carries nobody's tags, until no look shows
/// more.
async fn find(session: &Session, args: &AdoptArgs) -> Result<Takeover, CliError> {
    let mut claims: BTreeMap<String, Address> = BTreeMap::new();
    for (address, id) in &args.map {
        if !adopt::is_possible(address.kind()) {
            return Err(CliError::new(Exit::Usage, format!("{address} cannot be adopted"))
                .cause("objects of this kind carry no tags; they belong to what they hang on"));
        }
        claims.insert(id.clone(), address.clone());
    }
    for _ in 0..LOOKS {
        let snapshot = session.read_claiming(claims.clone()).await?;
        let before = claims.len();
        more(session, &snapshot, &mut claims)?;
        if claims.len() == before {
            let plan = session.plan(&snapshot, false)?;
            keeps_everything(&plan, &claims)?;
            all_found(&snapshot, args)?;
            let graph = session.graph(&snapshot)?;
            let same = plan.unchanged.iter().filter_map(|address| graph.get(address));
            let hashes = same.map(|desired| (desired.address.clone(), desired.hash())).collect();
            return Ok(Takeover { claims, plan, hashes });
        }
    }
    Err(CliError::new(Exit::Other, "every look at the account showed more to adopt; run again"))
}

/// Adds what a look at the account shows; refuses if something belongs to somebody.
fn more(
    session: &Session,
    snapshot: &Snapshot,
    claims: &mut BTreeMap<String, Address>,
) -> Result<(), CliError> {
    let graph = session.graph(snapshot)?;
    let needed = snapshot.foreign.iter().filter(|one| graph.get(&one.address).is_some());
    let (free, owned): (Vec<&Foreign>, Vec<&Foreign>) = needed
        .partition(|one| one.owner == tags::NOBODYS && adopt::is_possible(one.address.kind()));
    if !owned.is_empty() {
        let mut error = CliError::new(Exit::Refused, "some of what stands in the way has an owner");
        for one in owned {
            error = error.cause(format!("{}: `{}`, {}", one.address, one.id, one.owner));
        }
        return Err(error
            .hint("take it out of the hands of its owner first, or give the stack another name")
            .hint(
                "DNS records carry no tags: one that leads to the balancer is the stack's with it",
            ));
    }
    claims.extend(free.into_iter().map(|one| (one.id.clone(), one.address.clone())));
    // What hangs on a balancer of the stack's is seen as the stack's, tagged or not.
    for live in snapshot.iter().filter(|live| live.applied.is_none()) {
        match live.address.kind() {
            "listener" if graph.get(&live.address).is_some() => {
                claims.entry(live.id.clone()).or_insert_with(|| live.address.clone());
            }
            "listener_rule" if graph.get(&live.address).is_none() => {
                let same = |prop: &str, desired: &serde_json::Value| {
                    desired.get(prop) == live.props.get(prop)
                };
                let fits = graph.iter().find(|desired| {
                    desired.address.kind() == "listener_rule"
                        && !snapshot.live.contains_key(&desired.address)
                        && ["hosts", "paths", "other_conditions"]
                            .iter()
                            .all(|prop| same(prop, &desired.props))
                });
                if let Some(desired) = fits {
                    claims.insert(live.id.clone(), desired.address.clone());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses when an object would be adopted only to be deleted: that is no taking over. Revisions of task
/// definitions are the exception, since every change makes a new one.
fn keeps_everything(plan: &Plan, claims: &BTreeMap<String, Address>) -> Result<(), CliError> {
    let gone: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.address.kind() != "task_definition")
        .filter_map(|step| match &step.op {
            Op::Delete { live } if claims.contains_key(&live.id) => {
                // The half that makes the new object knows why.
                let made = plan.steps.iter().find(|other| {
                    other.address == step.address && !matches!(other.op, Op::Delete { .. })
                });
                let why = &made.unwrap_or(step).reason;
                Some(format!("{}: `{}`: {why}", step.address, live.id))
            }
            _ => None,
        })
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    let mut error = CliError::new(
        Exit::Refused,
        "adopting never recreates anything, and these would be replaced or deleted",
    )
    .hint("make the spec say what they are, or delete them and let wharf make new ones");
    error.causes = gone;
    Err(error)
}

/// Makes sure that every object named on the command line is what its address says.
fn all_found(snapshot: &Snapshot, args: &AdoptArgs) -> Result<(), CliError> {
    for (address, id) in &args.map {
        let found = snapshot.live.get(address).is_some_and(|all| all.iter().any(|it| it.id == *id));
        if !found {
            let message = format!("`{id}` cannot become {address}");
            return Err(CliError::new(Exit::Usage, message)
                .cause("nothing of that id was read for it; all kinds but certificates are found by the name the spec gives them")
                .hint("`wharf plan --full` shows the name it would have"));
        }
    }
    Ok(())
}
