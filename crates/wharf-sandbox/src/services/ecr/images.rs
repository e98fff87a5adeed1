//! Images in repositories.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Ctx, repositories, repository,
    state::{INDEX, Image, Repository},
};
use crate::{
    error::AwsError, image, input::Input, registry, rules, services::Reply, time::SimTime,
};

/// A token lives 12 hours (ECR API reference, `GetAuthorizationToken`).
const TOKEN_LIFE: Duration = Duration::from_hours(12);

/// What a request says an image is called.
#[derive(Clone, Debug)]
struct ImageId {
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageId {
    fn of(input: &Input<'_>) -> Self {
        let text = |name: &str| input.str(name).map(str::to_owned);
        Self { tag: text("imageTag"), digest: text("imageDigest") }
    }

    fn all(input: &Input<'_>) -> Vec<Self> {
        input.list("imageIds").iter().map(Self::of).collect()
    }

    /// Finds the digest of the image; tag and digest must agree if both are given.
    fn find(&self, repository: &Repository) -> Option<String> {
        let by_tag = match &self.tag {
            Some(tag) => Some(repository.image_tags.get(tag)?),
            None => None,
        };
        match (&self.digest, by_tag) {
            (Some(digest), Some(other)) if digest != other => None,
            (Some(digest), _) => repository.images.contains_key(digest).then(|| digest.clone()),
            (None, Some(digest)) => Some(digest.clone()),
            (None, None) => None,
        }
    }

    fn show(&self) -> Value {
        json!({"imageTag": self.tag, "imageDigest": self.digest})
    }
}

/// Finds the repository after letting images appear that would have been pushed by now.
fn with_pushed<'c>(
    ctx: &'c mut Ctx<'_>,
    input: &Input<'_>,
    ids: &[ImageId],
) -> Result<&'c mut Repository, AwsError> {
    let name = repository(ctx, input)?.name.clone();
    let region = ctx.region.clone();
    for tag in ids.iter().filter_map(|id| id.tag.as_deref()) {
        ctx.touched |= ctx.world.let_appear(&region, &name, tag);
    }
    repository(ctx, input)
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let ids = ImageId::all(input);
    let account = ctx.world.account.clone();
    let found = with_pushed(ctx, input, &ids)?;
    let mut digests = Vec::new();
    for id in &ids {
        let Some(digest) = id.find(found) else {
            let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "null".to_owned());
            return Err(rules::ecr::IMAGE_EXISTS.refuse(format!(
                "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist \
                     within the repository with name '{}' in the registry with id '{account}'",
                text(&id.digest),
                text(&id.tag),
                found.name
            )));
        };
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    if ids.is_empty() {
        digests = found.images.keys().cloned().collect();
    }
    let status = input.structure("filter").and_then(|filter| filter.str("tagStatus"));
    let details: Vec<Value> = digests
        .iter()
        .filter_map(|digest| Some((digest, found.images.get(digest)?)))
        .filter(|(digest, _)| fits(status, found, digest))
        .map(|(digest, image)| {
            let tags = found.tags_of(digest);
            json!({
                "registryId": account,
                "repositoryName": found.name,
                "imageDigest": digest,
                "imageTags": if tags.is_empty() { Value::Null } else { json!(tags) },
                "imageSizeInBytes": 31_457_280,
                "imagePushedAt": image.pushed.epoch_seconds(),
                "imageManifestMediaType": image.media_type,
            })
        })
        .collect();
    Ok(json!({"imageDetails": details}))
}

