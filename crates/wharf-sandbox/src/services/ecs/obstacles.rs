//! What keeps a task from starting: secrets, images, logs.

use std::time::Duration;

use serde_json::Value;

use super::{
    outside,
    state::{Container, Task},
};
use crate::{
    breaks::Condition,
    image::{App, PullError, Pulled, Reference},
    services::secrets::state::SecretProblem,
    world::World,
};

/// What a container runtime says of a program that is not in the image.
pub(super) const NO_PROGRAM: &str = "executable file not found in $PATH";

/// How long a connection is tried.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How long it takes to pull an image until it turns out not to fit.
const PULLING: Duration = Duration::from_secs(90);

/// How long a refusal takes.
const REFUSAL: Duration = Duration::from_secs(4);

/// Why a task does not start: what it says, the container it is about, and how long it took.
pub(super) struct Obstacle {
    pub(super) reason: String,
    pub(super) container: Option<String>,
    pub(super) after: Duration,
}

impl Obstacle {
    pub(super) fn of_task(reason: String, after: Duration) -> Self {
        Self { reason, container: None, after }
    }
}

/// Reads the secrets and looks up the images, as the Fargate agent does before it pulls. Returns
/// the digest of each container.
pub(super) fn prepare(
    world: &mut World,
    region: &str,
    task: &Task,
    body: &Value,
) -> Result<Vec<String>, Obstacle> {
    let role = body["executionRoleArn"].as_str().unwrap_or_default();
    let containers = body["containerDefinitions"].as_array().cloned().unwrap_or_default();
    for found in &containers {
        for secret in found["secrets"].as_array().into_iter().flatten() {
            let value_from = secret["valueFrom"].as_str().unwrap_or_default();
            readable(world, region, task, role, value_from)?;
        }
    }
    let mut digests = Vec::new();
    for found in &containers {
        let name = found["name"].as_str().unwrap_or_default();
        let image = found["image"].as_str().unwrap_or_default();
        digests.push(pull(world, region, task, (name, image), body)?.digest);
    }
    Ok(digests)
}

/// Checks that the execution role can read a secret or parameter (ECS Developer Guide, "Pass
/// sensitive data to an Amazon ECS container").
fn readable(
    world: &World,
    region: &str,
    task: &Task,
    role: &str,
    value_from: &str,
) -> Result<(), Obstacle> {
    let from_asm = value_from.contains(":secretsmanager:");
    let fail = |text: String| {
        let source = if from_asm {
            "unable to retrieve secret from asm"
        } else {
            "unable to retrieve secrets from ssm"
        };
        Err(Obstacle::of_task(
            format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                 resource retrieval failed: {source}: {text}"
            ),
            REFUSAL,
        ))
    };
    let service = if from_asm { "secretsmanager" } else { "ssm" };
    if !outside::reaches(world, region, (&task.subnet, &task.network), Some(service)) {
        let reason = format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: unable to \
             retrieve secrets: failed to fetch secret {value_from} from {service}: \
             RequestCanceled: request context canceled caused by: context deadline exceeded. \
             Please check your task network configuration."
        );
        return Err(Obstacle::of_task(reason, TIMEOUT));
    }
    let (action, resource) = if from_asm {
        // A JSON key, stage and version may follow the seven parts of the ARN.
        let arn: Vec<&str> = value_from.splitn(8, ':').take(7).collect();
        ("secretsmanager:GetSecretValue", arn.join(":"))
    } else if value_from.starts_with("arn:") {
        ("ssm:GetParameters", value_from.to_owned())
    } else {
        let path = value_from.trim_start_matches('/');
        ("ssm:GetParameters", world.arn("ssm", region, &format!("parameter/{path}")))
    };
    if !world.role_allows(role, action, &resource) {
        let name = role.rsplit('/').next().unwrap_or(role);
        let user = world.arn("sts", "", &format!("assumed-role/{name}/{}", task.id));
        return fail(format!(
            "service call has been retried 1 time(s): AccessDeniedException: User: {user} is not \
             authorized to perform: {action} on resource: {resource} because no identity-based \
             policy allows the {action} action"
        ));
    }
    match world.secret(region, value_from) {
        Ok(_) => Ok(()),
        Err(SecretProblem::NotFound) if from_asm => fail(
            "service call has been retried 1 time(s): failed to fetch secret: \
             ResourceNotFoundException: Secrets Manager can't find the specified secret."
                .to_owned(),
        ),
        Err(SecretProblem::NotFound) => fail(format!(
            "service call has been retried 1 time(s): invalid ssm parameters: {value_from}"
        )),
        Err(SecretProblem::MarkedForDeletion) => fail(
            "InvalidRequestException: You can't perform this operation on the secret because it \
             was marked for deletion."
                .to_owned(),
        ),
        Err(SecretProblem::NotJson) => {
            fail("invalid character at the beginning of the secret's JSON value".to_owned())
        }
        Err(SecretProblem::NoKey(key)) => {
            fail(format!("retrieved secret from Secrets Manager did not contain json key {key}"))
        }
    }
}

