//! Remembering what was changed in the account, and putting it back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::world::World;

/// One place in the world that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    path: Vec<String>,
    before: Option<Value>,
    after: Option<Value>,
}

/// Returns everything in the account.
pub(super) fn picture(world: &World) -> Value {
    json!({"global": world.global, "regions": world.regions})
}

/// Lists the places in which two pictures differ.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    let (Some(Value::Object(one)), Some(Value::Object(two))) = (before, after) else {
        found.push(Change { path: path.clone(), before: before.cloned(), after: after.cloned() });
        return;
    };
    let mut keys: Vec<&String> = one.keys().chain(two.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        path.push(key.clone());
        compare(path, one.get(key), two.get(key), found);
        path.pop();
    }
}

/// Puts back what was changed; what has changed again since then stays as it is.
pub(super) fn restore(world: &mut World, changes: &[Change]) -> Result<(), serde_json::Error> {
    let mut picture = picture(world);
    for change in changes {
        put_back(&mut picture, change);
    }
    world.global = serde_json::from_value(picture["global"].take())?;
    world.regions = serde_json::from_value(picture["regions"].take())?;
    Ok(())
}

fn put_back(picture: &mut Value, change: &Change) {
    let Some((last, parents)) = change.path.split_last() else { return };
    let mut place = Some(picture);
    for key in parents {
        place = place.and_then(|found| found.get_mut(key));
    }
    let Some(Value::Object(members)) = place else { return };
    if members.get(last) != change.after.as_ref() {
        return;
    }
    put(members, last, change.before.clone());
}

fn put(members: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => members.insert(key.to_owned(), value),
        None => members.remove(key),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{changes, put_back};

    #[test]
    fn what_changed_again_stays() {
        let before = json!({"a": {"x": 1, "y": [1, 2], "gone": true}, "b": 1});
        let after = json!({"a": {"x": 2, "y": [1], "new": true}, "b": 1});
        let found = changes(&before, &after);
        assert_eq!(found.len(), 4);
        let mut again = after.clone();
        for change in &found {
            put_back(&mut again, change);
        }
        assert_eq!(again, before);
        let mut touched = json!({"a": {"x": 3, "y": [1], "new": true}, "b": 1});
        for change in &found {
            put_back(&mut touched, change);
        }
        assert_eq!(touched["a"]["x"], 3);
        assert_eq!(touched["a"]["y"], json!([1, 2]));
    }
}
