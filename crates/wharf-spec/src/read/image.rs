//! Images: in the service's own repository, or elsewhere.

use std::collections::BTreeMap;

use super::build::{Plan, plan};
use super::context::Cx;
use crate::document::Node;
use crate::keys::{self, Fields, nearest, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{Architecture, Build, Image, ImageReference, Repository};
use crate::units;

/// What the entries of the top-level `images` stand for.
pub(super) type Images = BTreeMap<String, Source>;

/// What one entry of `images` stands for.
pub(super) enum Source {
    /// A full reference.
    Reference(String),
    /// Built by wharf, into a repository named after the entry.
    Build(Plan),
    /// In a repository named after the entry.
    Own(ImageReference),
    /// Something that was reported.
    Broken,
}

/// Whose image is read.
pub(super) struct Owner<'o> {
    /// Name of its own repository, below the app.
    pub(super) name: &'o str,
    /// What it is, for messages: "a service".
    pub(super) what: &'static str,
    /// Where its name stands.
    pub(super) place: Span,
}

/// Reads the top-level map of images that services may name.
pub(super) fn images(cx: &mut Cx, node: &Node) -> Images {
    let mut images = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.wrong_type(node, "`images` (a map of names and references)");
        return images;
    };
    for entry in entries {
        let source = if entry.value.map().is_some() {
            units::name(cx, &entry.key.text, entry.key.span, "an image");
            let fields = Fields::of(cx, &entry.value, &keys::IMAGES_ENTRY).unwrap_or_default();
            match one_of(cx, entry.value.span, fields, &entry.key.text) {
                Some(Said::Own(_, reference)) => Some(Source::Own(reference)),
                Some(Said::Build(_, plan)) => Some(Source::Build(plan)),
                _ => None,
            }
        } else {
            units::text(cx, &entry.value, "an image").map(|reference| {
                check_reference(cx, &reference, Some(entry.value.span));
                Source::Reference(reference)
            })
        };
        images.insert(entry.key.text.clone(), source.unwrap_or(Source::Broken));
    }
    images
}

/// What `image` and `build` say, before flags.
enum Said {
    /// In the repository of this name.
    Own(String, ImageReference),
    Build(String, Plan),
    Elsewhere(String),
    /// `keep`, or something that was reported.
    Keep,
}

/// Reads `image`, `build`, `platform` and `repository` of a service or job.
pub(super) fn read(
    cx: &mut Cx,
    owner: &Owner<'_>,
    fields: Fields<'_>,
    images: &Images,
    over: Option<&str>,
) -> (Image, Architecture) {
    let repository_node = fields.get(cx, "repository");
    let repository = repository(cx, owner.name, repository_node);
    let beside = fields.get(cx, "platform");
    let mut platforms: Vec<(Architecture, Span)> = Vec::new();
    platforms.extend(beside.and_then(|node| Some((platform(cx, node)?, node.span))));
    let (image_node, build_node) = (fields.get(cx, "image"), fields.get(cx, "build"));
    if let (Some(image), Some(build)) = (image_node, build_node) {
        cx.push(
            Problem::error("E040", build.span, "an image is named or built, not both")
                .label("builds one")
                .also(image.span, "names one")
                .help("keep one of them; in an environment, `image: null` removes the base's"),
        );
    }
    let nothing = fields.entry("image").is_none() && fields.entry("build").is_none();
    let said = match (image_node, build_node) {
        (Some(node), _) if node.map().is_some() => own(cx, owner, node, &mut platforms),
        (Some(node), _) => match units::text(cx, node, "`image`") {
            Some(text) if text == "keep" => Said::Keep,
            Some(text) => named(cx, &text, node.span, images),
            None => Said::Keep,
        },
        (None, Some(node)) => {
            plan(cx, node).map_or(Said::Keep, |plan| Said::Build(owner.name.to_owned(), plan))
        }
        (None, None) => {
            if nothing && over.is_none() {
                no_image(cx, owner);
            }
            Said::Keep
        }
    };
    if let Said::Build(_, plan) = &said {
        platforms.extend(plan.architecture.map(|architecture| (architecture, plan.span)));
    }
    if let [(first, here), rest @ ..] = platforms.as_slice()
        && let Some((_, there)) = rest.iter().find(|(other, _)| other != first)
    {
        cx.push(
            Problem::error("E040", *there, "two different platforms for one task")
                .label("says one")
                .also(*here, "says another")
                .help("keep one of them"),
        );
    }
    let architecture = platforms.first().map_or(Architecture::X86_64, |(first, _)| *first);
    if let (Said::Elsewhere(_), Some(node)) = (&said, repository_node) {
        cx.push(
            Problem::warning("W105", node.span, "`repository` has no effect here")
                .label("the image lives elsewhere")
                .note(
                    "a repository is made only for images that are built or named by `tag` or `digest`",
                ),
        );
    }
    let image = match said {
        Said::Own(name, reference) => {
            Image::Own { reference, repository: Repository { name, ..repository } }
        }
        Said::Keep => Image::Keep { repository },
        Said::Elsewhere(reference) => Image::Elsewhere(reference),
        Said::Build(name, Plan { context, file, .. }) => Image::Built {
            repository: Repository { name: name.clone(), ..repository },
            build: Build { context, file, architecture },
            name,
        },
    };
    let image = match over {
        Some(over) => overridden(cx, image, over),
        None => image,
    };
    (image, architecture)
}

