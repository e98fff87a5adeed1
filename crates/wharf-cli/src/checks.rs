//! Numbered checks of a spec against the account it is planned for.

use wharf_graph::{Address, Facts};
use wharf_plan::{Check, Level};
use wharf_spec::stack::{Architecture, Image};

use crate::session::Spec;

/// Returns what is worth saying beside the plan; none of it stops an apply.
pub(crate) fn against_account(spec: &Spec, facts: &Facts) -> Vec<Check> {
    let mut checks: Vec<Check> = spec.warnings.iter().map(from_spec).collect();
    for service in spec.stack.services.values() {
        let address = Address::new("image", &service.name);
        let Some(image) = facts.images.get(&service.name) else { continue };
        if matches!(service.image, Image::Elsewhere(_)) && image.digest.is_none() {
            checks.push(Check {
                code: "W201".to_owned(),
                level: Level::Warning,
                message: format!(
                    "`{}` is used as written: it names no digest, so a new push under the same tag goes unnoticed",
                    image.reference
                ),
                address: Some(address.clone()),
            });
        }
        let wanted = match service.architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        };
        if !image.architectures.is_empty() && !image.architectures.iter().any(|one| one == wanted) {
            checks.push(Check {
                code: "W202".to_owned(),
                level: Level::Warning,
                message: format!(
                    "the image is for {}, the task for {wanted}: it will not start; build it with `--platform linux/{wanted}`",
                    image.architectures.join(" and ")
                ),
                address: Some(address),
            });
        }
    }
    checks
}

fn from_spec(problem: &wharf_spec::Problem) -> Check {
    Check {
        code: problem.code.to_owned(),
        level: Level::Warning,
        message: problem.message.clone(),
        address: None,
    }
}
