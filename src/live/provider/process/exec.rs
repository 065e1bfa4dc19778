//! Runs a command beside a pod's watchdog: with its environment, in its folder.

use super::passport::Passport;
use crate::live::provider::{ExecOutput, ProviderError};
use crate::watchdog::hold;
use procfs::process::Process;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// What a command prints beyond this is cut off.
const LONGEST_OUTPUT: u64 = 16 << 20;
/// How long output may still come after the command has ended: a child of it may hold the pipe for ever.
const LATE_OUTPUT: Duration = Duration::from_millis(200);

pub(super) async fn run(passport: &Passport, command: Vec<String>) -> Result<ExecOutput, ProviderError> {
    let pod = &passport.name;
    let fails = |error: &dyn std::fmt::Display| ProviderError(format!("pod {pod}: {error}"));
    let (program, arguments) =
        command.split_first().ok_or_else(|| fails(&"exec needs a command: `faasim exec POD -- CMD`"))?;
    let process = Process::new(passport.pid).map_err(|e| fails(&e))?;
    let environment = process.environ().map_err(|e| fails(&e))?;
    let folder = process.cwd().map_err(|e| fails(&e))?;

    let (reader, writer) = std::io::pipe().map_err(|e| fails(&e))?;
    let second = writer.try_clone().map_err(|e| fails(&e))?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(folder).env_clear();
    command.envs(environment.into_iter().filter(|(name, _)| {
        let name = name.to_string_lossy();
        !name.starts_with("FAASIM_") || name == hold::POD
    }));
    // One pipe for both streams keeps their order.
    command.stdin(Stdio::null()).stdout(writer).stderr(second).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| fails(&format_args!("`{program}`: {e}")))?;
    drop(command);

    let reader = pipe::Receiver::from_owned_fd(reader.into()).map_err(|e| fails(&e))?;
    let mut output = Vec::new();
    let mut limited = reader.take(LONGEST_OUTPUT);
    let status = {
        let reading = limited.read_to_end(&mut output);
        tokio::pin!(reading);
        tokio::select! {
            _ = &mut reading => child.wait().await,
            status = child.wait() => {
                let _ = tokio::time::timeout(LATE_OUTPUT, reading).await;
                status
            }
        }
    };
    let status = status.map_err(|e| fails(&e))?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(ExecOutput { output, code })
}
