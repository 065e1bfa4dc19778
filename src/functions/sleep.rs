//! `sleep`: waits without using CPU.

use std::time::Duration;

use super::FunctionError;
use super::call::{Call, excerpt};
use super::duration;

/// How long it sleeps when neither the body nor `sleep_duration` says.
const DEFAULT: Duration = Duration::from_secs(1);

/// The body is how long (seconds, or `300ms`); an empty body leaves it to the variable `sleep_duration`.
pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    let text = call.text()?;
    let time = if text.is_empty() {
        call.duration_variable("sleep_duration")?.unwrap_or(DEFAULT)
    } else {
        duration::parse(text).ok_or_else(|| {
            FunctionError::Bad(format!(
                "the body is `{}`: sleep wants seconds (3, 0.5) or a duration (300ms, 1m30s), at most a day",
                excerpt(text)
            ))
        })?
    };
    nap(call, time)
}

/// Sleeps, with a line before and one after. The first is flushed, so that it is seen even if the function is
/// killed in its sleep.
pub(super) fn nap(call: &mut Call<'_>, time: Duration) -> Result<(), FunctionError> {
    writeln!(call.output, "Starting to sleep for {}", time.as_secs_f64())?;
    call.output.flush()?;
    std::thread::sleep(time);
    writeln!(call.output, "Finished the sleep")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    #[test]
    fn the_body_goes_before_the_variable() {
        let environment = [("sleep_duration", "2ms")];
        assert_eq!(
            reply(run, b"1ms\n", &environment).unwrap(),
            "Starting to sleep for 0.001\nFinished the sleep\n"
        );
        assert_eq!(
            reply(run, b"", &environment).unwrap(),
            "Starting to sleep for 0.002\nFinished the sleep\n"
        );
    }

    #[test]
    fn what_is_no_duration_is_said() {
        let error = reply(run, b"until Monday", &[]).unwrap_err().to_string();
        assert!(error.contains("`until Monday`: sleep wants seconds"), "{error}");
        let error = reply(run, b"", &[("sleep_duration", "x")]).unwrap_err().to_string();
        assert!(error.contains("the variable sleep_duration is `x`"), "{error}");
    }
}
