//! Any text is a plan or an error that says why not, and a plan survives being written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_plan::Plan;

fuzz_target!(|text: &str| {
    if let Ok(plan) = Plan::from_json(text) {
        let again = plan.to_json().expect("what was read can be written");
        assert_eq!(Plan::from_json(&again).expect("what was written can be read"), plan);
    }
});
