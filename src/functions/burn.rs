//! `burn`: uses an exact amount of CPU, for load experiments.

use std::time::Duration;

use super::FunctionError;
use super::call::{Call, excerpt};
use super::cpu;

/// The CPU time that one call uses when the body is empty.
pub const DEFAULT: Duration = Duration::from_millis(100);

/// The most that one call may ask for, in milliseconds: ten minutes.
const MAX_MILLISECONDS: u64 = 600_000;

/// The body is CPU time in milliseconds.
pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    let text = call.text()?;
    let time = match text.parse::<u64>() {
        Ok(milliseconds) if milliseconds <= MAX_MILLISECONDS => Duration::from_millis(milliseconds),
        Err(_) if text.is_empty() => DEFAULT,
        _ => {
            return Err(FunctionError::Bad(format!(
                "the body is `{}`: burn wants whole milliseconds of CPU time, 0 to {MAX_MILLISECONDS}",
                excerpt(text)
            )));
        }
    };
    cpu::burn(time);
    writeln!(call.output, "Burned {} ms of CPU", time.as_millis())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    #[test]
    fn it_burns_what_the_body_says() {
        let before = cpu::used();
        assert_eq!(reply(run, b"4", &[]).unwrap(), "Burned 4 ms of CPU\n");
        assert!(cpu::used() - before >= Duration::from_millis(4));
    }

    #[test]
    fn bad_bodies() {
        for body in ["-1", "1.5", "600001", "much"] {
            let error = reply(run, body.as_bytes(), &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{body}`: burn wants")), "{error}");
        }
    }
}
