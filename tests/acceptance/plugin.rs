//! `wharf exec` with the plugin that AWS makes, and somebody here who acts as the agent in the task.
//!
//! The sandbox opens a session at an address of AWS's; a script in front of the plugin puts the agent's in its
//! place. Everything else is as in an account: what wharf hands over is read, and the session carried, by the real
//! program.

use std::collections::{BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tungstenite::{Message, WebSocket};

use crate::terminal::Terminal;
use crate::world::World;

/// Bytes of a message before the length of its payload (`src/message/messageparser.go` of
/// github.com/aws/session-manager-plugin).
const HEADER: usize = 116;

/// What a payload is (`PayloadType` in `src/message/clientmessage.go` there).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output = 1,
    HandshakeRequest = 5,
    HandshakeResponse = 6,
    HandshakeComplete = 7,
}

/// The agent's end of a session.
struct Agent {
    socket: WebSocket<TcpStream>,
    /// The number of the next message, and which of those before the plugin has taken.
    next: u64,
    taken: BTreeSet<u64>,
    /// What the plugin has to say: kinds and payloads.
    heard: VecDeque<(u32, Vec<u8>)>,
}

/// Writes a message as it goes over the wire.
fn message(name: &str, number: u64, kind: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(HEADER).unwrap().to_be_bytes());
    bytes.extend(format!("{name:<32}").as_bytes());
    bytes.extend(1_u32.to_be_bytes());
    bytes.extend(1_700_000_000_000_u64.to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend(0_u64.to_be_bytes());
    bytes.extend([7; 8]);
    bytes.extend(number.to_be_bytes());
    bytes.extend(Sha256::digest(payload));
    bytes.extend(kind.to_be_bytes());
    bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Returns an id in the form people write: its halves change places on the wire.
fn id(bytes: &[u8]) -> String {
    let text = hex::encode([&bytes[8..16], &bytes[..8]].concat());
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

impl Agent {
    /// Says something until the plugin has taken it: what comes before it is ready it lets pass.
    fn say(&mut self, kind: Kind, payload: &[u8]) {
        let number = self.next;
        self.next += 1;
        let bytes = message("output_stream_data", number, kind as u32, payload);
        while !self.taken.contains(&number) {
            self.socket.send(Message::binary(bytes.clone())).unwrap();
            self.read();
        }
    }

    fn hear(&mut self) -> (u32, Vec<u8>) {
        loop {
            if let Some(said) = self.heard.pop_front() {
                return said;
            }
            self.read();
        }
    }

    /// Reads one message, if one comes soon.
    fn read(&mut self) {
        let bytes = match self.socket.read() {
            Ok(Message::Binary(bytes)) => bytes,
            Ok(_) => return,
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        };
        let payload = &bytes[HEADER + 4..];
        let name = String::from_utf8_lossy(&bytes[4..36]).trim_matches(['\0', ' ']).to_owned();
        match name.as_str() {
            "acknowledge" => {
                let seen: Value = serde_json::from_slice(payload).unwrap();
                self.taken.extend(seen["AcknowledgedMessageSequenceNumber"].as_u64());
            }
            "input_stream_data" => {
                let seen = json!({
                    "AcknowledgedMessageType": name,
                    "AcknowledgedMessageId": id(&bytes[64..80]),
                    "AcknowledgedMessageSequenceNumber":
                        u64::from_be_bytes(bytes[48..56].try_into().unwrap()),
                    "IsSequentialMessage": true,
                });
                let seen = message("acknowledge", 0, 0, seen.to_string().as_bytes());
                self.socket.send(Message::binary(seen)).unwrap();
                let kind = u32::from_be_bytes(bytes[112..116].try_into().unwrap());
                self.heard.push_back((kind, payload.to_vec()));
            }
            other => panic!("the plugin sent {other}"),
        }
    }

    /// Takes part in one session, and returns what was opened: the path, and the plugin's first words.
    fn serve(listener: &TcpListener) -> (String, Value) {
        let mut path = String::new();
        let stream = listener.accept().unwrap().0;
        #[expect(clippy::result_large_err, reason = "what tungstenite asks for")]
        let told = |request: &tungstenite::handshake::server::Request, response| {
            path = request.uri().to_string();
            Ok(response)
        };
        let socket = tungstenite::accept_hdr(stream, told).unwrap();
        let mut agent = Self { socket, next: 0, taken: BTreeSet::new(), heard: VecDeque::new() };
        // Pings come before it.
        let opened = loop {
            if let Message::Text(text) = agent.socket.read().unwrap() {
                break serde_json::from_str(&text).unwrap();
            }
        };
        agent.socket.get_ref().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let ask = json!({"AgentVersion": "3.3.1611.0", "RequestedClientActions": [
            {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Standard_Stream"}},
        ]});
        agent.say(Kind::HandshakeRequest, ask.to_string().as_bytes());
        let (kind, answer) = agent.hear();
        assert!(kind == Kind::HandshakeResponse as u32, "{}", String::from_utf8_lossy(&answer));
        let done = json!({"HandshakeTimeToComplete": 1_000_000, "CustomerMessage": ""});
        agent.say(Kind::HandshakeComplete, done.to_string().as_bytes());
        agent.say(Kind::Output, b"/srv # ");
        let mut line = Vec::new();
        while !line.ends_with(b"\r") && !line.ends_with(b"\n") {
            let (kind, keys) = agent.hear();
            if kind == Kind::Output as u32 {
                line.extend(keys);
            }
        }
        let said = format!("you typed {}\r\n", String::from_utf8_lossy(&line).trim());
        agent.say(Kind::Output, said.as_bytes());
        let closed = json!({"MessageType": "channel_closed", "SchemaVersion": 1, "Output": ""});
        let closed = message("channel_closed", 0, 0, closed.to_string().as_bytes());
        agent.socket.send(Message::binary(closed)).unwrap();
        // The plugin ends the connection.
        agent.socket.get_ref().set_read_timeout(None).unwrap();
        while agent.socket.read().is_ok() {}
        (path, opened)
    }
}

#[test]
#[ignore = "needs AWS's plugin: `just plugin` builds it"]
fn the_real_plugin_carries_a_session() {
    let real = std::env::var("WHARF_TEST_PLUGIN").expect("WHARF_TEST_PLUGIN names the plugin");
    let world = World::sample("minimal");
    world.edit("port: 3000", "exec: true\n    port: 3000");
    world.apply();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let bin = world.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let file = bin.join("session-manager-plugin");
    let script = format!(
        "#!/bin/sh\nAWS_SSM_START_SESSION_RESPONSE=$(printf '%s' \"$AWS_SSM_START_SESSION_RESPONSE\" |\n\
         sed 's|wss://[^/]*|ws://{at}|')\nexport AWS_SSM_START_SESSION_RESPONSE\nexec '{real}' \"$@\"\n"
    );
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let agent = std::thread::spawn(move || Agent::serve(&listener));
    let path = format!("{}:/usr/bin:/bin", bin.display());
    // The plugin signs what it sends, and looks for credentials to do so.
    let env = [
        ("PATH", path.as_str()),
        ("AWS_ACCESS_KEY_ID", "made-up"),
        ("AWS_SECRET_ACCESS_KEY", "made-up"),
    ];
    let terminal = Terminal::run(&world, &["exec", "web"], "1000", (50, 120), &env);
    terminal.wait_for("/srv # ");
    terminal.press(b"whoami\n");
    terminal.wait_for("you typed whoami");
    let (code, terminal) = terminal.end();
    assert_eq!(code, 0, "{}", terminal.raw());
    let (path, opened) = agent.join().unwrap();
    assert!(path.starts_with("/v1/data-channel/ecs-execute-command-"), "{path}");
    let token = opened["TokenValue"].as_str().unwrap();
    assert!(token.len() > 20, "{opened}");
    assert!(!terminal.raw().contains(token), "the token shows:\n{}", terminal.raw());
}