fn no_image(cx: &mut Cx, owner: &Owner<'_>) {
    let mut problem = Problem::error("E006", owner.place, format!("{} needs `image`", owner.what))
        .label("has no `image`");
    if owner.what == "a service" {
        problem = problem
            .help("write `image: { tag: v1 }` for an image in the service's own repository")
            .help("write for example `image: nginx:1.27` for one that exists elsewhere");
    } else {
        problem = problem
            .note("with a single service it would run that one's image; here there are several")
            .help("name an entry of the top-level `images`, or set `image` under `defaults`");
    }
    cx.push(problem);
}

/// Reads the image of a sidecar, which exists elsewhere.
pub(super) fn sidecar(cx: &mut Cx, node: &Node, images: &Images) -> Option<String> {
    if node.map().is_some() {
        cx.push(
            Problem::error("E043", node.span, "a sidecar runs an image that exists elsewhere")
                .label("this is a map")
                .help("write the full reference as a text, for example `nginx:1.27`"),
        );
        return None;
    }
    let text = units::text(cx, node, "`image`")?;
    match images.get(&text) {
        Some(Source::Build(_) | Source::Own(_)) => {
            cx.images_used.insert(text.clone());
            cx.push(
                Problem::error("E043", node.span, "a sidecar runs an image that exists elsewhere")
                    .label(format!("`{text}` is in a repository of this stack"))
                    .help("write the full reference of an image"),
            );
            return None;
        }
        Some(Source::Broken) => {
            cx.images_used.insert(text);
            return None;
        }
        Some(Source::Reference(_)) | None => {}
    }
    match named(cx, &text, node.span, images) {
        Said::Elsewhere(reference) => Some(reference),
        Said::Own(..) | Said::Build(..) | Said::Keep => None,
    }
}

pub(super) fn platform(cx: &mut Cx, node: &Node) -> Option<Architecture> {
    match units::word(cx, node, "`platform`", &["linux/amd64", "linux/arm64"])? {
        "linux/arm64" => Some(Architecture::Arm64),
        _ => Some(Architecture::X86_64),
    }
}

fn repository(cx: &mut Cx, name: &str, node: Option<&Node>) -> Repository {
    let mut repository = Repository { name: name.to_owned(), immutable_tags: false, keep: 100 };
    let Some(node) = node else { return repository };
    let Some(fields) = Fields::of(cx, node, &keys::REPOSITORY) else { return repository };
    if let Some(node) = fields.get(cx, "tags") {
        let word = units::word(cx, node, "`tags`", &["mutable", "immutable"]);
        repository.immutable_tags = word == Some("immutable");
    }
    let keep = fields.get(cx, "keep");
    if let Some(keep) = keep.and_then(|node| units::integer(cx, node, "`keep`", 1, 10_000)) {
        repository.keep = keep;
    }
    repository
}

/// Reads `{ tag: … }`, `{ digest: … }` or `{ build: … }`.
fn own(
    cx: &mut Cx,
    owner: &Owner<'_>,
    node: &Node,
    platforms: &mut Vec<(Architecture, Span)>,
) -> Said {
    let Some(fields) = Fields::of(cx, node, &keys::IMAGE) else { return Said::Keep };
    if let Some(node) = fields.get(cx, "platform") {
        platforms.extend(platform(cx, node).map(|found| (found, node.span)));
    }
    one_of(cx, node.span, fields, owner.name).unwrap_or(Said::Keep)
}

