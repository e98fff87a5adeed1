//! Pushing, from outside: what the registry has afterwards.

use std::sync::Mutex;

use hyper::StatusCode;
use wharf_image::{Archive, Credentials, Destination, ImageError, Progress, Pushed, push};

use crate::registry::Registry;
use crate::samples::{Layout, digest, docker_archive};

fn credentials() -> Credentials {
    Credentials::Basic { user: "AWS".to_owned(), password: "let-me-in".to_owned() }
}

fn destination(registry: &Registry, repository: &str, tag: &str) -> Destination {
    Destination {
        registry: registry.host.clone(),
        repository: repository.to_owned(),
        tag: tag.to_owned(),
    }
}

async fn push_to(registry: &Registry, archive: &Archive, tag: &str) -> Result<Pushed, ImageError> {
    push(archive, &destination(registry, "shop/web", tag), &credentials(), 3, |_| ()).await
}

#[tokio::test]
async fn a_push_leaves_the_whole_image_and_a_second_one_sends_nothing() {
    let at = tempfile::tempdir().unwrap();
    let layer = vec![42; 300_000];
    let archive = Archive::open(&docker_archive(at.path(), &[&layer, b"small"])).unwrap();
    let registry = Registry::start().await;
    let seen = Mutex::new(Vec::<Progress>::new());
    let to = destination(&registry, "shop/web", "v1");
    let pushed =
        push(&archive, &to, &credentials(), 3, |one| seen.lock().unwrap().push(one)).await.unwrap();
    assert_eq!((pushed.sent, pushed.skipped), (3, 0));
    {
        let state = registry.state.lock().unwrap();
        let manifest = &state.manifests["v1"];
        assert_eq!(digest(manifest), pushed.digest);
        let manifest: serde_json::Value = serde_json::from_slice(manifest).unwrap();
        for layer in manifest["layers"].as_array().unwrap() {
            assert!(state.blobs.contains_key(layer["digest"].as_str().unwrap()));
        }
        assert!(state.blobs.contains_key(manifest["config"]["digest"].as_str().unwrap()));
    }
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted_by_key(|one| one.done), "{seen:?}");
    assert!(seen.last().is_some_and(|one| one.done == one.total && one.total == archive.size()));

    let again = push_to(&registry, &archive, "v2").await.unwrap();
    assert_eq!((again.sent, again.skipped, again.bytes), (0, 3, 0));
    assert_eq!(again.digest, pushed.digest);
}

#[tokio::test]
async fn an_index_comes_after_the_images_it_names() {
    let at = tempfile::tempdir().unwrap();
    let mut layout = Layout::default();
    let amd = layout.image("amd64", &[b"layer"]);
    let arm = layout.image("arm64", &[b"layer", b"more"]);
    let children = [&amd, &arm].map(|one| one["digest"].as_str().unwrap().to_owned());
    let index = layout.index(&[amd, arm]);
    let archive = Archive::open(&layout.write(at.path(), &[index])).unwrap();
    let registry = Registry::start().await;
    push_to(&registry, &archive, "v1").await.unwrap();
    let state = registry.state.lock().unwrap();
    assert_eq!(state.order, [children[0].as_str(), children[1].as_str(), "v1"]);
}

#[tokio::test]
async fn trouble_of_the_registry_is_waited_out() {
    let at = tempfile::tempdir().unwrap();
    let archive = Archive::open(&docker_archive(at.path(), &[b"layer"])).unwrap();
    let registry = Registry::start().await;
    registry.state.lock().unwrap().failures =
        [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR].into();
    let pushed = push_to(&registry, &archive, "v1").await.unwrap();
    assert_eq!(pushed.sent, 2);
    assert!(registry.state.lock().unwrap().failures.is_empty());
}

#[tokio::test]
async fn refusals_say_what_to_do_and_no_password() {
    let at = tempfile::tempdir().unwrap();
    let archive = Archive::open(&docker_archive(at.path(), &[b"layer"])).unwrap();
    let registry = Registry::start().await;

    let wrong = Credentials::Basic { user: "AWS".to_owned(), password: "guessed".to_owned() };
    let to = destination(&registry, "shop/web", "v1");
    let error = push(&archive, &to, &wrong, 3, |_| ()).await.unwrap_err();
    assert!(matches!(error, ImageError::Unauthorized { .. }), "{error}");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("guessed"));

    let nowhere = destination(&registry, "shop/other", "v1");
    let error = push(&archive, &nowhere, &credentials(), 3, |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("shop/other"), "{error}");

    registry.state.lock().unwrap().immutable = true;
    push_to(&registry, &archive, "v1").await.unwrap();
    let error = push_to(&registry, &archive, "v1").await.unwrap_err();
    assert!(matches!(error, ImageError::TagTaken { .. }), "{error}");

    let gone = Destination { registry: "127.0.0.1:1".to_owned(), ..to };
    let error = push(&archive, &gone, &credentials(), 3, |_| ()).await.unwrap_err();
    assert!(error.to_string().starts_with("127.0.0.1:1: "), "{error}");
}
