//! Kinds of components, and the domains by which their openness is judged.

use super::word::words;

words! { "kind":
    /// What a component is.
    pub enum Kind {
        /// What the workspace builds and hands to somebody: a root of the graph.
        Product = "product",
        /// A crate.
        Package = "package",
        /// A whole program shipped beside the product.
        Program = "program",
        /// C, C++ or system code that a crate vendors or links.
        NativeLibrary = "native-library",
        /// Weights that are used by themselves.
        Model = "model",
        /// Weights that need a base model.
        Adapter = "adapter",
        /// Data a model was trained or evaluated on, or that is shipped.
        Dataset = "dataset",
        /// The vocabulary and rules by which text becomes tokens.
        Tokenizer = "tokenizer",
        /// Other data: fonts, dictionaries, certificates.
        Asset = "asset",
        /// A hosted model or API.
        Service = "service",
    }
}

words! { "kind of component":
    /// The four domains for which a policy names the authorities on openness.
    pub enum Domain {
        /// Products, packages, programs, native libraries.
        Software = "software",
        /// Datasets, tokenizers, assets.
        Data = "data",
        /// Models and adapters.
        Weights = "weights",
        /// Hosted models and APIs: not open unless the policy names them.
        Service = "service",
    }
}

impl Kind {
    /// The domain whose authorities rule on components of this kind.
    pub fn domain(self) -> Domain {
        match self {
            Self::Product | Self::Package | Self::Program | Self::NativeLibrary => Domain::Software,
            Self::Model | Self::Adapter => Domain::Weights,
            Self::Dataset | Self::Tokenizer | Self::Asset => Domain::Data,
            Self::Service => Domain::Service,
        }
    }
}
