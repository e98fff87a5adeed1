//! wharf at a terminal: what is redrawn, asked, coloured and interrupted there.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::world::World;

/// The longest that a text is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_mins(2);
const INTERRUPT: &[u8] = b"\x03";

/// A run of the binary at a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    seen: Arc<Mutex<Vec<u8>>>,
    size: (u16, u16),
}

impl Terminal {
    /// Runs wharf; more is added to its environment.
    pub(crate) fn run(
        world: &World,
        args: &[&str],
        speed: &str,
        size: (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let like = world.command(args, speed);
        let (pty, pts) = open().unwrap();
        let (rows, columns) = size;
        pty.resize(Size::new(rows, columns)).unwrap();
        let mut command = Command::new(like.get_program())
            .args(like.get_args())
            .current_dir(like.get_current_dir().unwrap())
            .env_clear()
            .env("TERM", "xterm-256color");
        for (name, value) in like.get_envs() {
            command = command.env(name, value.unwrap());
        }
        for (name, value) in env {
            command = command.env(name, value);
        }
        let child = command.spawn(pts).unwrap();
        let (pty, seen) = (Arc::new(pty), Arc::new(Mutex::new(Vec::new())));
        let (reader, into) = (Arc::clone(&pty), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Linux answers with an error once nobody has the other side open any more.
            while let Ok(read) = (&*reader).read(&mut buffer) {
                if read == 0 {
                    break;
                }
                into.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self { child, pty, seen, size }
    }

    /// Everything that was written so far, escapes and all.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    /// The terminal's screen and what scrolled off it, as a person has it before them.
    fn screen(&self) -> String {
        let (rows, columns) =
            (NonZero::new(self.size.0).unwrap(), NonZero::new(self.size.1).unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(&self.seen.lock().unwrap());
        parser.screen().contents()
    }

    /// Waits until a text was written.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.raw().contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text:?} in\n{}", self.raw());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn press(&self, keys: &[u8]) {
        (&*self.pty).write_all(keys).unwrap();
    }

    /// Waits for the end, and returns how the run ended and all it wrote.
    #[track_caller]
    pub(crate) fn end(mut self) -> (i32, Self) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "did not end:\n{}", self.raw());
            std::thread::sleep(Duration::from_millis(20));
        };
        // What was written last may still be on its way through the terminal.
        std::thread::sleep(Duration::from_millis(100));
        (status.code().unwrap_or(-1), self)
    }
}

fn at_a_desk(world: &World, args: &[&str]) -> Terminal {
    Terminal::run(world, args, "1000", (50, 120), &[])
}

const QUESTION: &str = "Apply this? Only `yes` is taken as yes:";

#[test]
fn apply_asks_and_takes_only_yes_for_yes() {
    let world = World::sample("minimal");
    world.plan();
    let before = world.contents();
    for answer in ["no\n", "y\n", "\n"] {
        let terminal = at_a_desk(&world, &["apply"]);
        terminal.wait_for(QUESTION);
        terminal.press(answer.as_bytes());
        let (code, terminal) = terminal.end();
        assert_eq!(code, 0, "{}", terminal.raw());
        assert!(terminal.raw().contains("Nothing was changed"), "{}", terminal.raw());
        assert_eq!(world.contents(), before, "after {answer:?}");
    }
    let terminal = at_a_desk(&world, &["apply"]);
    terminal.wait_for(QUESTION);
    terminal.press(b"yes\n");
    let (code, terminal) = terminal.end();
    assert_eq!(code, 0, "{}", terminal.raw());
    // Lines of progress were drawn over: none of what steps said on their way is left.
    let raw = terminal.raw();
    assert!(raw.contains("\u{1b}[1A") || raw.contains("\u{1b}[2K"), "nothing was redrawn: {raw}");
    assert!(raw.contains("provisioning"), "{raw}");
    let screen = terminal.screen();
    assert!(!screen.contains("provisioning"), "{screen}");
    assert!(screen.contains("✓ service") && screen.contains("http://"), "{screen}");
    world.converged();

    // The same at `destroy`, which wants to hear the stack's name.
    for (answer, gone) in [("no\n", false), ("yes\n", false), ("notes\n", true)] {
        let terminal = at_a_desk(&world, &["destroy"]);
        terminal.wait_for("Type the stack's name (notes) to go on:");
        terminal.press(answer.as_bytes());
        let (code, terminal) = terminal.end();
        assert_eq!(code, 0, "{}", terminal.raw());
        assert_eq!(terminal.raw().contains("Nothing was changed"), !gone, "{}", terminal.raw());
    }
    crate::world::same(&world.contents(), &before);
}

