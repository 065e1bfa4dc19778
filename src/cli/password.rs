//! `faasim password`: the credentials of this cluster.

use super::Global;
use super::failure::{Failure, Outcome};
use std::io::ErrorKind;

/// Print the password of the cluster's user `admin`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim password\n  faasim password | faas-cli login --username admin --password-stdin\n  curl -u admin:$(faasim password) http://127.0.0.1:8080/system/functions"
)]
pub struct Args {}

/// Prints it.
///
/// # Errors
/// There is no cluster in the state folder, or its password cannot be read.
pub fn run(_: Args, global: &Global) -> Outcome {
    let file = global.state().join("password");
    let text = std::fs::read_to_string(&file).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::failed(format_args!(
            "there is no cluster in {}: start one with `faasim up`, or name its state folder with `--state`",
            global.state().display()
        )),
        _ => Failure::failed(format_args!("cannot read {}: {e}", file.display())),
    })?;
    println!("{}", text.trim());
    Ok(())
}
