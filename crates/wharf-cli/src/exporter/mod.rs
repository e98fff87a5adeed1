//! What a stack owns, in words that other tools understand: for whoever wants to go on without wharf.
//!
//! Nothing that wharf makes needs wharf, so leaving takes a list of what is there and nothing else.

mod terraform;

use serde_json::{Value, json};
use wharf_graph::{Live, Snapshot, StackId};

pub(crate) use self::terraform::text;
use self::terraform::{Imports, imports};

/// Name and version of the document.
const FORMAT: &str = "wharf.export/1";

/// Returns the objects of a stack by address, without those that are on their way out.
fn objects(snapshot: &Snapshot) -> Vec<&Live> {
    snapshot.live.values().flatten().filter(|live| !live.leaving).collect()
}

/// Writes the document.
pub(crate) fn json(stack: &StackId, region: &str, snapshot: &Snapshot) -> Value {
    let objects = imports(&objects(snapshot)).into_iter().map(|(live, found)| {
        let (blocks, why) = match found {
            Imports::Blocks(blocks) => (blocks, None),
            Imports::None(why) => (Vec::new(), Some(why)),
        };
        let blocks: Vec<Value> =
            blocks.iter().map(|block| json!({"to": block.to(), "id": block.id})).collect();
        json!({
            "address": live.address,
            "id": live.id,
            "terraform": blocks,
            "terraform_not": why,
        })
    });
    json!({
        "format": FORMAT,
        "stack": stack.to_string(),
        "account": snapshot.facts.account,
        "region": region,
        "objects": objects.collect::<Vec<_>>(),
    })
}
