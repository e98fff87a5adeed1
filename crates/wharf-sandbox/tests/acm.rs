//! Certificates.

use std::time::Duration;

use serde_json::{Value, json};
use wharf_sandbox::Sandbox;

use crate::{
    common::{Answer, json as call, rest, sandbox},
    route53::{change, made_id, record, zone},
};

async fn acm(sandbox: &Sandbox, operation: &str, input: Value) -> Answer {
    call(sandbox, "acm", operation, input).await
}

async fn request(sandbox: &Sandbox, domain: &str) -> String {
    let input = json!({"DomainName": domain, "ValidationMethod": "DNS"});
    let answer = acm(sandbox, "RequestCertificate", input).await.ok();
    answer["CertificateArn"].as_str().unwrap().to_owned()
}

async fn describe(sandbox: &Sandbox, arn: &str) -> Value {
    let answer = acm(sandbox, "DescribeCertificate", json!({"CertificateArn": arn})).await;
    answer.ok()["Certificate"].take()
}

async fn validate(sandbox: &Sandbox, zone: &str, arn: &str) {
    tokio::time::sleep(Duration::from_secs(5)).await;
    let shown = describe(sandbox, arn).await;
    let wanted = &shown["DomainValidationOptions"][0]["ResourceRecord"];
    let text = |member: &str| wanted[member].as_str().unwrap().to_owned();
    let made = record("UPSERT", &text("Name"), &text("Type"), &text("Value"));
    assert_eq!(change(sandbox, zone, &[made]).await.status, 200);
}

/// Makes a certificate of the zone `example.com` that is issued; needs a paused clock.
pub(crate) async fn issued(sandbox: &Sandbox, domain: &str) -> String {
    let arn = request(sandbox, domain).await;
    validate(sandbox, &zone(sandbox).await, &arn).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(describe(sandbox, &arn).await["Status"], "ISSUED");
    arn
}

