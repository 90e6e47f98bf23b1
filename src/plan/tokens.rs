//! Words and signs of an expectation, each with its place in the text.

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its characters.
    pub(super) text: String,
    /// Index of its first character in the text.
    pub(super) start: usize,
}

impl Token {
    /// Index after its last character.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.chars().count()
    }

    /// Whether it compares, rightly written or not.
    pub(super) fn is_comparison(&self) -> bool {
        self.text != "->" && self.text.chars().all(|letter| "<>=!≤≥".contains(letter))
    }
}

/// Splits at spaces and around comparisons and `->`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let letters: Vec<char> = text.chars().collect();
    let mut index = 0;
    while index < letters.len() {
        if letters[index].is_whitespace() {
            index += 1;
            continue;
        }
        let length = match kind_at(&letters, index) {
            Kind::Arrow => 2,
            kind => letters[index..]
                .iter()
                .enumerate()
                .take_while(|(offset, letter)| {
                    !letter.is_whitespace() && kind_at(&letters, index + offset) == kind
                })
                .count(),
        };
        tokens.push(Token { text: letters[index..index + length].iter().collect(), start: index });
        index += length;
    }
    tokens
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Arrow,
    Comparison,
    Word,
}

fn kind_at(letters: &[char], index: usize) -> Kind {
    match (letters[index], letters.get(index + 1)) {
        ('-', Some('>')) => Kind::Arrow,
        ('<' | '>' | '=' | '!' | '≤' | '≥', _) => Kind::Comparison,
        _ => Kind::Word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_need_no_spaces_and_every_token_knows_its_place() {
        let got: Vec<(String, usize)> =
            tokens("a-b->c.d<=1.5  x").into_iter().map(|token| (token.text, token.start)).collect();
        let want = [("a-b", 0), ("->", 3), ("c.d", 5), ("<=", 8), ("1.5", 10), ("x", 15)];
        assert_eq!(got, want.map(|(text, start)| (text.to_owned(), start)));
        assert_eq!(tokens("  "), []);
    }
}