fn pull(
    world: &mut World,
    region: &str,
    task: &Task,
    (name, image): (&str, &str),
    body: &Value,
) -> Result<Pulled, Obstacle> {
    let fail = |reason: String, after: Duration| {
        Err(Obstacle { reason, container: Some(name.to_owned()), after })
    };
    let reference = Reference::parse(image);
    let refused = if reference.private_registry().is_some() {
        let role = body["executionRoleArn"].as_str().unwrap_or_default();
        own_registry(world, region, task, &reference, role)
    } else {
        other_registry(world, region, task, image, &reference)
    };
    if let Err((reason, after)) = refused {
        return fail(reason, after);
    }
    // Every task of a deployment gets the image its first task resolved (ECS Developer Guide,
    // "Container image resolution").
    let resolved = resolved(world, region, task, name).filter(|_| !image.contains('@'));
    let exact = resolved.map(|digest| pinned(image, &digest));
    let wanted = exact.as_deref().unwrap_or(image);
    let pulled = match world.pull_image(wanted) {
        Ok(pulled) => pulled,
        Err(PullError::NoRepository) if reference.private_registry().is_none() => {
            return fail(denied(wanted, &reference), REFUSAL);
        }
        Err(PullError::NoRepository | PullError::NoImage) => {
            let reason = format!("{RETRIED}: failed to resolve ref {wanted}: {wanted}: not found");
            return fail(reason, REFUSAL);
        }
    };
    let arm = body["runtimePlatform"]["cpuArchitecture"] == "ARM64";
    let (architecture, platform) =
        if arm { ("arm64", "linux/arm64") } else { ("amd64", "linux/amd64") };
    if !pulled.platforms.iter().any(|found| found == architecture) {
        let reason = format!(
            "{RETRIED}: image Manifest does not contain descriptor matching platform '{platform}'"
        );
        return fail(reason, REFUSAL);
    }
    let disk = body["ephemeralStorage"]["sizeInGiB"].as_u64().unwrap_or(20) * 1024;
    if u64::from(pulled.app.size_mib) > disk {
        let reason = format!(
            "{RETRIED}: failed to extract layer: write /var/lib/containerd/layer.tar: no space \
             left on device"
        );
        return fail(reason, PULLING);
    }
    Ok(pulled)
}

/// How ECS begins what it says about a pull.
const RETRIED: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";

/// Says why ECR does not hand out an image, and how long that takes: no way there, or no right.
fn own_registry(
    world: &World,
    region: &str,
    task: &Task,
    reference: &Reference,
    role: &str,
) -> Result<(), (String, Duration)> {
    let place = (task.subnet.as_str(), &task.network);
    let reaches = |service| outside::reaches(world, region, place, Some(service));
    if !(reaches("ecr.api") && reaches("ecr.dkr")) {
        let reason = format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot \
             pull registry auth from Amazon ECR: There is a connection issue between the task and \
             Amazon ECR. Check your task network configuration. RequestError: send request failed \
             caused by: Post \"https://api.ecr.{region}.amazonaws.com/\": dial tcp 10.0.0.1:443: \
             i/o timeout"
        );
        return Err((reason, TIMEOUT));
    }
    // Layers are stored in S3; the registry itself answers without it.
    if !reaches("s3") {
        let reason = format!(
            "{RETRIED}: failed to copy: httpReadSeeker: failed open: failed to do request: Get \
             \"https://prod-{region}-starport-layer-bucket.s3.{region}.amazonaws.com/\": dial tcp \
             10.0.0.1:443: i/o timeout"
        );
        return Err((reason, TIMEOUT));
    }
    let repository = world.arn("ecr", region, &format!("repository/{}", reference.repository));
    for (action, resource) in
        [("ecr:GetAuthorizationToken", "*"), ("ecr:BatchGetImage", repository.as_str())]
    {
        if !world.role_allows(role, action, resource) {
            let session = role.rsplit('/').next().unwrap_or(role);
            let user = world.arn("sts", "", &format!("assumed-role/{session}/{}", task.id));
            let reason = format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: \
                 AccessDeniedException: User: {user} is not authorized to perform: {action} on \
                 resource: {resource} because no identity-based policy allows the {action} action. \
                 The task can't pull the image. Check that the role has the permissions to pull \
                 images from the registry."
            );
            return Err((reason, REFUSAL));
        }
    }
    if !world.role_allows(role, "ecr:GetDownloadUrlForLayer", &repository) {
        let reason = format!(
            "{RETRIED}: failed to copy: httpReaderSeeker: failed open: unexpected status code 403 \
             Forbidden"
        );
        return Err((reason, REFUSAL));
    }
    Ok(())
}

/// Says why a third party's registry does not hand out an image, and how long that takes.
fn other_registry(
    world: &World,
    region: &str,
    task: &Task,
    image: &str,
    reference: &Reference,
) -> Result<(), (String, Duration)> {
    if !outside::reaches(world, region, (&task.subnet, &task.network), None) {
        let reason = format!(
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to \
             resolve ref {image}: failed to do request: Head: dial tcp: i/o timeout"
        );
        return Err((reason, TIMEOUT));
    }
    if world.trouble.holds(Condition::RegistryPrivate, &task.names()) {
        return Err((denied(image, reference), REFUSAL));
    }
    if world.trouble.holds(Condition::RegistryLimit, &task.names()) {
        let reason = format!(
            "{RETRIED}: failed to resolve ref {image}: toomanyrequests: You have reached your pull \
             rate limit. You may increase the limit by authenticating and upgrading"
        );
        return Err((reason, REFUSAL));
    }
    Ok(())
}

