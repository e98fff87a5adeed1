//! Causes in containers that ran.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(("C301", "the container ended by itself"), "The program ended without an error. A service must go on in the foreground; a program that puts itself into the background, or has done all its work, ends the container.", "Exit code 0 of a container that the task cannot do without.", "Let the command start the server in the foreground, without `&` or a daemon mode.").at("command"),
    code(("C302", "a variable is missing"), "The program ended because a variable of its environment is not set.", "An exit code other than 0, and a line of the log that names a variable which the spec does not set.", "Add the variable under `env`, or under `secrets` if its value is a secret.").at("env"),
    code(("C303", "the program failed"), "The program ended with an error. Its last lines say why more often than not: a database out of reach, a missing file, a failed migration.", "An exit code other than 0; the last lines of the log.", "Read the lines of the log above; run the image by itself with the same variables."),
    code(("C304", "the command does not exist in the image"), "The container is told to run a program that is not in the image, or is not executable: the image's CMD is wrong, or `command` or `entrypoint` in the spec.", "What the container runtime says (`executable file not found in $PATH`), or exit code 126 or 127.", "Correct `command` or `entrypoint` in the spec, or CMD in the Dockerfile.").at("command"),
    code(("C305", "out of memory"), "The container needed more memory than it has, and was killed.", "What the container says (`OutOfMemoryError`), exit code 137.", "Raise `memory` in the spec, or find out what uses it.").at("memory"),
    code(("C306", "the container was killed"), "The container was killed without a word about memory: it did not end within `stop_timeout` after it was asked to, or the whole task ran out of memory.", "Exit code 137 without `OutOfMemoryError`.", "Let the program end on SIGTERM, or raise `stop_timeout` (at most 120s); if memory may be short, raise `memory`.").at("stop_timeout"),
    code(("C307", "the program crashed"), "The program was ended by the system because of a fault in it, such as access to memory that is not its own. Native libraries built for another system are a common cause.", "Exit code 139 (SIGSEGV) or 134 (SIGABRT).", "Run the image by itself; rebuild native libraries on the image's own base."),
];
