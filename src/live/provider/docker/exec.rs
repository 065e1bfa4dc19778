//! Runs a command in a container.

use super::super::{ExecOutput, ProviderError};
use super::engine::{Engine, words};
use crate::watchdog::hold;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::StreamExt;

/// What a command prints beyond this is cut off.
const LONGEST_OUTPUT: usize = 16 << 20;

pub(super) async fn run(
    engine: &Engine,
    pod: &str,
    command: Vec<String>,
) -> Result<ExecOutput, ProviderError> {
    let fails = |error: bollard::errors::Error| ProviderError(format!("pod {pod}: {}", words(&error)));
    // What opens the pod is not for those who look around in it.
    let hidden = [hold::TOKEN, hold::LEASE, hold::EXE].map(|name| format!("{name}="));
    let program = command.first().cloned().unwrap_or_default();
    let options = CreateExecOptions {
        cmd: Some(command),
        env: Some(hidden.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let exec = engine.docker.create_exec(pod, options).await.map_err(fails)?;
    let mut printed = Vec::new();
    if let StartExecResults::Attached { mut output, .. } =
        engine.docker.start_exec(&exec.id, None).await.map_err(fails)?
    {
        while let Some(part) = output.next().await {
            let part = part.map_err(fails)?.into_bytes();
            let room = LONGEST_OUTPUT.saturating_sub(printed.len());
            printed.extend_from_slice(&part[..part.len().min(room)]);
        }
    }
    let about = engine.docker.inspect_exec(&exec.id).await.map_err(fails)?;
    let code = about.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(1);
    // The engine's runtime writes this where the program's own output would be.
    if matches!(code, 126 | 127) && String::from_utf8_lossy(&printed).contains("OCI runtime exec failed") {
        return Err(ProviderError(format!(
            "`{program}` is not in the image of pod {pod}: faasim/base has neither a shell nor tools; an image with a base of \
             your own has what that brings, and with `--provider process` there is all that this machine has"
        )));
    }
    Ok(ExecOutput { output: printed, code })
}
