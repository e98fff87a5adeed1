//! Cases of images and of what runs in them.

use super::case::{Case, Condition, condition, edit, image};

const DENIED: &str = "stopped task: CannotPullContainerError … pull access denied";
const ESSENTIAL: &str = "stopped task: Essential container in task exited";
const UNHEALTHY: &str = "target: Target.FailedHealthChecks, Health checks failed";
const TIMED_OUT: &str = "target: Target.Timeout, Request timed out";

pub(super) const CASES: &[Case] = &[
    condition(
        "image-missing",
        "C101",
        "nobody pushes the image",
        "the repository stays empty",
        Condition::NobodyPushes,
    )
    .in_place(),
    edit(
        "image-expired",
        "C101",
        "a lifecycle rule deletes the image that runs",
        "stopped task: CannotPullContainerError … not found",
        |world, place| {
            let ecr = &mut world.region(&place.region).ecr;
            let own = |name: &String| name.rsplit('/').next() == Some(place.container.as_str());
            let found = ecr.repositories.iter_mut().find(|(name, _)| own(name));
            let (_, repository) =
                found.ok_or("it runs an image of a registry that is not the account's")?;
            repository.images.clear();
            let tags = std::mem::take(&mut repository.image_tags);
            repository.deleted_tags.extend(tags.into_keys());
            Ok(())
        },
    )
    .replacing(),
    image(
        "wrong-platform",
        "C102",
        "the next image is an index for ARM only",
        "stopped task: image Manifest does not contain descriptor matching platform",
        |pushed| pushed.platforms = vec!["arm64".to_owned()],
    ),
    image(
        "wrong-architecture",
        "C102",
        "the program in the next image is built for ARM",
        "log: exec format error; exit code 1",
        |pushed| pushed.app.architecture = Some("arm64".to_owned()),
    ),
    condition(
        "registry-private",
        "C103",
        "public registries want a login",
        DENIED,
        Condition::RegistryPrivate,
    ),
    condition(
        "registry-limit",
        "C104",
        "public registries hand out no more images for today",
        "stopped task: CannotPullContainerError … toomanyrequests",
        Condition::RegistryLimit,
    ),
    image(
        "image-too-large",
        "C105",
        "the next image needs 30 GiB of disk",
        "stopped task: CannotPullContainerError … no space left on device",
        |pushed| pushed.app.size_mib = 30 * 1024,
    ),
    image(
        "exits-at-once",
        "C301",
        "the next image's program ends at once, with code 0",
        ESSENTIAL,
        |pushed| {
            pushed.app.exit_code = Some(0);
            pushed.app.exit_after_seconds = 1;
        },
    ),
    image(
        "crashes",
        "C303",
        "the next image's program fails when it starts, with code 1",
        ESSENTIAL,
        |pushed| {
            pushed.app.exit_code = Some(1);
            pushed.app.exit_after_seconds = 2;
            pushed.app.last_words = lines(&[
                "connecting to db.internal:5432",
                "fatal: connect ECONNREFUSED 10.0.3.7:5432",
            ]);
        },
    ),
    image(
        "crashes-later",
        "C303",
        "the next image's program fails after two minutes, with code 2",
        ESSENTIAL,
        |pushed| {
            pushed.app.exit_code = Some(2);
            pushed.app.exit_after_seconds = 120;
            pushed.app.last_words = lines(&["panic: assignment to entry in nil map"]);
        },
    ),
    image(
        "variable-missing",
        "C302",
        "the next image needs the variable BREAK_ME",
        "exit code 1; log: BREAK_ME is not set",
        |pushed| pushed.app.requires.push("BREAK_ME".to_owned()),
    ),
    image(
        "wrong-command",
        "C304",
        "the next image lacks the program it is told to run",
        "stopped task: CannotStartContainerError … executable file not found in $PATH",
        |pushed| pushed.app.lacks_program = true,
    ),
    image(
        "out-of-memory",
        "C305",
        "the next image's program needs 100 GiB of memory",
        "exit code 137; OutOfMemoryError: Container killed due to memory usage",
        |pushed| pushed.app.memory_mib = 100 * 1024,
    ),
    image(
        "killed",
        "C306",
        "the next image's program is killed, without a word about memory",
        "exit code 137",
        |pushed| {
            pushed.app.exit_code = Some(137);
            pushed.app.exit_after_seconds = 5;
        },
    ),
    image(
        "ignores-sigterm",
        "C401",
        "the next image's health path answers with 503, and its program does not end when asked to",
        "target: codes [503]; exit code 137 after stop_timeout",
        |pushed| {
            pushed.app.ignores_sigterm = true;
            pushed.app.other_paths = 503;
        },
    ),
    image(
        "segfault",
        "C307",
        "the next image's program crashes with a segmentation fault",
        "exit code 139",
        |pushed| {
            pushed.app.exit_code = Some(139);
            pushed.app.exit_after_seconds = 1;
        },
    ),
    image(
        "wrong-path",
        "C401",
        "the next image knows no health path",
        "target: Target.ResponseCodeMismatch, codes [404]",
        |pushed| pushed.app.other_paths = 404,
    ),
    image(
        "server-error",
        "C401",
        "the next image's health path answers with 500",
        "target: Target.ResponseCodeMismatch, codes [500]",
        |pushed| pushed.app.other_paths = 500,
    ),
    image(
        "redirects",
        "C402",
        "the next image redirects every request",
        "target: Target.ResponseCodeMismatch, codes [301]",
        |pushed| pushed.app.other_paths = 301,
    ),
    image(
        "wants-login",
        "C403",
        "the next image wants a login on every path",
        "target: Target.ResponseCodeMismatch, codes [401]",
        |pushed| pushed.app.other_paths = 401,
    ),
    image("wrong-port", "C404", "the next image listens on port 9090", UNHEALTHY, |pushed| {
        pushed.app.listens = Some(9090);
        pushed.app.log.push("listening on 0.0.0.0:9090".to_owned());
    }),
    image("localhost", "C405", "the next image listens on 127.0.0.1 only", TIMED_OUT, |pushed| {
        "127.0.0.1".clone_into(&mut pushed.app.bind);
        pushed.app.log.push("Server running at http://127.0.0.1/".to_owned());
    }),
    image(
        "slow-start",
        "C406",
        "the next image answers only after ten minutes",
        UNHEALTHY,
        |pushed| {
            pushed.app.startup_seconds = 600;
            pushed.app.log.push("warming up: 12 of 100 caches loaded".to_owned());
        },
    ),
    image(
        "slow-answer",
        "C407",
        "the next image takes 70 seconds for each answer",
        TIMED_OUT,
        |pushed| pushed.app.response_seconds = 70,
    ),
    image(
        "check-fails",
        "C408",
        "the command of the container's health check is not in the next image",
        "stopped task: Task failed container health checks",
        |pushed| pushed.app.health_command = Some(127),
    ),
];

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