#[test]
fn init_asks_for_what_it_cannot_know_and_asks_again_after_nonsense() {
    let world = World::new("");
    std::fs::remove_file(world.path().join("wharf.yaml")).unwrap();
    let terminal = at_a_desk(&world, &["init", "--app", "notes"]);
    terminal.wait_for("the AWS region, such as eu-west-1:");
    terminal.press(b"Mars\n");
    terminal.wait_for("Mars");
    terminal.press(b"eu-west-1\n");
    terminal.wait_for("the port the container listens on:");
    terminal.press(b"eighty\n");
    terminal.wait_for("a port is a number from 1 to 65535");
    terminal.press(b"8080\n");
    terminal.wait_for("the path that answers when the service is well [/]:");
    terminal.press(b"\n");
    let (code, terminal) = terminal.end();
    assert_eq!(code, 0, "{}", terminal.raw());
    let spec = world.spec();
    assert!(spec.contains("region: eu-west-1") && spec.contains("port: 8080"), "{spec}");
    assert!(spec.contains("health: /"), "{spec}");
    world.wharf(&["check"]).expect(0);
}

#[test]
fn an_interrupt_from_the_keyboard_ends_an_apply_and_gives_its_lease_back() {
    for times in [1, 2] {
        let world = World::sample("minimal");
        let terminal = Terminal::run(&world, &["apply", "--yes"], "20", (50, 120), &[]);
        terminal.wait_for("provisioning");
        for _ in 0..times {
            terminal.press(INTERRUPT);
            std::thread::sleep(Duration::from_millis(300));
        }
        let (code, terminal) = terminal.end();
        assert_eq!(code, 130, "{times}: {}", terminal.raw());
        assert!(terminal.raw().contains("goes on from here"), "{times}: {}", terminal.raw());
        // Nobody holds the stack any more, and the next run finds the rest.
        world.apply();
        world.converged();
    }
}

#[test]
fn following_logs_ends_with_an_interrupt_from_the_keyboard() {
    let world = World::sample("minimal");
    world.apply();
    world.wharf(&["run", "web", "--", "echo", "hello"]).expect(0);
    let terminal = at_a_desk(&world, &["logs", "--follow"]);
    terminal.wait_for("hello");
    terminal.press(INTERRUPT);
    let (code, terminal) = terminal.end();
    assert_eq!(code, 130, "{}", terminal.raw());
}

/// Whether a text has a sequence that sets a colour.
fn coloured(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        end.is_some_and(|end| rest[end..].starts_with('m') && !matches!(&rest[..end], "" | "0"))
    })
}

/// Arguments, environment, and whether there is colour then.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], bool);

#[test]
fn colour_is_for_terminals_and_for_whoever_asks() {
    let world = World::sample("minimal");
    let cases: [Case; 6] = [
        (&["plan"], &[], true),
        (&["plan"], &[("NO_COLOR", "1")], false),
        (&["plan"], &[("NO_COLOR", "")], true),
        (&["plan"], &[("TERM", "dumb")], false),
        (&["plan", "--color", "never"], &[], false),
        (&["plan", "--color", "always"], &[("NO_COLOR", "1")], true),
    ];
    for (args, env, wanted) in cases {
        let (code, terminal) = Terminal::run(&world, args, "1000", (50, 120), env).end();
        assert_eq!(code, 0, "{}", terminal.raw());
        assert_eq!(coloured(&terminal.raw()), wanted, "{args:?} {env:?}: {}", terminal.raw());
    }
    let piped = world.wharf(&["plan"]).expect(0).stdout;
    assert!(!coloured(&piped) && piped.contains("CREATE"), "{piped}");
    assert!(coloured(&world.wharf(&["plan", "--color", "always"]).expect(0).stdout));
}

#[test]
fn progress_fits_into_narrow_terminals() {
    let world = World::sample("minimal");
    let terminal = Terminal::run(&world, &["apply", "--yes"], "1000", (40, 40), &[]);
    let (code, terminal) = terminal.end();
    assert_eq!(code, 0, "{}", terminal.raw());
    let screen = terminal.screen();
    // What was redrawn left nothing behind, though no line of it had room.
    for stale in ["creating", "provisioning", "tasks running"] {
        assert!(!screen.contains(stale), "{stale} is left:\n{screen}");
    }
    assert!(screen.contains("Applied:"), "{screen}");
}