fn denied(image: &str, reference: &Reference) -> String {
    format!(
        "{RETRIED}: failed to resolve ref {image}: pull access denied for {}, repository does not \
         exist or may require 'docker login'",
        reference.repository
    )
}

/// Starts the containers.
pub(super) fn run(world: &mut World, task: &Task) -> Result<(), Obstacle> {
    for container in task.containers.clone() {
        let fail = |reason: &str, after| {
            let (reason, container) = (reason.to_owned(), Some(container.name.clone()));
            Err(Obstacle { reason, container, after })
        };
        if app(world, &container).lacks_program {
            let reason = format!(
                "CannotStartContainerError: failed to create task for container: failed to create \
                 shim task: OCI runtime create failed: runc create failed: unable to start \
                 container process: exec: \"serve\": {NO_PROGRAM}: unknown"
            );
            return fail(&reason, REFUSAL);
        }
        if world.trouble.holds(Condition::RuntimeSlow, &task.names()) {
            let reason = "ContainerRuntimeTimeoutError: Could not transition to running; timed out \
                          after waiting 1m";
            return fail(reason, TIMEOUT);
        }
        if world.trouble.holds(Condition::RuntimeBroken, &task.names()) {
            let reason = "CannotInspectContainerError: Could not transition to inspecting; failed \
                          to get container status";
            return fail(reason, REFUSAL);
        }
    }
    Ok(())
}

/// Returns the digest an earlier task of the same revision pulled.
fn resolved(world: &mut World, region: &str, task: &Task, container: &str) -> Option<String> {
    let (service, revision) = (task.service.as_deref()?, task.revision.as_deref()?);
    let service = world.region(region).ecs.services.get(service)?;
    let images = &service.revision(revision)?.images;
    images.iter().find(|image| image.container == container)?.digest.clone()
}

/// Opens the log streams of a task's containers.
pub(super) fn open_logs(
    world: &mut World,
    region: &str,
    task: &Task,
    body: &Value,
) -> Result<(), Obstacle> {
    let role = body["executionRoleArn"].as_str().unwrap_or_default();
    let fail = |text: String, after: Duration| {
        Err(Obstacle::of_task(
            format!(
                "ResourceInitializationError: failed to validate logger args: {text} : exit status 1"
            ),
            after,
        ))
    };
    for found in body["containerDefinitions"].as_array().into_iter().flatten() {
        if found["logConfiguration"]["logDriver"] != "awslogs" {
            continue;
        }
        let options = &found["logConfiguration"]["options"];
        let group = options["awslogs-group"].as_str().unwrap_or_default();
        let place = options["awslogs-region"].as_str().unwrap_or(region);
        if !outside::reaches(world, region, (&task.subnet, &task.network), Some("logs")) {
            let text = format!(
                "create stream has been retried 1 times: failed to create Cloudwatch log stream: \
                 RequestError: send request failed caused by: Post \
                 \"https://logs.{place}.amazonaws.com/\": dial tcp 10.0.0.1:443: i/o timeout"
            );
            return fail(text, TIMEOUT);
        }
        let mut actions = vec![("logs:CreateLogStream", "log stream")];
        let creates = options["awslogs-create-group"] == "true";
        if creates {
            actions.push(("logs:CreateLogGroup", "log group"));
        }
        let resource = world.arn("logs", place, &format!("log-group:{group}:log-stream:x"));
        for (action, what) in actions {
            if !world.role_allows(role, action, &resource) {
                let text = format!(
                    "create stream has been retried 1 times: failed to create Cloudwatch {what}: \
                     AccessDeniedException: User is not authorized to perform: {action} on \
                     resource: {resource}"
                );
                return fail(text, REFUSAL);
            }
        }
        if creates {
            world.ensure_log_group(place, group);
        }
        if !world.log_group_exists(place, group) {
            let text = "create stream has been retried 1 times: failed to create Cloudwatch log \
                        stream: ResourceNotFoundException: The specified log group does not exist.";
            return fail(text.to_owned(), REFUSAL);
        }
    }
    Ok(())
}

/// Returns the reference to the same repository's image with a digest.
fn pinned(image: &str, digest: &str) -> String {
    let tag = image.rfind(':').filter(|at| !image[*at..].contains('/'));
    format!("{}@{digest}", &image[..tag.unwrap_or(image.len())])
}

/// Returns what the application in a container does, once the digest is known.
pub(super) fn app(world: &mut World, container: &Container) -> App {
    let image = match &container.digest {
        Some(digest) if !container.image.contains('@') => pinned(&container.image, digest),
        _ => container.image.clone(),
    };
    world.pull_image(&image).map(|pulled| pulled.app).unwrap_or_default()
}
