//! OpenFaaS' stack file: which functions a project is made of.

mod read;
mod select;

use crate::cluster::function::FunctionSpec;
use crate::mistake::{Mistake, Mistakes};
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
    /// `build_options`: names of what its template offers.
    pub build_options: Vec<String>,
    /// `skip_build`.
    pub skip_build: bool,
    /// `configuration.copy`: further files of the project that are built in.
    pub copy: Vec<String>,
    /// The folder of its stack file, where `template/` and `build/` are.
    pub project: PathBuf,
}

/// A stack file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// `provider.gateway`, when it is given.
    pub gateway: Option<String>,
    /// The functions, in the order of the file.
    pub functions: Vec<StackFunction>,
    /// What the person should know, though nothing is wrong with it.
    pub notes: Vec<String>,
}

impl Stack {
    /// The files, for people.
    pub fn name(&self) -> String {
        self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

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

/// Reads a stack file into what is deployed of each of its functions.
///
/// # Errors
/// As [`read`].
pub fn specs(path: &Path) -> Result<Vec<FunctionSpec>, Mistakes> {
    read(path).map(|stack| stack.specs())
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

/// Reads several stack files as one.
///
/// # Errors
/// As [`read`], and a function that two of them have.
pub fn read_all(paths: &[PathBuf], variable: Option<Variables<'_>>) -> Result<Stack, Mistakes> {
    let mut all = Stack { paths: Vec::new(), gateway: None, functions: Vec::new(), notes: Vec::new() };
    let mut mistakes = Mistakes::new();
    for path in paths {
        match read_with(path, variable) {
            Ok(stack) => {
                for function in stack.functions {
                    let name = function.spec.full_name();
                    if all.functions.iter().any(|other| other.spec.full_name() == name) {
                        let file = path.display().to_string();
                        let what =
                            format!("function `{}` is in another of the files too", function.spec.name);
                        mistakes.push(Mistake::of(file, what));
                    } else {
                        all.functions.push(function);
                    }
                }
                all.gateway = all.gateway.or(stack.gateway);
                all.notes.extend(stack.notes);
                all.paths.extend(stack.paths);
            }
            Err(wrong) => mistakes.append(wrong),
        }
    }
    mistakes.or(all)
}
