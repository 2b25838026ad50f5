//! Codes of findings.

use super::level::Level;
use super::word::words;

words! { "finding":
    /// What a finding is about. Each code that can be raised has a page: `cargo covenant explain CODE`.
    pub enum Code {
        /// A component is not open source, and reaches a product.
        NotOpenSource = "not-open-source",
        /// A component has no licence.
        Unlicensed = "unlicensed",
        /// Nothing is known of a licence.
        UnknownTerms = "unknown-terms",
        /// A term the policy denies reaches a product.
        DeniedTerm = "denied-term",
        /// A licence the policy denies, or does not allow.
        DeniedLicense = "denied-license",
        /// A model was trained on outputs that may not be used so.
        OutputTraining = "output-training",
        /// A relation or a known fact breaks a term.
        TermBreached = "term-breached",
        /// The organisation is larger than a licence allows.
        ScaleExceeded = "scale-exceeded",
        /// A product is offered where a licence is not granted.
        TerritoryExcluded = "territory-excluded",
        /// A product is used in a field that a licence bars.
        ProhibitedField = "prohibited-field",
        /// A model is less open than the policy demands.
        InsufficientOpenness = "insufficient-openness",
        /// Two components' obligations cannot both be met.
        ObligationConflict = "obligation-conflict",
        /// A clarified licence text has changed.
        StaleClarification = "stale-clarification",
        /// A declared file is not there.
        ArtifactMissing = "artifact-missing",
        /// A declared file is another than declared.
        ArtifactChanged = "artifact-changed",
        /// A table in a manifest cannot be read.
        InvalidMetadata = "invalid-metadata",
        /// An exception has expired.
        ExpiredException = "expired-exception",
        /// A model that nobody declared.
        UndeclaredModel = "undeclared-model",
        /// The terms of a component changed.
        LicenseChanged = "license-changed",
        /// A text says something else than the licence's name.
        LicenseMismatch = "license-mismatch",
        /// A derived model's licence lacks what its parent passes on.
        LineageDrift = "lineage-drift",
        /// A claim of openness over something that is not open.
        OpenWashing = "open-washing",
        /// The work's own licence gives less than arrives.
        OutboundConflict = "outbound-conflict",
        /// An exception matches nothing.
        UnusedException = "unused-exception",
        /// An obligation without evidence.
        UnmetObligation = "unmet-obligation",
    }
}

impl Code {
    /// The level where no policy says otherwise.
    pub fn default_level(self) -> Level {
        match self {
            Self::NotOpenSource
            | Self::Unlicensed
            | Self::UnknownTerms
            | Self::DeniedTerm
            | Self::DeniedLicense
            | Self::OutputTraining
            | Self::TermBreached
            | Self::ScaleExceeded
            | Self::TerritoryExcluded
            | Self::ProhibitedField
            | Self::InsufficientOpenness
            | Self::ObligationConflict
            | Self::StaleClarification
            | Self::ArtifactMissing
            | Self::ArtifactChanged
            | Self::InvalidMetadata
            | Self::ExpiredException
            | Self::UndeclaredModel => Level::Deny,
            Self::LicenseChanged
            | Self::LicenseMismatch
            | Self::LineageDrift
            | Self::OpenWashing
            | Self::OutboundConflict
            | Self::UnusedException => Level::Warn,
            Self::UnmetObligation => Level::Allow,
        }
    }

    /// Whether this version raises it. The others are known, so that a policy may already set their level.
    pub fn is_raised(self) -> bool {
        !matches!(
            self,
            Self::ObligationConflict
                | Self::UndeclaredModel
                | Self::LicenseChanged
                | Self::LicenseMismatch
                | Self::LineageDrift
                | Self::OpenWashing
                | Self::OutboundConflict
                | Self::UnmetObligation
        )
    }
}
