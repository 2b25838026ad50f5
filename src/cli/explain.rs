//! The pages of findings, terms and facts, as `explain` prints them.

use crate::vocabulary::{Code, UnknownWord, Word as _};

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code or id. Where a finding and a term share a name, the finding's page comes first.
pub(super) fn page(word: &str) -> Result<&'static str, String> {
    let pages = || FINDING_PAGES.iter().chain(TERM_PAGES);
    let found = pages().find(|(name, _)| *name == word).map(|(_, text)| *text);
    found.ok_or_else(|| match Code::from_word(word) {
        Ok(code) => format!("`{code}` is a finding that this version does not raise yet: it has no page"),
        Err(_) => UnknownWord::new("code or term", word, pages().map(|(name, _)| *name)).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{FactId, TermId};

    #[test]
    fn every_code_term_and_fact_has_its_page() {
        let codes = Code::ALL.iter().filter(|code| code.is_raised()).map(|code| code.as_str());
        for code in codes {
            assert!(FINDING_PAGES.iter().any(|(name, _)| *name == code), "{code} has no page");
        }
        let terms = TermId::ALL.iter().map(|term| term.as_str());
        for word in terms.chain(FactId::ALL.iter().map(|fact| fact.as_str())) {
            let (_, text) =
                TERM_PAGES.iter().find(|(name, _)| *name == word).unwrap_or_else(|| panic!("{word} has no page"));
            assert!(text.starts_with(&format!("# {word}\n")), "{word}");
        }
    }

    #[test]
    fn no_page_is_about_nothing() {
        for (name, _) in FINDING_PAGES {
            assert!(name.parse::<Code>().is_ok_and(Code::is_raised), "{name}");
        }
        for (name, _) in TERM_PAGES {
            assert!(name.parse::<TermId>().is_ok() || name.parse::<FactId>().is_ok(), "{name}");
        }
    }
}
