//! Arguments of `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `import`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArgs {
    /// Name of the app; that of the source, or the directory's, if not given
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) app: Option<String>,
    #[command(subcommand)]
    pub(crate) from: ImportFrom,
}

/// What a spec is made from.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ImportFrom {
    /// A Compose file
    Compose {
        /// The file; `compose.yaml` or `docker-compose.yml` if not given
        path: Option<PathBuf>,
    },
    /// Manifests of AWS Copilot
    Copilot {
        /// The workspace or a manifest; `copilot` if not given
        path: Option<PathBuf>,
    },
    /// A service that runs on ECS, whoever made it
    Service {
        /// Its cluster and its name
        #[arg(value_name = "CLUSTER/SERVICE")]
        name: String,
    },
}
