//! Images: in the service's own repository, or elsewhere.

use std::collections::BTreeMap;

use super::context::Cx;
use super::stack::not_yet;
use crate::document::Node;
use crate::keys::{self, Fields, nearest, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{Architecture, Image, ImageReference, Repository};
use crate::units;

/// Reads the top-level map of images that services may name.
pub(super) fn images(cx: &mut Cx, node: &Node) -> BTreeMap<String, String> {
    let mut images = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.wrong_type(node, "`images` (a map of names and references)");
        return images;
    };
    for entry in entries {
        if entry.value.get("build").is_some() {
            not_yet(cx, entry.value.span, "`build`");
        } else if let Some(reference) = units::text(cx, &entry.value, "an image") {
            check_reference(cx, &reference, Some(entry.value.span));
            images.insert(entry.key.text.clone(), reference);
        }
    }
    images
}

/// Reads `image`, `platform` and `repository` of a service.
pub(super) fn read(
    cx: &mut Cx,
    place: Span,
    fields: Fields<'_>,
    images: &BTreeMap<String, String>,
    over: Option<&str>,
) -> (Image, Architecture) {
    let repository_node = fields.get(cx, "repository");
    let repository = repository(cx, repository_node);
    let mut architecture = fields.get(cx, "platform").and_then(|node| platform(cx, node));
    let image = match fields.get(cx, "image") {
        None => {
            if fields.entry("image").is_none() && fields.entry("build").is_none() && over.is_none()
            {
                cx.push(
                    Problem::error("E006", place, "a service needs `image`")
                        .label("has no `image`")
                        .help("write `image: { tag: v1 }` for an image in the service's own repository")
                        .help("write for example `image: nginx:1.27` for one that exists elsewhere"),
                );
            }
            Image::Keep { repository: repository.clone() }
        }
        Some(node) if node.map().is_some() => {
            let (reference, inner) = own(cx, node);
            if let (Some(inner), Some(outer)) = (inner, architecture)
                && inner != outer
            {
                cx.push(
                    Problem::error("E040", node.span, "two different platforms for one service")
                        .label("`platform` here says one, beside `image` another")
                        .help("keep one of them"),
                );
            }
            architecture = architecture.or(inner);
            match reference {
                Some(reference) => Image::Own { reference, repository: repository.clone() },
                None => Image::Keep { repository: repository.clone() },
            }
        }
        Some(node) => match units::text(cx, node, "`image`") {
            Some(text) if text == "keep" => Image::Keep { repository: repository.clone() },
            Some(text) => elsewhere(cx, &text, node.span, images),
            None => Image::Keep { repository: repository.clone() },
        },
    };
    if let (Image::Elsewhere(_), Some(node)) = (&image, repository_node) {
        cx.push(
            Problem::warning("W105", node.span, "`repository` has no effect here")
                .label("the image lives elsewhere")
                .note(
                    "a repository is made only for `image: { tag: … }` or `image: { digest: … }`",
                ),
        );
    }
    let image = match over {
        Some(over) => overridden(cx, image, over, repository),
        None => image,
    };
    (image, architecture.unwrap_or(Architecture::X86_64))
}

fn platform(cx: &mut Cx, node: &Node) -> Option<Architecture> {
    match units::word(cx, node, "`platform`", &["linux/amd64", "linux/arm64"])? {
        "linux/arm64" => Some(Architecture::Arm64),
        _ => Some(Architecture::X86_64),
    }
}

fn repository(cx: &mut Cx, node: Option<&Node>) -> Repository {
    let mut repository = Repository { immutable_tags: false, keep: 100 };
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

/// Reads `{ tag: … }` or `{ digest: … }`.
fn own(cx: &mut Cx, node: &Node) -> (Option<ImageReference>, Option<Architecture>) {
    let Some(fields) = Fields::of(cx, node, &keys::IMAGE) else { return (None, None) };
    let platform = fields.get(cx, "platform").and_then(|node| platform(cx, node));
    let reference = match (fields.get(cx, "tag"), fields.get(cx, "digest")) {
        (Some(tag), Some(digest)) => {
            cx.push(
                Problem::error(
                    "E040",
                    digest.span,
                    "an image is named by tag or by digest, not both",
                )
                .label("names it again")
                .also(tag.span, "names it")
                .help("keep one of them; in an environment, `tag: null` removes the base's tag"),
            );
            None
        }
        (Some(node), None) => units::text(cx, node, "`tag`").and_then(|tag| {
            let good = is_tag(&tag);
            if !good {
                bad_tag(cx, &tag, Some(node.span));
            }
            good.then_some(ImageReference::Tag(tag))
        }),
        (None, Some(node)) => units::text(cx, node, "`digest`").and_then(|digest| {
            let good = is_digest(&digest);
            if !good {
                bad_digest(cx, &digest, Some(node.span));
            }
            good.then_some(ImageReference::Digest(digest))
        }),
        (None, None) => {
            let said = ["tag", "digest", "build"].iter().any(|key| fields.entry(key).is_some());
            if !said {
                cx.missing(node.span, "an image", "tag", "tag: v1");
            }
            None
        }
    };
    (reference, platform)
}

fn elsewhere(cx: &mut Cx, text: &str, span: Span, images: &BTreeMap<String, String>) -> Image {
    if let Some(reference) = images.get(text) {
        return Image::Elsewhere(reference.clone());
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
    Image::Elsewhere(text.to_owned())
}

fn looks_like_tag(text: &str) -> bool {
    text == "latest" || text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}

/// Applies `--image SERVICE=REF`.
fn overridden(cx: &mut Cx, image: Image, over: &str, repository: Repository) -> Image {
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
        Image::Own { .. } | Image::Keep { .. } => Image::Own { reference, repository },
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
        let repository = Repository { immutable_tags: false, keep: 100 };
        let image = overridden(&mut cx, image, reference, repository);
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
        let repository = Repository { immutable_tags: false, keep: 100 };
        let own = Image::Own {
            reference: ImageReference::Tag("v2".to_owned()),
            repository: repository.clone(),
        };
        assert_eq!(over(Image::Keep { repository }, ":v2"), (own, 0));
    }
}