/// Reads the one of `tag`, `digest` and `build` that is there, for the repository called `name`.
fn one_of(cx: &mut Cx, span: Span, fields: Fields<'_>, name: &str) -> Option<Said> {
    let given: Vec<(&str, &Node)> = ["tag", "digest", "build"]
        .into_iter()
        .filter_map(|key| fields.get(cx, key).map(|node| (key, node)))
        .collect();
    match given.as_slice() {
        [("tag", node)] => units::text(cx, node, "`tag`").and_then(|tag| {
            let good = is_tag(&tag);
            if !good {
                bad_tag(cx, &tag, Some(node.span));
            }
            good.then(|| Said::Own(name.to_owned(), ImageReference::Tag(tag)))
        }),
        [("digest", node)] => units::text(cx, node, "`digest`").and_then(|digest| {
            let good = is_digest(&digest);
            if !good {
                bad_digest(cx, &digest, Some(node.span));
            }
            good.then(|| Said::Own(name.to_owned(), ImageReference::Digest(digest)))
        }),
        [(_, node)] => plan(cx, node).map(|plan| Said::Build(name.to_owned(), plan)),
        [] => {
            let said = ["tag", "digest", "build"].iter().any(|key| fields.entry(key).is_some());
            if !said {
                cx.missing(span, "an image", "tag", "tag: v1");
            }
            None
        }
        [(one, first), (other, second), ..] => {
            cx.push(
                Problem::error("E040", second.span, "an image is named by tag, by digest or built")
                    .label(format!("`{other}` says one"))
                    .also(first.span, format!("`{one}` says another"))
                    .help(format!(
                        "keep one of them; in an environment, `{one}: null` removes the base's"
                    )),
            );
            None
        }
    }
}

/// Reads a plain text: an entry of `images`, or a full reference.
fn named(cx: &mut Cx, text: &str, span: Span, images: &Images) -> Said {
    if let Some(source) = images.get(text) {
        cx.images_used.insert(text.to_owned());
        return match source {
            Source::Reference(reference) => Said::Elsewhere(reference.clone()),
            Source::Build(plan) => Said::Build(text.to_owned(), plan.clone()),
            Source::Own(reference) => Said::Own(text.to_owned(), reference.clone()),
            Source::Broken => Said::Keep,
        };
    }
    check_reference(cx, text, Some(span));
    let bare = !text.contains([':', '/', '@']);
    if bare && let Some(near) = nearest(text, images.keys().map(String::as_str)) {
        cx.push(
            Problem::warning("W106", span, format!("`{text}` is not an entry of `images`"))
                .label("is taken for an image of Docker Hub")
                .help(format!("did you mean `{near}`?")),
        );
    } else if bare && looks_like_tag(text) {
        cx.push(
            Problem::warning("W106", span, format!("`{text}` is taken for an image of Docker Hub"))
                .label("looks like a tag")
                .help(format!(
                    "for this tag in the service's own repository, write `image: {{ tag: {text} }}`"
                )),
        );
    }
    Said::Elsewhere(text.to_owned())
}

fn looks_like_tag(text: &str) -> bool {
    text == "latest" || text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}

/// Applies `--image SERVICE=REF`.
fn overridden(cx: &mut Cx, image: Image, over: &str) -> Image {
    let reference = if let Some(tag) = over.strip_prefix(':') {
        if !is_tag(tag) {
            bad_tag(cx, tag, None);
        }
        ImageReference::Tag(tag.to_owned())
    } else if let Some(digest) = over.strip_prefix('@') {
        if !is_digest(digest) {
            bad_digest(cx, digest, None);
        }
        ImageReference::Digest(digest.to_owned())
    } else if !over.contains(['/', ':', '@']) {
        // `v2` is Docker Hub's image of that name to the letter, and hardly ever meant.
        cx.push(
            Problem::error(
                "E040",
                None,
                format!("`{}` is neither a tag nor a full reference", shorten(over)),
            )
            .help(format!("for a tag of the service's own image, write `:{}`", shorten(over)))
            .help(format!("for an image elsewhere, write it in full: `{}:latest`", shorten(over)))
            .note("given with `--image`"),
        );
        return image;
    } else {
        check_reference(cx, over, None);
        return Image::Elsewhere(over.to_owned());
    };
    match image {
        Image::Own { repository, .. }
        | Image::Keep { repository }
        | Image::Built { repository, .. } => Image::Own { reference, repository },
        Image::Elsewhere(full) => {
            let (name, _, _) = split(&full);
            Image::Elsewhere(match reference {
                ImageReference::Tag(tag) => format!("{name}:{tag}"),
                ImageReference::Digest(digest) => format!("{name}@{digest}"),
            })
        }
    }
}

