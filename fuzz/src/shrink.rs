//! A failing text with fewer lines.

use crate::oracle;

/// The text without the lines that its failure does not need, and the complaint about that.
pub fn shrunk(text: String, complaint: String) -> (String, String) {
    let (mut text, mut complaint) = (text, complaint);
    // Whatever fails in the same way, as far as its first words tell.
    let way = |complaint: &str| complaint.split(' ').take(4).collect::<Vec<_>>().join(" ");
    let first = way(&complaint);
    loop {
        let lines: Vec<&str> = text.lines().collect();
        let smaller = (0..lines.len()).rev().find_map(|at| {
            let fewer: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, line)| *line).collect();
            let fewer = returning_less(&fewer.join("\n"), lines[at]);
            match oracle::check_without_panic(&fewer) {
                Err(complaint) if way(&complaint) == first => Some((fewer, complaint)),
                _ => None,
            }
        });
        match smaller {
            Some(smaller) => (text, complaint) = smaller,
            None => return (text, complaint),
        }
    }
}

/// The text without the results of a line in its last line, which returns them.
fn returning_less(text: &str, line: &str) -> String {
    let gone: Vec<&str> = match line.split_once('=') {
        Some((results, _)) => results.split([' ', ',', ':']).filter(|word| word.starts_with('%')).collect(),
        None => return text.into(),
    };
    let Some((rest, last)) = text.rsplit_once("return") else { return text.into() };
    let kept: Vec<&str> = last.split(',').map(str::trim).filter(|word| !gone.contains(word)).collect();
    format!("{rest}return {}", kept.join(", "))
}
