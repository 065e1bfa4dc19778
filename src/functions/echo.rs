//! `echo`: replies with the body, byte for byte.

use super::FunctionError;
use super::call::Call;

pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    call.output.write_all(call.body)?;
    Ok(())
}
