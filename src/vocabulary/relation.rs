//! Relations: how the upper component uses the lower one.

use super::word::words;

words! { "relation":
    /// How the upper component of an edge uses the lower one.
    pub enum Relation {
        /// A normal dependency compiled for the target; vendored native code.
        StaticLink = "static-link",
        /// A `dylib`, or a system library.
        DynamicLink = "dynamic-link",
        /// A proc-macro, or a code generator called by a build script: its output is compiled in.
        MacroExpansion = "macro-expansion",
        /// Runs while the product is built.
        BuildTool = "build-tool",
        /// A dev-dependency, and what only it reaches.
        Dev = "dev",
        /// An artefact inside the binary.
        Embedded = "embedded",
        /// An artefact or program shipped beside the binary.
        Bundled = "bundled",
        /// Fetched by the product when it runs.
        Downloaded = "downloaded",
        /// Called over a network.
        Hosted = "hosted",
        /// Made from the lower one: fine-tuned, quantized, merged, pruned, converted.
        Derived = "derived",
        /// An adapter kept apart that needs its base.
        AdapterOf = "adapter-of",
        /// A model trained on outputs or activations of the lower model.
        Distilled = "distilled",
        /// Data made by a model or a service.
        OutputOf = "output-of",
        /// A model, and data it was trained on.
        TrainedOn = "trained-on",
        /// A model, and data it was evaluated on; nothing crosses.
        EvaluatedOn = "evaluated-on",
    }
}

impl Relation {
    /// Whether this is one of the six relations between models and data that tell where an artefact comes from.
    pub fn is_lineage(self) -> bool {
        match self {
            Self::Derived
            | Self::AdapterOf
            | Self::Distilled
            | Self::OutputOf
            | Self::TrainedOn
            | Self::EvaluatedOn => true,
            Self::StaticLink
            | Self::DynamicLink
            | Self::MacroExpansion
            | Self::BuildTool
            | Self::Dev
            | Self::Embedded
            | Self::Bundled
            | Self::Downloaded
            | Self::Hosted => false,
        }
    }

    /// Whether the lower component is handed over with the upper one (a dynamic library only where it ships).
    pub fn delivers(self, ships: bool) -> bool {
        match self {
            Self::StaticLink | Self::MacroExpansion | Self::Embedded | Self::Bundled => true,
            Self::DynamicLink => ships,
            Self::BuildTool
            | Self::Dev
            | Self::Downloaded
            | Self::Hosted
            | Self::Derived
            | Self::AdapterOf
            | Self::Distilled
            | Self::OutputOf
            | Self::TrainedOn
            | Self::EvaluatedOn => false,
        }
    }
}

words! { "way of deriving":
    /// What was done to the lower artefact, where the word says so much that the crossing table asks for it.
    pub enum How {
        /// Trained further, all weights or some.
        FineTuned = "fine-tuned",
        /// Trained further by low-rank matrices.
        Lora = "lora",
        /// Stored with fewer bits.
        Quantized = "quantized",
        /// Put together from several models.
        Merged = "merged",
        /// Parts removed.
        Pruned = "pruned",
        /// Another file format, same weights.
        Converted = "converted",
        /// A student trained on what the lower model puts out.
        Outputs = "outputs",
        /// A student trained on what goes on inside the lower model.
        Activations = "activations",
    }
}
