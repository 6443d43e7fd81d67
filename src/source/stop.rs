//! How is reading ended early? By a flag that every reader looks at.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::input::Damage;
use super::{Gap, GapKind};

/// Ends the reading of all evidence once it is set: what lies behind is a gap of each source.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the reading.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the reading is to end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The gap of a source that was not begun.
    pub(crate) fn gap(source: &str) -> Gap {
        Self::damage("the run was stopped before it came to this; it was not read").at(source)
    }

    /// What a reader says when it is stopped.
    pub(super) fn check(&self) -> Result<(), Damage> {
        let damage = || Self::damage("the run was stopped; the rest was not read");
        if self.is_set() { Err(damage()) } else { Ok(()) }
    }

    fn damage(detail: &str) -> Damage {
        Damage::new(GapKind::Stopped, detail)
    }
}

/// It is no setting: what was read with it is the same as without it.
impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}
