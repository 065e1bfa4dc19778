//! A function described by flags, and flags that add to the functions of a stack file.

use super::openfaas;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::given::pair;
use crate::cluster::function::{FunctionSpec, HANDLER_ANNOTATION};
use crate::cluster::quantity::{Bytes, MilliCpu};
use std::path::PathBuf;

/// What a function is, in faas-cli's flags.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Function")]
pub(super) struct Flags {
    /// The image of the one function to deploy
    #[arg(long, value_name = "IMAGE", requires = "name")]
    image: Option<String>,
    /// The name of the one function to deploy
    #[arg(long, value_name = "NAME", requires = "image")]
    name: Option<String>,
    /// The folder it runs in
    #[arg(long, value_name = "DIR", requires = "image")]
    handler: Option<PathBuf>,
    /// The command that its watchdog runs
    #[arg(long, value_name = "COMMAND")]
    fprocess: Option<String>,
    /// An environment variable; may be given again
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// A label, such as com.openfaas.scale.max=6; may be given again
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
    /// An annotation; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,
    /// A secret that its pods may read; may be given again
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// A constraint on where it runs; may be given again
    #[arg(long, value_name = "TEXT")]
    constraint: Vec<String>,
    /// Its pods' own file system cannot be written
    #[arg(long)]
    readonly: bool,
    /// CPU that a pod may use at most, such as 500m
    #[arg(long, value_name = "CPU")]
    cpu_limit: Option<MilliCpu>,
    /// CPU that a pod asks for: the base of an HPA's percentages
    #[arg(long, value_name = "CPU")]
    cpu_request: Option<MilliCpu>,
    /// Memory that a pod may use at most, such as 128Mi
    #[arg(long, value_name = "BYTES")]
    memory_limit: Option<Bytes>,
    /// Memory that a pod asks for
    #[arg(long, value_name = "BYTES")]
    memory_request: Option<Bytes>,
}

impl Flags {
    /// The one function that `--image` and `--name` describe, if they are given.
    pub(super) fn one(&self, global: &Global) -> Result<Option<FunctionSpec>, Failure> {
        let (Some(image), Some(name)) = (&self.image, &self.name) else { return Ok(None) };
        let name = openfaas::name(name, global)?;
        let mut spec = FunctionSpec::new(&name.name, image);
        spec.namespace = name.namespace;
        if let Some(handler) = &self.handler {
            let folder = std::path::absolute(handler).unwrap_or_else(|_| handler.clone());
            if !folder.is_dir() {
                return Err(Failure::used(format_args!(
                    "--handler: there is no folder `{}`",
                    folder.display()
                )));
            }
            spec.annotations.insert(HANDLER_ANNOTATION.into(), folder.display().to_string());
        }
        Ok(Some(spec))
    }

    /// Adds to a function what the flags say; where both say something, the flags win.
    pub(super) fn add_to(&self, spec: &mut FunctionSpec) {
        if let Some(process) = &self.fprocess {
            spec.env_process = Some(process.clone());
        }
        spec.env_vars.extend(self.env.iter().cloned());
        spec.labels.extend(self.label.iter().cloned());
        spec.annotations.extend(self.annotation.iter().cloned());
        for (list, more) in [(&mut spec.secrets, &self.secret), (&mut spec.constraints, &self.constraint)] {
            let new: Vec<String> = more.iter().filter(|name| !list.contains(name)).cloned().collect();
            list.extend(new);
        }
        spec.read_only_root_filesystem |= self.readonly;
        spec.limits.cpu = self.cpu_limit.or(spec.limits.cpu);
        spec.limits.memory = self.memory_limit.or(spec.limits.memory);
        spec.requests.cpu = self.cpu_request.or(spec.requests.cpu);
        spec.requests.memory = self.memory_request.or(spec.requests.memory);
    }
}
