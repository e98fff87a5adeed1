//! Certificates and VPCs owned elsewhere: used, never written to.

use serde_json::json;

use crate::world::{World, addresses, same, sample};

const REGION: &str = "ap-southeast-2";

/// Requests a certificate as somebody else would, and returns its ARN.
fn certificate(world: &World, names: &[&str]) -> String {
    let input = json!({
        "DomainName": names[0], "SubjectAlternativeNames": names, "ValidationMethod": "DNS",
    });
    let made = world.aws_json(REGION, "acm", "CertificateManager.RequestCertificate", &input);
    made["CertificateArn"].as_str().unwrap().to_owned()
}

fn status(world: &World, arn: &str, status: &str) {
    world.sandbox().with_world(|inside| {
        let all = &mut inside.region(REGION).acm.certificates;
        status.clone_into(&mut all.get_mut(arn).unwrap().status);
    });
}

fn spec(arn: &str) -> String {
    sample("minimal")
        + &format!(
            "    domain: {{ names: [a.example.com, b.example.com], certificate: \"{arn}\" }}\n"
        )
}

#[track_caller]
fn refused(world: &World, says: &str) {
    let run = world.wharf(&["plan"]).expect(1);
    assert!(run.stderr.contains("error[E210]"), "{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
}

#[test]
fn a_certificate_owned_elsewhere_is_looked_at_and_left_as_it_is() {
    let none = format!("arn:aws:acm:{REGION}:111122223333:certificate/none");
    let world = World::new(&spec(&none));
    refused(&world, "there is no certificate");
    let narrow = certificate(&world, &["a.example.com"]);
    world.write(&spec(&narrow));
    refused(&world, "is PENDING_VALIDATION");
    status(&world, &narrow, "ISSUED");
    refused(&world, "is for a.example.com, and not for b.example.com");

    let wide = certificate(&world, &["*.example.com"]);
    status(&world, &wide, "ISSUED");
    world.write(&spec(&wide));
    let before = world.contents();
    world.apply();
    world.converged();
    let plan = world.wharf(&["plan", "--full"]).expect(0).stdout;
    assert!(!plan.contains("certificate_validation"), "{plan}");
    world.destroy();
    // What ACM does with it by itself, such as showing its records, may come at any time.
    let of = |contents: &serde_json::Value| {
        let found = &contents["regions"][REGION]["acm"]["certificates"][&wide];
        assert!(found.is_object(), "the certificate is there");
        json!([found["arn"], found["names"], found["status"], found["tags"]])
    };
    same(&of(&world.contents()), &of(&before));
    assert!(world.wharf(&["explain", "E210"]).expect(0).stdout.contains("browsers"));
}

#[test]
fn a_certificate_that_expired_is_named_before_anything_is_touched() {
    let world = World::new(&spec("arn:aws:acm:ap-southeast-2:111122223333:certificate/none"));
    world.wharf(&["plan"]).expect(1);
    let arn = certificate(&world, &["*.example.com"]);
    status(&world, &arn, "EXPIRED");
    world.write(&spec(&arn));
    refused(&world, "is EXPIRED");
}

#[test]
fn a_vpc_named_by_its_id_is_used_and_left_as_it_is() {
    let world = World::sample("minimal");
    world.plan();
    let vpc = world.sandbox().with_world(|inside| {
        let mut all = inside.region(REGION).ec2.vpcs.values();
        all.find(|vpc| !vpc.is_default).unwrap().id.clone()
    });
    world.write(&(sample("minimal") + &format!("network: {{ vpc: {vpc} }}\n")));
    world.plan();
    let before = world.contents();
    world.apply();
    world.converged();
    let groups = world.contents()["regions"][REGION]["ec2"]["groups"].clone();
    let ours = groups
        .as_object()
        .unwrap()
        .values()
        .filter(|group| group["vpc"] == vpc.as_str() && group["tags"]["wharf:app"] == "notes");
    assert_eq!(ours.count(), 2, "{groups:#}");
    world.destroy();
    same(&world.contents(), &before);
    // Another VPC is another place for everything in it.
    world.write(&sample("minimal"));
    world.apply();
    world.write(&(sample("minimal") + &format!("network: {{ vpc: {vpc} }}\n")));
    let touched = addresses(&world.plan());
    for address in ["target_group.web", "security_group.tasks", "load_balancer.main"] {
        assert!(touched.contains(address), "{address} in {touched:?}");
    }
}
