//! Levels of findings.

use super::word::words;

words! { "level":
    /// How much a finding weighs: [`Level::Deny`] fails the gate. Ordered: allow < warn < deny.
    pub enum Level {
        /// Recorded, and shown on demand.
        Allow = "allow",
        /// Shown; the gate still passes.
        Warn = "warn",
        /// Shown; the gate fails.
        Deny = "deny",
    }
}
