//! No bytes make the sandbox panic or hang, or answer in a form that the service does not have.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/wharf-sandbox/tests/hostile.rs"]
mod hostile;

fuzz_target!(|data: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without threads").block_on(hostile::try_input(data));
});
