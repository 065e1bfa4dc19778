//! `faasim login` and `logout`: which password goes to which gateway, kept where faas-cli keeps it.

use super::client::Client;
use super::failure::{Failure, Outcome};
use super::logins::{self, Logins};
use super::{Global, with_client};
use std::io::Read;

/// Log in to a gateway, as faas-cli does
///
/// Not needed for a cluster of this machine that `faasim up` started: its password is known.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim login --password-stdin < password.txt\n  faasim login -u admin -p secret -g http://127.0.0.1:9090"
)]
pub struct Args {
    /// Whose password
    #[arg(long, short, default_value = "admin", value_name = "USER")]
    username: String,
    /// The password
    #[arg(long, short, value_name = "TEXT", conflicts_with = "password_stdin")]
    password: Option<String>,
    /// Read the password from standard input
    #[arg(long, short = 's')]
    password_stdin: bool,
}

/// Forget a gateway's password
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim logout -g http://127.0.0.1:9090")]
pub struct LogoutArgs {}

/// Asks the gateway, and keeps the password if it is right.
///
/// # Errors
/// It is wrong, or cannot be kept.
pub fn run(args: Args, global: &Global) -> Outcome {
    let password = match args.password {
        Some(password) => password,
        None if args.password_stdin => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        None => return Err(Failure::used("give the password with --password-stdin, or with --password")),
    };
    if password.is_empty() {
        return Err(Failure::used("the password is empty"));
    }
    let token = logins::token(&args.username, &password);
    let logins = logins()?;
    with_client(global, async |client| {
        if !client.accepts(&token).await? {
            return Err(Failure::failed("unable to login, either username or password is incorrect"));
        }
        logins.remember(client.gateway(), &token).map_err(Failure::failed)?;
        println!("credentials saved for {} {}", args.username, client.gateway());
        Ok(())
    })
}

/// Takes the password out of the file.
///
/// # Errors
/// It was not there, or the file cannot be changed.
pub fn logout(global: &Global) -> Outcome {
    let gateway = Client::new(global)?.gateway().to_owned();
    if !logins()?.forget(&gateway).map_err(Failure::failed)? {
        return Err(Failure::failed(format_args!("there is no login at {gateway}")));
    }
    println!("credentials removed for {gateway}");
    Ok(())
}

fn logins() -> Result<Logins, Failure> {
    Logins::find().ok_or_else(|| Failure::failed("there is no home folder: name one with OPENFAAS_CONFIG"))
}
