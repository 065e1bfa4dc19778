//! What a person types: one file per command.

pub mod apply;
pub mod asynchronous;
pub mod autoscale;
pub mod build;
pub mod calibrate;
pub mod check;
pub mod client;
pub mod completions;
pub mod delete;
pub mod deploy;
pub mod describe;
pub mod doctor;
pub mod down;
pub mod edit;
pub mod exec;
pub mod explain;
pub mod failure;
pub mod generate;
pub mod get;
pub mod given;
pub mod invoke;
pub mod learn;
pub mod list;
pub mod load;
pub mod logbook;
pub mod login;
pub mod logins;
pub mod logs;
pub mod manifest;
pub mod namespace;
pub mod new;
pub mod output;
pub mod password;
pub mod ready;
pub mod remove;
pub mod replay;
pub mod report;
pub mod resource;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod screen;
pub mod secret;
pub mod signals;
pub mod stack;
pub mod store;
pub mod template;
pub mod templates;
pub mod top;
pub mod tui;
pub mod up;
pub mod version;
pub mod watch;

mod misuse;
mod yaml;

use crate::live::settings::default_state_dir;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use client::Client;
use failure::{Failure, Outcome};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "faasim",
    version,
    about,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "First steps:\n  faasim up                                    # in one terminal: a cluster with sample functions\n  \
                  curl -d 50 http://127.0.0.1:8080/function/mltest   # in another\n  faasim autoscale mltest --cpu-percent 20 --min 2 --max 6\n  \
                  faasim load mltest --users 4 --duration 30s --body 50\n  faasim explain mltest\n\n\
                  `faasim COMMAND --help` has examples, `faasim doctor` says what is wrong, docs/tutorial.md takes 15 minutes."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command may be told: which cluster, and where in it.
#[derive(clap::Args, Clone, Debug)]
pub struct Global {
    /// The cluster's gateway [default: the one of the state folder, or http://127.0.0.1:8080]
    #[arg(long, short, global = true, env = "OPENFAAS_URL", value_name = "URL", help_heading = "Cluster")]
    pub gateway: Option<String>,
    /// The state folder [default: ~/.local/state/faasim]
    #[arg(long, global = true, env = "FAASIM_STATE", value_name = "DIR", help_heading = "Cluster")]
    pub state: Option<PathBuf>,
    /// The namespace [default: openfaas-fn]
    #[arg(long, short, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub namespace: Option<String>,
}

impl Global {
    /// The state folder that was named, or the usual one.
    pub fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(default_state_dir)
    }

    /// The namespace that was named, or the usual one.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("openfaas-fn")
    }
}

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Down(down::Args),
    Tui(tui::Args),
    New(new::Args),
    Template(template::Args),
    Build(build::Args),
    Store(store::Args),
    Deploy(deploy::Args),
    List(list::Args),
    Describe(describe::Args),
    Invoke(invoke::Args),
    Async(asynchronous::Args),
    Generate(generate::Args),
    Login(login::Args),
    Logout(login::LogoutArgs),
    Logs(logs::Args),
    Ready(ready::Args),
    Remove(remove::Args),
    Namespace(namespace::Args),
    Secret(secret::Args),
    Get(get::Args),
    Top(top::Args),
    Scale(scale::Args),
    Autoscale(autoscale::Args),
    Apply(apply::Args),
    Edit(edit::Args),
    Delete(delete::Args),
    Exec(exec::Args),
    Rollout(rollout::Args),
    Explain(explain::Args),
    Load(load::Args),
    Run(run::Args),
    Report(report::Args),
    Calibrate(calibrate::Args),
    Check(check::Args),
    Learn(learn::Args),
    Doctor(doctor::Args),
    Replay(replay::Args),
    Password(password::Args),
    Completions(completions::Args),
    Man(completions::ManArgs),
    Version(version::Args),
}

/// Reads the command line, does it, and says how it went: 0 done, 1 it failed, 2 used wrongly.
pub fn main() -> ExitCode {
    let read = command_line().try_get_matches().and_then(|mut read| Cli::from_arg_matches_mut(&mut read));
    let done = match read {
        Ok(Cli { global, command }) => run(command, &global),
        Err(error) => misuse::failure(&error, std::env::args().skip(1)),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    if !matches!(failure, Failure::Said(_)) {
        // Where nobody can read it any more, nothing is said.
        let _ = writeln!(std::io::stderr(), "faasim: {failure}");
    }
    failure.exit_code()
}

fn run(command: Command, global: &Global) -> Outcome {
    match command {
        Command::Up(args) => up::run(args, global),
        Command::Down(args) => down::run(args, global),
        Command::Tui(args) => tui::run(args, global),
        Command::New(args) => new::run(args),
        Command::Template(args) => template::run(args),
        Command::Build(args) => build::run(args, global),
        Command::Store(args) => store::run(args, global),
        Command::Deploy(args) => deploy::run(args, global),
        Command::List(args) => list::run(args, global),
        Command::Describe(args) => describe::run(args, global),
        Command::Invoke(args) => invoke::run(args, global),
        Command::Async(args) => asynchronous::run(args, global),
        Command::Generate(args) => generate::run(args, global),
        Command::Login(args) => login::run(args, global),
        Command::Logout(_) => login::logout(global),
        Command::Logs(args) => logs::run(args, global),
        Command::Ready(args) => ready::run(args, global),
        Command::Remove(args) => remove::run(args, global),
        Command::Secret(args) => secret::run(args, global),
        Command::Namespace(args) => namespace::run(args, global),
        Command::Get(args) => get::run(args, global),
        Command::Top(args) => top::run(args, global),
        Command::Scale(args) => scale::run(args, global),
        Command::Autoscale(args) => autoscale::run(args, global),
        Command::Apply(args) => apply::run(args, global),
        Command::Edit(args) => edit::run(args, global),
        Command::Delete(args) => delete::run(args, global),
        Command::Exec(args) => exec::run(args, global),
        Command::Rollout(args) => rollout::run(args, global),
        Command::Explain(args) => explain::run(args, global),
        Command::Load(args) => load::run(args, global),
        Command::Run(args) => run::run(args),
        Command::Report(args) => report::run(args),
        Command::Calibrate(args) => calibrate::run(args, global),
        Command::Check(args) => check::run(args, global),
        Command::Learn(args) => learn::run(args, global),
        Command::Doctor(args) => doctor::run(args, global),
        Command::Replay(args) => replay::run(args),
        Command::Password(args) => password::run(args, global),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => completions::man(args),
        Command::Version(args) => version::run(args, global),
    }
}

/// The whole command line, for completions and manual pages.
pub fn command_line() -> clap::Command {
    misuse::with_negative_values(Cli::command())
}

/// Runs what needs a cluster, on a runtime of one thread.
///
/// # Errors
/// What it says, or that there is no such gateway.
pub fn with_client<F>(global: &Global, ask: impl FnOnce(Client) -> F) -> Outcome
where
    F: Future<Output = Outcome>,
{
    let client = Client::new(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
    runtime.block_on(ask(client))
}
