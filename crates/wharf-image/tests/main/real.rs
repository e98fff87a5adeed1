//! A real builder and a real registry, neither of them ours. `just registry` starts them.

use std::sync::Mutex;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use wharf_image::{Archive, Build, Builder, Credentials, Destination, build, detect, push};

#[tokio::test]
#[ignore = "needs buildah and docker-registry; `just registry` runs it"]
async fn what_a_builder_made_can_be_pulled_from_a_registry() {
    let registry = std::env::var("WHARF_TEST_REGISTRY").unwrap();
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("hello"), "hello\n").unwrap();
    let dockerfile = at.path().join("Dockerfile");
    std::fs::write(
        &dockerfile,
        "FROM scratch\nARG NAME=none\nLABEL name=$NAME\nCOPY hello /\nCMD [\"/hello\"]\n",
    )
    .unwrap();
    let engine = detect().await.unwrap();
    assert_eq!(engine.builder, Builder::Buildah, "no other builder works where this test runs");
    let out = at.path().join("image.tar");
    let wanted = Build {
        context: at.path().to_owned(),
        file: dockerfile.clone(),
        platform: "linux/arm64".to_owned(),
        args: vec![("NAME".to_owned(), "wharf".to_owned())],
        target: None,
    };
    let lines = Mutex::new(Vec::new());
    build(&engine, &wanted, &out, |line| lines.lock().unwrap().push(line.to_owned()))
        .await
        .unwrap();
    assert!(lines.lock().unwrap().iter().any(|line| line.contains("COPY hello")), "{lines:?}");

    let archive = Archive::open(&out).unwrap();
    assert!(archive.platforms().eq(["linux/arm64"]));
    let to =
        Destination { registry: registry.clone(), repository: "shop/web".into(), tag: "v1".into() };
    let credentials = Credentials::Basic { user: "AWS".into(), password: "let-me-in".into() };
    let pushed = push(&archive, &to, &credentials, 4, |_| ()).await.unwrap();
    assert_eq!((pushed.sent, pushed.skipped), (2, 0));
    let again = push(&archive, &to, &credentials, 4, |_| ()).await.unwrap();
    assert_eq!((again.sent, again.skipped), (0, 2));
    let refused = push(&archive, &to, &Credentials::Anonymous, 4, |_| ()).await.unwrap_err();
    assert!(refused.to_string().contains("did not accept"), "{refused}");

    let config = ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() };
    let auth = RegistryAuth::Basic("AWS".into(), "let-me-in".into());
    let reference = Reference::with_tag(registry, "shop/web".into(), "v1".into());
    let found = Client::new(config).fetch_manifest_digest(&reference, &auth).await.unwrap();
    assert_eq!(found, pushed.digest);

    std::fs::write(&dockerfile, "FROM scratch\nCOPY missing /\n").unwrap();
    let failed = build(&engine, &wanted, &out, |_| ()).await.unwrap_err();
    assert!(failed.to_string().starts_with("buildah could not build the image"), "{failed}");
}