fn fits(status: Option<&str>, repository: &Repository, digest: &str) -> bool {
    let tagged = !repository.tags_of(digest).is_empty();
    match status {
        Some("TAGGED") => tagged,
        Some("UNTAGGED") => !tagged,
        _ => true,
    }
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let status = input.structure("filter").and_then(|filter| filter.str("tagStatus"));
    let found = repository(ctx, input)?;
    let mut ids = Vec::new();
    for digest in found.images.keys().filter(|digest| fits(status, found, digest)) {
        let tags = found.tags_of(digest);
        if tags.is_empty() {
            ids.push(json!({"imageDigest": digest}));
        }
        ids.extend(tags.iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
    }
    Ok(json!({"imageIds": ids}))
}

pub(super) fn batch_get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let ids = ImageId::all(input);
    if ids.is_empty() {
        return Err(input.missing("imageIds"));
    }
    let account = ctx.world.account.clone();
    let found = with_pushed(ctx, input, &ids)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &ids {
        let digest = id.find(found);
        let image = digest.and_then(|digest| Some((found.images.get(&digest)?, digest)));
        match image {
            Some((image, digest)) => images.push(json!({
                "registryId": account,
                "repositoryName": found.name,
                "imageId": {"imageTag": id.tag, "imageDigest": digest},
                "imageManifest": image.manifest,
                "imageManifestMediaType": image.media_type,
            })),
            None => failures.push(not_found(id)),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let manifest = input.required("imageManifest")?;
    let tag = input.str("imageTag");
    let parsed: Value = serde_json::from_str(manifest)
        .map_err(|_| rules::ecr::MANIFEST_JSON.refuse("The image manifest is not valid JSON."))?;
    let digest = image::digest_of(manifest);
    if input.str("imageDigest").is_some_and(|given| given != digest) {
        let message = "The supplied image digest does not match the digest of the manifest.";
        return Err(rules::ecr::MANIFEST_DIGEST.refuse(message));
    }
    let (account, now) = (ctx.world.account.clone(), ctx.now());
    let found = repository(ctx, input)?;
    check_tag(found, tag, &digest, &account)?;
    let image = pushed(&parsed, manifest, input.str("imageManifestMediaType"), now);
    let media_type = image.media_type.clone();
    let (name, digest) = (found.name.clone(), found.push(tag, image));
    let region = ctx.region.clone();
    ctx.world.spoil(&region, &name, &digest);
    Ok(json!({"image": {
        "registryId": account,
        "repositoryName": name,
        "imageId": {"imageDigest": digest, "imageTag": tag},
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    }}))
}

/// Refuses a push that changes nothing, or that moves a tag of an immutable repository.
fn check_tag(
    repository: &Repository,
    tag: Option<&str>,
    digest: &str,
    account: &str,
) -> Result<(), AwsError> {
    let name = &repository.name;
    let present = tag.and_then(|tag| repository.image_tags.get(tag));
    let same = match tag {
        Some(_) => present.is_some_and(|present| present == digest),
        None => repository.images.contains_key(digest),
    };
    if same {
        return Err(rules::ecr::IMAGE_NEW.refuse(format!(
            "Image with digest '{digest}' and tag '{}' already exists in the repository with name \
             '{name}' in registry with id '{account}'",
            tag.unwrap_or("null")
        )));
    }
    if let (Some(tag), Some(_)) = (tag, present)
        && repository.mutability.starts_with("IMMUTABLE")
    {
        return Err(rules::ecr::TAG_IMMUTABLE.refuse(format!(
            "The image tag '{tag}' already exists in the '{name}' repository and cannot be \
                 overwritten because the repository is immutable."
        )));
    }
    Ok(())
}

fn pushed(parsed: &Value, manifest: &str, media_type: Option<&str>, now: SimTime) -> Image {
    let listed = parsed.get("manifests").and_then(Value::as_array);
    let mut platforms: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(|child| child.pointer("/platform/architecture")?.as_str())
        // Attestations are listed with an unknown platform.
        .filter(|architecture| *architecture != "unknown")
        .map(str::to_owned)
        .collect();
    if platforms.is_empty() {
        // A single manifest names its architecture in a blob, which the sandbox does not hold.
        platforms.push("amd64".to_owned());
    }
    let media_type = media_type.or_else(|| parsed.get("mediaType").and_then(Value::as_str));
    Image {
        manifest: manifest.to_owned(),
        media_type: media_type.unwrap_or(INDEX).to_owned(),
        platforms,
        pushed: now,
    }
}

pub(super) fn batch_delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let ids = ImageId::all(input);
    if ids.is_empty() {
        return Err(input.missing("imageIds"));
    }
    let found = repository(ctx, input)?;
    let (mut gone, mut failures) = (Vec::new(), Vec::new());
    for id in &ids {
        let Some(digest) = id.find(found) else {
            failures.push(not_found(id));
            continue;
        };
        // A tag removes the tag, and the image with its last tag; a digest removes everything.
        let tags: Vec<String> = match (&id.tag, &id.digest) {
            (Some(tag), None) => vec![tag.clone()],
            _ => found.tags_of(&digest).into_iter().map(str::to_owned).collect(),
        };
        if tags.is_empty() {
            gone.push(json!({"imageDigest": digest}));
        }
        for tag in tags {
            found.image_tags.remove(&tag);
            gone.push(json!({"imageDigest": digest, "imageTag": tag}));
            found.deleted_tags.insert(tag);
        }
        if found.tags_of(&digest).is_empty() {
            found.images.remove(&digest);
        }
    }
    Ok(json!({"imageIds": gone, "failures": failures}))
}

fn not_found(id: &ImageId) -> Value {
    json!({
        "imageId": id.show(),
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    })
}

#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub(super) fn authorization_token(ctx: &mut Ctx<'_>, _input: &Input<'_>) -> Reply {
    let expires = ctx.now() + TOKEN_LIFE;
    Ok(json!({"authorizationData": [{
        "authorizationToken": registry::token(&ctx.region),
        "expiresAt": expires.epoch_seconds(),
        "proxyEndpoint": format!("https://{}", repositories::registry(ctx)),
    }]}))
}
