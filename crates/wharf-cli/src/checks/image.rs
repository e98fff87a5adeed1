//! Images: which one a reference means, and whether it runs on the task's processor.

use wharf_graph::{Address, Facts};
use wharf_plan::Check;
use wharf_spec::Stack;
use wharf_spec::stack::{Architecture, Image};

use super::warning;

pub(super) fn checks(stack: &Stack, facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    for workload in stack.workloads() {
        let address = Address::new("image", workload.name);
        let Some(image) = facts.images.get(workload.name) else { continue };
        if matches!(workload.image, Image::Elsewhere(_)) && image.digest.is_none() {
            checks.push(warning(
                "W201",
                Some(address.clone()),
                format!(
                    "`{}` is used as written: it names no digest, so a new push under the same tag goes unnoticed",
                    image.reference
                ),
            ));
        }
        let wanted = match workload.architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        };
        if !image.architectures.is_empty() && !image.architectures.iter().any(|one| one == wanted) {
            checks.push(warning(
                "W202",
                Some(address),
                format!(
                    "the image is for {}, the task for {wanted}: it will not start; build it with `--platform linux/{wanted}`",
                    image.architectures.join(" and ")
                ),
            ));
        }
    }
    checks
}
