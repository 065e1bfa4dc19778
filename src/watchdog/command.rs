//! The function's command: `fprocess` split on single spaces, no quoting.

use super::config::Options;
use super::gofmt;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The program's own name: as a command's first word it means this very binary.
const SELF: &str = "faasim";

/// A command that cannot be started, in Go's words.
pub(super) type Refused = String;

/// A command ready to be given its streams.
pub(super) struct Prepared {
    pub(super) command: Command,
    program: String,
}

impl Prepared {
    /// Starts it.
    ///
    /// # Errors
    /// `fork/exec /nonexistent: no such file or directory` and the like.
    pub(super) fn spawn(mut self) -> Result<tokio::process::Child, Refused> {
        // The command also holds our copies of the child's pipe ends; it is dropped here, so that readers see the end.
        self.command.spawn().map_err(|e| format!("fork/exec {}: {}", self.program, gofmt::refusal(&e)))
    }
}

/// Finds the program and hides faasim's variables from it.
///
/// It gets a process group of its own, so that it can be killed with its children. Nothing else is set: that
/// keeps std on `posix_spawn`, which is several times faster than a fork.
///
/// # Errors
/// When the program is not in `PATH`.
pub(super) fn prepare(options: &Options) -> Result<Prepared, Refused> {
    let mut words = options.fprocess.split(' ');
    let first = words.next().unwrap_or_default();
    let mut lead: Vec<&str> = Vec::new();
    let (program, arg0) = match (first, &options.exe) {
        (SELF, Some(exe)) => {
            lead = exe.split(' ').collect();
            let program = lead.remove(0);
            (PathBuf::from(program), program)
        }
        // Works even after the file was replaced by a newer build.
        (SELF, None) => (PathBuf::from("/proc/self/exe"), SELF),
        (name, _) => (find(name)?, name),
    };
    let mut command = Command::new(&program);
    command.arg0(arg0).args(lead).args(words).process_group(0);
    for name in &options.hidden {
        command.env_remove(name);
    }
    Ok(Prepared { command, program: program.display().to_string() })
}

/// Looks a bare name up in `PATH`; a name with a slash is taken as it is.
fn find(name: &str) -> Result<PathBuf, Refused> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| is_executable(file))
        .ok_or_else(|| format!("exec: {name:?}: executable file not found in $PATH"))
}

fn is_executable(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && !file.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(fprocess: &str, exe: Option<&str>) -> Result<Vec<String>, Refused> {
        let mut vars = vec![("fprocess".to_string(), fprocess.to_string())];
        vars.extend(exe.map(|e| ("FAASIM_EXE".to_string(), e.to_string())));
        let prepared = prepare(&Options::from_vars(&vars).unwrap())?;
        let command = prepared.command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Ok(words.map(|w| w.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn words_are_split_on_single_spaces_and_nothing_else() {
        assert_eq!(prepared("/bin/a 'b c'  d", None).unwrap(), ["/bin/a", "'b", "c'", "", "d"]);
    }

    #[test]
    fn faasim_means_this_binary() {
        assert_eq!(prepared("faasim function echo", None).unwrap(), ["/proc/self/exe", "function", "echo"]);
        assert_eq!(
            prepared("faasim function echo", Some("/f/ld.so --library-path /f/lib /f/faasim")).unwrap(),
            ["/f/ld.so", "--library-path", "/f/lib", "/f/faasim", "function", "echo"]
        );
    }

    #[test]
    fn an_unknown_name_is_refused_as_go_does() {
        assert_eq!(
            prepared("no-such-program-here", None).unwrap_err(),
            "exec: \"no-such-program-here\": executable file not found in $PATH"
        );
    }
}
