//! Licence expressions, as they are really written: SPDX, the older crates.io forms, Hugging Face ids.
//!
//! 1. The words of the expression are told apart from its operators, each with its place.
//! 2. The grammar (`AND`, `OR`, `/`, `WITH`, parentheses, their precedence) is that of the `spdx` crate: it sees each
//!    word as a licence reference of its own, so that a word it does not know is no error of grammar.
//! 3. Each word becomes the licence it names. What no list knows stays in the tree as it was written: it is unknown,
//!    and a choice beside it is still a choice.

use std::fmt;
use std::ops::Range;

use crate::source::printable;

/// Expressions longer than this many bytes are refused: real ones have at most a few hundred.
const LONGEST: usize = 16 * 1024;
/// Parentheses nested deeper than this are refused.
const DEEPEST: usize = 64;

/// A licence expression as a tree. Operators of one kind in a row are one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expression {
    /// One licence, with its exception.
    License(LicenseUse),
    /// All of these bind.
    And(Vec<Expression>),
    /// One of these may be chosen.
    Or(Vec<Expression>),
}

/// One licence in an expression, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LicenseUse {
    /// The word that names the licence.
    pub id: String,
    /// The word after `WITH`.
    pub exception: Option<String>,
}

impl fmt::Display for LicenseUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        match &self.exception {
            Some(exception) => write!(f, " WITH {exception}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, operator) = match self {
            Self::License(license) => return license.fmt(f),
            Self::And(parts) => (parts, " AND "),
            Self::Or(parts) => (parts, " OR "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(operator)?;
            }
            match part {
                Self::License(license) => license.fmt(f)?,
                Self::And(_) | Self::Or(_) => write!(f, "({part})")?,
            }
        }
        Ok(())
    }
}

/// Why a text is no licence expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a licence expression: {reason}", printable(.text))]
pub struct ExpressionError {
    /// The text, as it was written (cut, where it is very long).
    pub text: String,
    /// Byte range in the text of what cannot be read.
    pub range: Range<usize>,
    reason: String,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// An [`ExpressionError`] with the place, where the text follows no known grammar, is empty, or is so long or so
    /// deep that it cannot be meant.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let fail = |range: Range<usize>, reason: String| {
            let text: String = text.chars().take(200).collect();
            let end = range.end.min(text.len());
            ExpressionError { range: range.start.min(end)..end, text, reason }
        };
        if text.len() > LONGEST {
            return Err(fail(0..text.len(), format!("it is longer than {LONGEST} bytes")));
        }
        let words = split(text).map_err(|at| {
            fail(at.clone(), format!("`{}` cannot stand in one", printable(text.get(at).unwrap_or(""))))
        })?;

        let mut skeleton = String::new();
        let mut offsets = Vec::new();
        let mut after_with = false;
        let mut depth = 0_usize;
        for (index, word) in words.iter().enumerate() {
            let lowered = word.text.to_ascii_lowercase();
            offsets.push((skeleton.len(), word.range.clone()));
            match lowered.as_str() {
                "and" | "or" | "with" | "(" | ")" | "/" => {
                    after_with = lowered == "with";
                    depth = match lowered.as_str() {
                        "(" => depth + 1,
                        ")" => depth.saturating_sub(1),
                        _ => depth,
                    };
                    if depth > DEEPEST {
                        let reason = format!("parentheses are nested deeper than {DEEPEST}");
                        return Err(fail(word.range.clone(), reason));
                    }
                    skeleton.push_str(&lowered);
                }
                _ => {
                    let reference = if after_with { "AdditionRef" } else { "LicenseRef" };
                    skeleton.push_str(&format!("{reference}-{index}"));
                    after_with = false;
                }
            }
            skeleton.push(' ');
        }
        let mode = spdx::ParseMode::LAX;
        let parsed = spdx::Expression::parse_mode(skeleton.trim_end(), mode).map_err(|error| {
            let found = offsets.iter().rev().find(|(start, _)| *start <= error.span.start);
            let range = found.map_or(0..text.len(), |(_, range)| range.clone());
            fail(range, reason(&error.reason))
        })?;
        tree(&parsed, &words).ok_or_else(|| fail(0..text.len(), "it ends too early".to_owned()))
    }

    /// All licences of the expression, from left to right.
    pub fn licenses(&self) -> Vec<&LicenseUse> {
        fn collect<'a>(node: &'a Expression, found: &mut Vec<&'a LicenseUse>) {
            match node {
                Expression::License(license) => found.push(license),
                Expression::And(parts) | Expression::Or(parts) => {
                    for part in parts {
                        collect(part, found);
                    }
                }
            }
        }
        let mut found = Vec::new();
        collect(self, &mut found);
        found
    }

    /// Both expressions at once: what either demands binds. Equal parts are taken once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let mut parts = match self {
            Self::And(parts) => parts,
            single => vec![single],
        };
        for part in match other {
            Self::And(parts) => parts,
            single => vec![single],
        } {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        Self::And(parts)
    }
}

struct Token<'a> {
    text: &'a str,
    range: Range<usize>,
}

