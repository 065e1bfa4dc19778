//! `env`: shows the environment a function is given, the request's `Http_*` variables included.

use super::FunctionError;
use super::call::Call;

pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    // Variables need not be text: show what is not with replacement characters, do not fail.
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (name, value) in variables {
        writeln!(call.output, "{}={}", name.to_string_lossy(), value.to_string_lossy())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    #[test]
    fn one_sorted_line_per_variable() {
        let text = reply(run, b"", &[]).unwrap();
        assert!(text.lines().any(|line| line.starts_with("PATH=")), "{text}");
    }
}
