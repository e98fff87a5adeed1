//! Serves a sandbox: `cargo run -p wharf-sandbox --example serve -- [PORT] [SPEED] [DIR]`.
//!
//! Without a directory it lives in memory. For checks of the sandbox alone; people use the command line's `sandbox serve`.

use wharf_sandbox::{Options, Sandbox};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "who started it must learn the address")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().as_deref().unwrap_or("4566").parse()?;
    let speed: f64 = args.next().as_deref().unwrap_or("20").parse()?;
    let options = Options { speed, ..Options::default() };
    let sandbox = match args.next() {
        Some(dir) => Sandbox::open(dir, options)?,
        None => Sandbox::in_memory(options),
    };
    let server = sandbox.serve(([127, 0, 0, 1], port).into()).await?;
    println!("{}", server.addr());
    server.run(async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await;
    Ok(())
}