/// The words, parentheses and slashes of an expression; an error is the place of a character that is neither.
fn split(text: &str) -> Result<Vec<Token<'_>>, Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '+' | ':' | '_' => {
                start.get_or_insert(at);
                continue;
            }
            '(' | ')' | '/' => {
                ranges.extend(start.take().map(|start| start..at));
                ranges.push(at..at + 1);
            }
            _ if character.is_whitespace() => ranges.extend(start.take().map(|start| start..at)),
            _ => return Err(at..at + character.len_utf8()),
        }
    }
    ranges.extend(start.map(|start| start..text.len()));
    let token = |range: Range<usize>| Token { text: text.get(range.clone()).unwrap_or(""), range };
    Ok(ranges.into_iter().map(token).collect())
}

/// Builds the tree from the postfix form of the `spdx` crate.
fn tree(parsed: &spdx::Expression, words: &[Token<'_>]) -> Option<Expression> {
    let word = |reference: &str| -> Option<String> {
        let index: usize = reference.parse().ok()?;
        words.get(index).map(|word| word.text.to_owned())
    };
    let mut stack: Vec<Expression> = Vec::new();
    for node in parsed.iter() {
        match node {
            spdx::expression::ExprNode::Req(requirement) => {
                let spdx::LicenseItem::Other(license) = &requirement.req.license else {
                    return None;
                };
                let exception = match &requirement.req.addition {
                    Some(spdx::AdditionItem::Other(addition)) => Some(word(&addition.add_ref)?),
                    Some(spdx::AdditionItem::Spdx(_)) => return None,
                    None => None,
                };
                let id = word(&license.lic_ref)?;
                stack.push(Expression::License(LicenseUse { id, exception }));
            }
            spdx::expression::ExprNode::Op(operator) => {
                let right = stack.pop()?;
                let left = stack.pop()?;
                stack.push(join(left, right, *operator));
            }
        }
    }
    let whole = stack.pop()?;
    stack.is_empty().then_some(whole)
}

/// One node from two; operands that are the same operator are taken in, in the order written.
fn join(left: Expression, right: Expression, operator: spdx::expression::Operator) -> Expression {
    let flat = |node: Expression| match (node, operator) {
        (Expression::And(parts), spdx::expression::Operator::And)
        | (Expression::Or(parts), spdx::expression::Operator::Or) => parts,
        (node, _) => vec![node],
    };
    let mut parts = flat(left);
    parts.extend(flat(right));
    match operator {
        spdx::expression::Operator::And => Expression::And(parts),
        spdx::expression::Operator::Or => Expression::Or(parts),
    }
}

fn reason(reason: &spdx::error::Reason) -> String {
    match reason {
        spdx::error::Reason::Empty => "it is empty".to_owned(),
        spdx::error::Reason::UnclosedParens => "a parenthesis is not closed".to_owned(),
        spdx::error::Reason::UnopenedParens => "a parenthesis was never opened".to_owned(),
        spdx::error::Reason::Unexpected(_) => {
            "a licence or an operator (`AND`, `OR`, `WITH`) is missing before this".to_owned()
        }
        _ => "this cannot stand here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Expression::parse(text).map_or_else(|error| error.to_string(), |tree| format!("{tree:?}"))
    }

    fn round(text: &str) -> String {
        Expression::parse(text).map_or_else(|error| error.to_string(), |tree| tree.to_string())
    }

    #[test]
    fn what_crates_io_has() {
        assert_eq!(round("MIT/Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(round("MIT / Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(round("GPL-2.0+"), "GPL-2.0+");
        assert_eq!(round("Apache-2.0 WITH LLVM-exception OR MIT"), "Apache-2.0 WITH LLVM-exception OR MIT");
        assert_eq!(round("mit or apache-2.0"), "mit OR apache-2.0");
        assert_eq!(round("LicenseRef-My.Own AND llama3.1"), "LicenseRef-My.Own AND llama3.1");
        assert_eq!(round("bigcode_openrail-m"), "bigcode_openrail-m");
    }

    #[test]
    fn precedence_and_flattening() {
        assert_eq!(round("A OR B AND C OR D"), "A OR (B AND C) OR D");
        assert_eq!(round("(A OR B) AND C"), "(A OR B) AND C");
        assert_eq!(round("((((A))))"), "A");
        assert_eq!(shown("A AND (B AND C)"), shown("(A AND B) AND C"));
    }

    #[test]
    fn what_is_no_expression_has_its_place() {
        let error = Expression::parse("MIT OR OR ISC").unwrap_err();
        assert_eq!(error.range, 7..9, "{error}");
        let error = Expression::parse("MIT, ISC").unwrap_err();
        assert_eq!(error.range, 3..4, "{error}");
        for text in ["", " ", "(MIT", "MIT)", "WITH X", "MIT WITH", "Apache License 2.0", "MIT AND", "\u{1b}[31m"] {
            assert!(Expression::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}MIT{}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(Expression::parse(&deep).unwrap_err().to_string().contains("nested"));
        assert!(Expression::parse(&"MIT OR ".repeat(10_000)).unwrap_err().to_string().contains("longer"));
        let many = vec!["MIT"; 500].join(" OR ");
        assert_eq!(Expression::parse(&many).unwrap().licenses().len(), 500);
    }
}