/// Splits a reference into name, tag and digest.
fn split(reference: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    match rest[last..].find(':') {
        Some(at) => (&rest[..last + at], Some(&rest[last + at + 1..]), digest),
        None => (rest, None, digest),
    }
}

/// Checks a full reference; without a span it came from a flag.
fn check_reference(cx: &mut Cx, reference: &str, span: Option<Span>) {
    let (name, tag, digest) = split(reference);
    let flag = |problem: Problem| match span {
        Some(_) => problem,
        None => problem.note("given with `--image`"),
    };
    let path_ok = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    let host = name.split_once('/').map(|(host, _)| host).filter(|h| h.contains(['.', ':']));
    let path = host.map_or(name, |host| &name[host.len() + 1..]);
    let host_ok = host
        .is_none_or(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b)));
    if reference.len() > 255 {
        cx.push(flag(
            Problem::error("E040", span, "an image reference has 255 characters at most")
                .label("too long"),
        ));
    } else if !host_ok || !path.split('/').all(path_ok) {
        let mut problem =
            Problem::error("E040", span, format!("`{}` is not an image", shorten(reference)))
                .label("expected [HOST/]NAME[:TAG] or [HOST/]NAME@sha256:…");
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            problem = problem.note("names of images are lower case");
        }
        if reference.starts_with("http") && reference.contains("://") {
            problem = problem.help("an image reference has no `https://` in front");
        }
        cx.push(flag(problem));
    } else if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
        bad_tag(cx, tag, span);
    } else if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
        bad_digest(cx, digest, span);
    }
}

fn is_tag(tag: &str) -> bool {
    let start = tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    start
        && tag.len() <= 128
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn bad_tag(cx: &mut Cx, tag: &str, span: Option<Span>) {
    let mut problem = Problem::error("E040", span, format!("`{}` is not a tag", shorten(tag)))
        .label("not a tag")
        .note("a tag has letters, digits, `_`, `.` and `-`, and at most 128 characters");
    if tag.contains([':', '/']) {
        problem = problem.help(format!("for an image elsewhere, write `image: {}`", shorten(tag)));
    }
    if span.is_none() {
        problem = problem.note("given with `--image`");
    }
    cx.push(problem);
}

fn is_digest(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn bad_digest(cx: &mut Cx, digest: &str, span: Option<Span>) {
    let mut problem =
        Problem::error("E040", span, format!("`{}` is not a digest", shorten(digest)))
            .label("expected `sha256:` and 64 hexadecimal digits in lower case");
    if let Some(hex) = digest.strip_prefix("sha256:") {
        problem =
            problem.note(format!("there are {} characters behind `sha256:`", hex.chars().count()));
    }
    if span.is_none() {
        problem = problem.note("given with `--image`");
    }
    cx.push(problem);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(image: Image, reference: &str) -> (Image, usize) {
        let mut cx = Cx::default();
        let image = overridden(&mut cx, image, reference);
        (image, cx.problems.len())
    }

    #[test]
    fn references_are_taken_apart() {
        assert_eq!(split("nginx"), ("nginx", None, None));
        assert_eq!(split("nginx:1.27"), ("nginx", Some("1.27"), None));
        assert_eq!(
            split("host:5000/a/b:t@sha256:x"),
            ("host:5000/a/b", Some("t"), Some("sha256:x"))
        );
        assert_eq!(split("host:5000/a/b"), ("host:5000/a/b", None, None));
    }

    #[test]
    fn a_tag_for_one_run_keeps_the_place_of_the_image() {
        let elsewhere = |text: &str| Image::Elsewhere(text.to_owned());
        assert_eq!(over(elsewhere("host:1/a:x"), ":y"), (elsewhere("host:1/a:y"), 0));
        let digest = format!("@sha256:{}", "0".repeat(64));
        assert_eq!(over(elsewhere("nginx:1"), &digest), (elsewhere(&format!("nginx{digest}")), 0));
        assert_eq!(over(elsewhere("nginx"), "ghcr.io/a/b:c"), (elsewhere("ghcr.io/a/b:c"), 0));
        assert_eq!(over(elsewhere("nginx"), "@sha256:1").1, 1);
        let repository = Repository { name: "web".to_owned(), immutable_tags: false, keep: 100 };
        let own = Image::Own {
            reference: ImageReference::Tag("v2".to_owned()),
            repository: repository.clone(),
        };
        assert_eq!(over(Image::Keep { repository }, ":v2"), (own, 0));
    }
}