#[tokio::test(start_paused = true)]
async fn the_record_appears_later_and_is_needed() {
    let sandbox = sandbox();
    let arn = request(&sandbox, "API.example.com").await;
    let shown = describe(&sandbox, &arn).await;
    assert_eq!(shown["DomainName"], "api.example.com");
    assert!(shown["DomainValidationOptions"][0].get("ResourceRecord").is_none());
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(describe(&sandbox, &arn).await["Status"], "PENDING_VALIDATION");
    validate(&sandbox, &zone(&sandbox).await, &arn).await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    let shown = describe(&sandbox, &arn).await;
    assert_eq!(shown["Status"], "ISSUED");
    assert_eq!(shown["DomainValidationOptions"][0]["ValidationStatus"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_shares_the_record_of_its_apex() {
    let sandbox = sandbox();
    let input = json!({"DomainName": "a.example.com", "ValidationMethod": "DNS",
        "SubjectAlternativeNames": ["*.a.example.com"]});
    let arn = acm(&sandbox, "RequestCertificate", input).await.ok()["CertificateArn"].take();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let options = describe(&sandbox, arn.as_str().unwrap()).await["DomainValidationOptions"].take();
    assert_eq!(options.as_array().unwrap().len(), 2);
    assert_eq!(options[0]["ResourceRecord"], options[1]["ResourceRecord"]);
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_is_not_delegated_does_not_count() {
    let sandbox = sandbox();
    let body = "<CreateHostedZoneRequest><Name>sub.example.com</Name>\
                <CallerReference>r</CallerReference></CreateHostedZoneRequest>";
    let made = rest(&sandbox, "POST", "/2013-04-01/hostedzone", body).await;
    let sub = made_id(&made);
    let arn = request(&sandbox, "a.sub.example.com").await;
    validate(&sandbox, &sub, &arn).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(describe(&sandbox, &arn).await["Status"], "PENDING_VALIDATION");
    let server = &made.elements("NameServer")[0];
    let above = zone(&sandbox).await;
    change(&sandbox, &above, &[record("CREATE", "sub.example.com", "NS", server)]).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(describe(&sandbox, &arn).await["Status"], "ISSUED");
}

#[tokio::test(start_paused = true)]
async fn validation_ends_when_it_cannot_succeed() {
    let sandbox = sandbox();
    let late = request(&sandbox, "late.example.com").await;
    let forbidden = request(&sandbox, "no.example.com").await;
    let zone = zone(&sandbox).await;
    let caa = record("CREATE", "no.example.com", "CAA", "0 issue &quot;letsencrypt.org&quot;");
    assert_eq!(change(&sandbox, &zone, &[caa]).await.status, 200);
    validate(&sandbox, &zone, &forbidden).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let shown = describe(&sandbox, &forbidden).await;
    assert_eq!(
        (&shown["Status"], &shown["FailureReason"]),
        (&json!("FAILED"), &json!("CAA_ERROR"))
    );
    tokio::time::sleep(Duration::from_hours(73)).await;
    assert_eq!(describe(&sandbox, &late).await["Status"], "VALIDATION_TIMED_OUT");
}

#[tokio::test(start_paused = true)]
async fn a_token_stands_for_one_certificate_for_an_hour() {
    let sandbox = sandbox();
    let ask = |domain: &str| {
        let input = json!({"DomainName": domain, "ValidationMethod": "DNS",
            "IdempotencyToken": "t1"});
        let sandbox = sandbox.clone();
        async move { acm(&sandbox, "RequestCertificate", input).await.ok()["CertificateArn"].take() }
    };
    let first = ask("a.example.com").await;
    assert_eq!(ask("a.example.com").await, first);
    assert_ne!(ask("b.example.com").await, first);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_ne!(ask("a.example.com").await, first);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let sandbox = sandbox();
    let names: Vec<String> = (0..10).map(|at| format!("{at}.example.com")).collect();
    let none = "arn:aws:acm:eu-west-1:111122223333:certificate/none";
    let dns = |mut input: Value| {
        input["ValidationMethod"] = json!("DNS");
        input
    };
    let long = format!("{}.{}.example.com", "a".repeat(30), "b".repeat(30));
    let cases = [
        ("RequestCertificate", dns(json!({})), "ValidationException"),
        ("RequestCertificate", dns(json!({"DomainName": "nodots"})), "ValidationException"),
        (
            "RequestCertificate",
            dns(json!({"DomainName": "a.*.example.com"})),
            "ValidationException",
        ),
        (
            "RequestCertificate",
            dns(json!({"DomainName": long})),
            "InvalidDomainValidationOptionsException",
        ),
        (
            "RequestCertificate",
            dns(json!({"DomainName": "x.example.com", "SubjectAlternativeNames": names})),
            "LimitExceededException",
        ),
        (
            "RequestCertificate",
            dns(json!({"DomainName": "x.example.com", "IdempotencyToken": "a-b"})),
            "ValidationException",
        ),
        ("DescribeCertificate", json!({"CertificateArn": none}), "ResourceNotFoundException"),
        ("DescribeCertificate", json!({"CertificateArn": "none"}), "ValidationException"),
        ("DeleteCertificate", json!({"CertificateArn": none}), "ResourceNotFoundException"),
        ("ListTagsForCertificate", json!({"CertificateArn": none}), "ResourceNotFoundException"),
        ("ListCertificates", json!({"CertificateStatuses": ["NEW"]}), "ValidationException"),
    ];
    for (operation, input, code) in cases {
        let answer = acm(&sandbox, operation, input.clone()).await;
        assert_eq!(answer.code(), code, "{operation} {input}");
    }
}

#[tokio::test]
async fn lists_leave_out_other_keys_unless_asked() {
    let sandbox = sandbox();
    let arn = request(&sandbox, "a.example.com").await;
    let input = json!({"DomainName": "b.example.com", "ValidationMethod": "DNS",
        "KeyAlgorithm": "EC_prime256v1"});
    acm(&sandbox, "RequestCertificate", input).await.ok();
    let list = acm(&sandbox, "ListCertificates", json!({})).await.ok();
    assert_eq!(list["CertificateSummaryList"].as_array().unwrap().len(), 1);
    assert_eq!(list["CertificateSummaryList"][0]["CertificateArn"], *arn);
    let input = json!({"Includes": {"keyTypes": ["EC_prime256v1"]}});
    let list = acm(&sandbox, "ListCertificates", input).await.ok();
    assert_eq!(list["CertificateSummaryList"][0]["DomainName"], "b.example.com");
    let tags = json!({"CertificateArn": arn, "Tags": [{"Key": "k", "Value": "v"}]});
    acm(&sandbox, "AddTagsToCertificate", tags.clone()).await.ok();
    let of = json!({"CertificateArn": arn});
    let shown = acm(&sandbox, "ListTagsForCertificate", of.clone()).await.ok();
    assert_eq!(shown["Tags"], tags["Tags"]);
    acm(&sandbox, "RemoveTagsFromCertificate", tags).await.ok();
    assert_eq!(acm(&sandbox, "ListTagsForCertificate", of).await.ok()["Tags"], json!([]));
}
