//! `faasim completions` and `faasim man`: what shells and `man` want to know.

use super::command_line;
use super::failure::{Failure, Outcome};

/// Print a shell's completions
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  faasim completions bash > ~/.local/share/bash-completion/completions/faasim"
)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: clap_complete::Shell,
}

/// Prints them.
///
/// # Errors
/// None.
pub fn run(args: Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line(), "faasim", &mut script);
    super::output::print(&String::from_utf8_lossy(&script))
}

/// Print the manual page, of faasim or of one command
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim man | man -l -\n  faasim man autoscale | man -l -")]
pub struct ManArgs {
    /// A command
    command: Option<String>,
}

/// Prints the page.
///
/// # Errors
/// There is no such command.
pub fn man(args: ManArgs) -> Outcome {
    let all = command_line();
    let page = match &args.command {
        None => all,
        Some(name) => {
            let found = all.get_subcommands().find(|c| c.get_name() == name).cloned();
            let found = found.ok_or_else(|| {
                Failure::used(format_args!("there is no command `{name}`: see `faasim --help`"))
            })?;
            // What its page is called, and what is typed.
            found.display_name(format!("faasim-{name}")).bin_name(format!("faasim {name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(Failure::failed)?;
    super::output::print(&String::from_utf8_lossy(&text))
}
