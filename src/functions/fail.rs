//! `fail`: fails as asked, to see what the platform makes of it.

use super::FunctionError;
use super::call::{Call, excerpt};

/// The body is an exit code (1 to 255), or a message for standard error (exit code 1); by default the code is 1.
pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    let text = call.text()?;
    let (code, message) = match text.parse::<i64>() {
        Ok(code) => match u8::try_from(code) {
            Ok(code @ 1..) => (code, format!("failed with exit code {code}, as asked")),
            _ => {
                return Err(FunctionError::Bad(format!(
                    "the body is `{}`: fail wants an exit code from 1 to 255, or a message",
                    excerpt(text)
                )));
            }
        },
        Err(_) if text.is_empty() => (1, "failed, as asked".to_owned()),
        Err(_) => (1, text.to_owned()),
    };
    Err(FunctionError::Exit { code, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    #[test]
    fn it_fails_as_asked() {
        for (body, code, message) in [
            ("3", 3, "failed with exit code 3, as asked"),
            ("255\n", 255, "failed with exit code 255, as asked"),
            ("", 1, "failed, as asked"),
            ("out of luck", 1, "out of luck"),
            ("0", 1, "the body is `0`: fail wants an exit code from 1 to 255, or a message"),
            ("256", 1, "the body is `256`: fail wants an exit code from 1 to 255, or a message"),
        ] {
            let error = reply(run, body.as_bytes(), &[]).unwrap_err();
            assert_eq!((error.exit_code(), error.to_string().as_str()), (code, message));
        }
    }
}
