//! Closed sets of words: how they are declared, parsed, listed, and how an unknown one is reported.

use std::fmt;

/// An enum whose values are written as kebab-case words.
pub trait Word: Copy + Sized + 'static {
    /// What one of these words is called in a message, such as `relation`.
    const WHAT: &'static str;
    /// All values, in the order in which they are declared.
    const ALL: &'static [Self];
    /// The word, as it is written in files and reports.
    fn as_str(self) -> &'static str;

    /// The value that is written `word`.
    ///
    /// # Errors
    ///
    /// An [`UnknownWord`] with the nearest known word, where no value is written so.
    fn from_word(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == word)
            .ok_or_else(|| UnknownWord::new(Self::WHAT, word, Self::ALL.iter().map(|value| value.as_str())))
    }
}

/// A word that is not one of the closed set it was looked for in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnknownWord {
    what: String,
    word: String,
    nearest: Option<String>,
    known: Vec<String>,
}

/// How many known words a message lists where none of them is near.
const LISTED: usize = 12;

impl UnknownWord {
    /// `word` is no `what`; the nearest of the `known` ones is kept for the message.
    pub fn new<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let nearest = nearest(word, known.iter().copied()).map(str::to_owned);
        let known = if known.len() > LISTED { Vec::new() } else { known.into_iter().map(str::to_owned).collect() };
        Self { what: what.to_owned(), word: word.to_owned(), nearest, known }
    }

    /// The known word that the unknown one resembles most, if one is near enough to be meant.
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, crate::source::printable(&self.word))?;
        if let Some(nearest) = &self.nearest {
            write!(f, ": did you mean `{nearest}`?")?;
        } else if !self.known.is_empty() {
            let known: Vec<String> = self.known.iter().map(|word| format!("`{word}`")).collect();
            write!(f, ": known are {}", known.join(", "))?;
        }
        Ok(())
    }
}

/// The word among `known` that `word` resembles most, if it is near enough to be what was meant.
///
/// Long input is not compared: nobody mistypes a word by a hundred characters, and strangers choose the input.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 100;
    const ALIKE: f64 = 0.7;
    if word.len() > LONGEST {
        return None;
    }
    let folded = word.to_lowercase().replace('_', "-");
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let score = strsim::jaro_winkler(&folded, &candidate.to_lowercase());
        if score >= ALIKE && best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Declares an enum of words: `words! { "relation": pub enum Relation { /// … StaticLink = "static-link", } }`.
macro_rules! words {
    ($what:literal: $(#[$meta:meta])* pub enum $name:ident { $($(#[$value_meta:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$value_meta])* $value,)+ }

        impl $crate::vocabulary::word::Word for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$value,)+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::vocabulary::word::Word::as_str(*self))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::word::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                $crate::vocabulary::word::Word::from_word(word)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::vocabulary::word::Word::as_str(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                $crate::vocabulary::word::Word::from_word(&word).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::vocabulary::Relation;

    #[test]
    fn an_unknown_word_names_its_neighbour() {
        let error = "static-lnk".parse::<Relation>().unwrap_err();
        assert_eq!(error.to_string(), "unknown relation `static-lnk`: did you mean `static-link`?");
        let error = "zzz".parse::<Relation>().unwrap_err();
        assert_eq!(error.to_string(), "unknown relation `zzz`");
    }

    #[test]
    fn a_hostile_word_stays_on_its_line() {
        let error = "a\n::error::b".parse::<Relation>().unwrap_err();
        assert_eq!(error.to_string(), "unknown relation `a\\u{a}::error::b`");
    }
}
