//! Images resolved against an ECR that is made up, and a registry on the loopback interface.

use std::sync::Mutex;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::aws::{Aws, Connect};
use crate::registry::tests::{Loopback, digest_of_index};
use crate::testing;
use crate::transport::Transport;

const OTHER: &str = "444455556666.dkr.ecr.us-east-1.amazonaws.com/base/nginx:1.27";

/// Knows one image, and refuses everything else; `BatchGetImage` too, if it is not permitted.
struct Ecr {
    permitted: bool,
    /// Host, operation and request.
    seen: Mutex<Vec<(String, String, Value)>>,
}

fn digest() -> String {
    format!("sha256:{}", "a".repeat(64))
}

impl Transport for Ecr {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').next_back()).unwrap_or_default();
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let host = request.uri().host().unwrap_or_default().to_owned();
        let platform = json!({"architecture": "arm64", "os": "linux"});
        let manifest = json!({"manifests": [{"platform": platform}]}).to_string();
        let answer = match operation {
            _ if input["imageIds"][0]["imageTag"] == "gone" => Ok(json!({
                "images": [],
                "failures": [{"failureCode": "ImageNotFound"}],
            })),
            "BatchGetImage" if self.permitted => Ok(json!({"images": [{
                "imageId": {"imageDigest": digest()},
                "imageManifest": manifest,
            }]})),
            "DescribeImages" => Ok(json!({"imageDetails": [{"imageDigest": digest()}]})),
            _ => Err(json!({"__type": "AccessDeniedException"})),
        };
        self.seen.lock().unwrap().push((host, operation.to_owned(), input));
        let (status, body) = answer.map_or_else(|error| (400, error), |body| (200, body));
        let response = http::Response::builder().status(status).body(body.to_string().into());
        Box::pin(async { Ok(response.expect("a well-formed response")) })
    }
}

/// Reads the image of the one service `web`.
async fn image(ecr: &Arc<Ecr>, image: Image, registries: bool) -> ImageFact {
    let mut stack = testing::stack();
    stack.services.get_mut("web").unwrap().image = image;
    let transport: Arc<dyn Transport> = ecr.clone();
    let to =
        Connect { region: stack.region.clone(), transport: Some(transport), ..Connect::default() };
    let mut aws = Box::pin(Aws::connect(to)).await;
    assert!(aws.registries.is_none(), "an embedded AWS has no registries around it");
    aws.registries = registries.then(|| Arc::new(testing::registries()));
    let images = Reads::new(aws, Arc::new(stack)).images().await.unwrap();
    images.value["web"].clone()
}

fn ecr(permitted: bool) -> Arc<Ecr> {
    Arc::new(Ecr { permitted, seen: Mutex::default() })
}

fn own(tag: &str) -> Image {
    let repository =
        wharf_spec::stack::Repository { name: "web".to_owned(), immutable_tags: false, keep: 30 };
    Image::Own { reference: ImageReference::Tag(tag.to_owned()), repository }
}

fn operations(ecr: &Ecr) -> Vec<String> {
    ecr.seen.lock().unwrap().iter().map(|(_, operation, _)| operation.clone()).collect()
}

#[test]
fn only_a_digest_of_another_registry_is_known() {
    assert_eq!(elsewhere("nginx:1.27").digest, None);
    assert_eq!(elsewhere("nginx@sha256:abc").digest.as_deref(), Some("sha256:abc"));
}

#[tokio::test]
async fn one_call_tells_digest_and_architectures() {
    let ecr = ecr(true);
    let found = image(&ecr, own("v1"), false).await;
    assert_eq!((found.digest, found.architectures), (Some(digest()), vec!["arm64".to_owned()]));
    assert_eq!(operations(&ecr), ["BatchGetImage"]);
    assert_eq!(image(&ecr, own("gone"), false).await.digest, None);
}

#[tokio::test]
async fn who_may_not_read_manifests_is_told_the_digest() {
    let ecr = ecr(false);
    let found = image(&ecr, own("v1"), false).await;
    assert_eq!((found.digest, found.architectures), (Some(digest()), vec![]));
    assert_eq!(operations(&ecr), ["BatchGetImage", "DescribeImages"]);
}

#[tokio::test]
async fn another_account_is_asked_in_its_region() {
    let permitted = ecr(true);
    let found = image(&permitted, Image::Elsewhere(OTHER.to_owned()), true).await;
    assert_eq!((found.digest, found.architectures), (Some(digest()), vec!["arm64".to_owned()]));
    let (host, operation, input) = permitted.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (host.as_str(), operation.as_str()),
        ("api.ecr.us-east-1.amazonaws.com", "BatchGetImage")
    );
    assert_eq!(input["registryId"], "444455556666");
    assert_eq!(input["repositoryName"], "base/nginx");
    assert_eq!(input["imageIds"], json!([{"imageTag": "1.27"}]));
    let refused = image(&ecr(false), Image::Elsewhere(OTHER.to_owned()), true).await;
    assert_eq!(refused, fact(OTHER, None));
}

#[tokio::test]
async fn images_elsewhere_are_pinned_unless_aws_is_embedded() {
    let registry = Loopback::start().await;
    let reference = registry.image(":v1");
    let found = image(&ecr(true), Image::Elsewhere(reference.clone()), true).await;
    assert_eq!(found.reference, reference);
    assert_eq!(found.digest, Some(digest_of_index()));
    assert_eq!(found.architectures, ["amd64", "arm64"]);
    assert!(!registry.seen().is_empty());
    for reference in [reference, OTHER.to_owned()] {
        let ecr = ecr(true);
        let found = image(&ecr, Image::Elsewhere(reference.clone()), false).await;
        assert_eq!(found, fact(&reference, None));
        assert!(ecr.seen.lock().unwrap().is_empty());
    }
    assert_eq!(registry.seen(), [""; 0]);
}
