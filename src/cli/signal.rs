//! What does an interrupt do? The first ends the reading: what was read until then is reported, and
//! that it is not all. The second ends the program.

use leaksweep::source::Stop;

use super::{ExitCode, Failure};

/// Listens for SIGINT, SIGTERM and SIGHUP (Ctrl-C elsewhere) from now on.
pub(crate) fn listen(stop: Stop) -> Result<(), Failure> {
    let heard = move || {
        if stop.is_set() {
            leave();
        }
        stop.set();
    };
    ctrlc::set_handler(heard).map_err(|error| Failure::new(format!("no signals: {error}")))
}

/// Nothing is half-written: outputs get their names only when they are whole.
#[allow(clippy::exit)]
fn leave() {
    std::process::exit(ExitCode::Interrupted as i32);
}
