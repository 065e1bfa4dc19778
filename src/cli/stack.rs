//! OpenFaaS' stack file: which functions a project is made of.

mod read;
mod select;

use crate::cluster::function::FunctionSpec;
use crate::mistake::Mistakes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use select::{Select, SelectError};

/// Where a stack is looked for in a folder, in this order.
pub const FILES: [&str; 3] = ["stack.yaml", "stack.yml", "functions/stack.yml"];

/// One function of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct StackFunction {
    /// What is deployed.
    pub spec: FunctionSpec,
    /// `lang`.
    pub lang: Option<String>,
    /// `handler`, as an absolute path.
    pub handler: Option<PathBuf>,
    /// `build_args`.
    pub build_args: BTreeMap<String, String>,
    /// `skip_build`.
    pub skip_build: bool,
}

/// A stack file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The file.
    pub path: PathBuf,
    /// `provider.gateway`, when it is given.
    pub gateway: Option<String>,
    /// The functions, in the order of the file.
    pub functions: Vec<StackFunction>,
    /// What the person should know, though nothing is wrong with it.
    pub notes: Vec<String>,
}

impl Stack {
    /// What is deployed, of every function.
    pub fn specs(&self) -> Vec<FunctionSpec> {
        self.functions.iter().map(|f| f.spec.clone()).collect()
    }
}

/// The stack file of a folder, if it has one.
pub fn find(folder: &Path) -> Option<PathBuf> {
    FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Reads a stack file, with `${VAR}` replaced from this process' environment.
///
/// # Errors
/// Every mistake in it, each with file, line and column.
pub fn read(path: &Path) -> Result<Stack, Mistakes> {
    read_with(path, Some(&|name: &str| std::env::var(name).ok()))
}

/// Looks up a variable of the environment.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a stack file with `${VAR}` replaced by what `variable` says; without one, nothing is replaced
/// (`--envsubst=false`).
///
/// # Errors
/// As [`read`].
pub fn read_with(path: &Path, variable: Option<Variables<'_>>) -> Result<Stack, Mistakes> {
    read::file(path, variable)
}
