//! Formulas as MathML, which browsers set as mathematics and screen readers read aloud.

use autodiff::inspect::{Symbol, Template};

/// A formula, with MathML for each of its symbols.
pub fn of_template(template: &Template, mut symbol: impl FnMut(Symbol) -> String) -> String {
    let mut symbols = Vec::new();
    let text = template.write(|one| {
        symbols.push(symbol(one));
        PLACE.to_string()
    });
    let mut symbols = symbols.into_iter();
    row(&text, || symbols.next().unwrap_or_default())
}

/// Stands for a symbol while a formula is read.
const PLACE: char = '\u{F0000}';

/// A symbol by its name: `h1` has an index, `net` stands upright, `%7` and `w·x` are set as they are.
pub fn of_symbol(symbol: &str) -> String {
    let mut rest = symbol.chars();
    let letter = rest.next().filter(|c| c.is_alphabetic());
    match letter {
        Some(letter) if rest.as_str().is_empty() => format!("<mi>{}</mi>", escaped(&letter.to_string())),
        Some(letter) if rest.as_str().chars().all(|c| c.is_ascii_digit()) => {
            format!("<msub><mi>{letter}</mi><mn>{}</mn></msub>", rest.as_str())
        }
        _ if symbol.contains(['+', '·', '−', '/', ' ', '(']) && symbol.chars().count() > 1 => {
            row(symbol, String::new)
        }
        _ if symbol.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '−') => format!("<mn>{symbol}</mn>"),
        _ => format!("<mi mathvariant=\"normal\">{}</mi>", escaped(symbol)),
    }
}

/// A symbol as a factor: in parentheses where it is a formula.
pub fn of_factor(symbol: &str) -> String {
    match symbol.contains([' ', '·', '/']) {
        true => format!("<mrow><mo>(</mo>{}<mo>)</mo></mrow>", of_symbol(symbol)),
        false => of_symbol(symbol),
    }
}

/// A symbol with a bar above.
pub fn barred(symbol: &str) -> String {
    let inner = of_symbol(symbol);
    // The bar of a formula is a border: browsers do not stretch the sign over it.
    if symbol.chars().count() > 1 && !inner.starts_with("<msub>") {
        return format!("<mrow class=\"over\">{inner}</mrow>");
    }
    // The bar of h₁ stands over the letter.
    match inner.strip_prefix("<msub>").and_then(|inner| inner.split_once("</mi>")) {
        Some((letter, index)) => format!("<msub><mover accent=\"true\">{letter}</mi><mo>¯</mo></mover>{index}"),
        None => format!("<mover accent=\"true\">{inner}<mo>¯</mo></mover>"),
    }
}

/// Text of a formula, with numbers only: `0.4·0.5933 + 0.6`.
pub fn of_text(text: &str) -> String {
    row(text, String::new)
}

fn row(text: &str, mut place: impl FnMut() -> String) -> String {
    let mut atoms: Vec<String> = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            PLACE => atoms.push(place()),
            ' ' => {}
            _ if c.is_ascii_digit() => {
                let mut number = String::from(c);
                while let Some(next) = characters.next_if(|c| c.is_ascii_alphanumeric() || *c == '.') {
                    let exponent = next == 'e';
                    number.push(next);
                    number.extend(characters.next_if(|c| exponent && *c == '-'));
                }
                atoms.push(format!("<mn>{number}</mn>"));
            }
            _ if c.is_alphabetic() && !SUPERSCRIPTS.iter().any(|(sign, _)| *sign == c) => {
                let mut word = String::from(c);
                while let Some(next) = characters.next_if(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '\u{304}')
                {
                    word.push(next);
                }
                atoms.push(of_word(&word));
            }
            _ => match SUPERSCRIPTS.iter().find(|(sign, _)| *sign == c) {
                Some((_, power)) => {
                    let base = atoms.pop().unwrap_or_default();
                    atoms.push(format!("<msup>{base}<mi mathvariant=\"normal\">{power}</mi></msup>"));
                }
                None => atoms.push(format!(
                    "<mo{}>{}</mo>",
                    if c == '·' { " lspace=\"0.15em\" rspace=\"0.15em\"" } else { "" },
                    escaped(&c.to_string())
                )),
            },
        }
    }
    format!("<mrow>{}</mrow>", atoms.concat())
}

fn of_word(word: &str) -> String {
    match word {
        "sigmoid" => "<mi>σ</mi>".into(),
        word if word.contains('\u{304}') => barred(&word.replace('\u{304}', "")),
        word => of_symbol(word),
    }
}

const SUPERSCRIPTS: [(char, &str); 11] = [
    ('⁰', "0"),
    ('¹', "1"),
    ('²', "2"),
    ('³', "3"),
    ('⁴', "4"),
    ('⁵', "5"),
    ('⁶', "6"),
    ('⁷', "7"),
    ('⁸', "8"),
    ('⁹', "9"),
    ('ᵀ', "T"),
];

/// Text that cannot be taken for markup.
pub fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
