//! Many mutants in one copy of the project.

use crate::mutant::Mutant;
use crate::{Result, write};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the tests ask for.
const FEATURES: &str = "instances,npz,autodiff/instances,autodiff/proptest,autodiff/self-tests";

/// What says which mutant runs, for the copy of `autodiff`.
const CHOICE: &str = include_str!("choice.txt");

/// A file as it stands in the copy, without mutants.
pub fn prepared(name: &str, mut text: Vec<u8>) -> Vec<u8> {
    if name == "autodiff/src/lib.rs" {
        text.extend_from_slice(CHOICE.as_bytes());
    }
    text
}

/// Puts the mutants into the copy and takes those out again, and back from `batch`, that the compiler refuses.
pub fn compile(root: &Path, tree: &Path, batch: &mut Vec<Mutant>) -> Result<Vec<Mutant>> {
    let mut unviable = Vec::new();
    loop {
        let mut lines: Vec<(String, usize, usize, usize)> = Vec::new();
        let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
        batch.iter().for_each(|mutant| files.entry(&mutant.file).or_default().push(mutant));
        unviable.iter().for_each(|mutant: &Mutant| _ = files.entry(&mutant.file).or_default());
        for (file, mutants) in files {
            let text = prepared(file, fs::read(root.join(file))?);
            let (text, within) = embedded(&String::from_utf8(text)?, &mutants, file)?;
            lines.extend(within.into_iter().map(|(at, from, to)| (file.to_owned(), at, from, to)));
            write(&tree.join(file), text.as_bytes())?;
        }
        let check = Command::new("cargo")
            .args(["check", "-p", "nn", "--message-format=short", "--features", FEATURES])
            .env("RUSTFLAGS", "--cap-lints=allow")
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .current_dir(tree)
            .output()?;
        if check.status.success() {
            return Ok(unviable);
        }
        let said = String::from_utf8_lossy(&check.stderr).into_owned();
        // `file:line:column: error …`
        let mut refused: Vec<usize> = Vec::new();
        for line in said.lines().filter(|line| line.contains(": error")) {
            let mut parts = line.splitn(3, ':');
            let (Some(file), Some(Ok(number))) = (parts.next(), parts.next().map(str::parse::<usize>)) else {
                continue;
            };
            let hit =
                |(of, _, from, to): &&(String, usize, usize, usize)| of == file && (*from..=*to).contains(&number);
            refused.extend(lines.iter().find(hit).map(|(_, at, ..)| *at));
        }
        if refused.is_empty() {
            return Err(format!("the copy does not compile:\n{said}").into());
        }
        let (out, kept) = std::mem::take(batch).into_iter().partition(|m: &Mutant| refused.contains(&key(m)));
        *batch = kept;
        unviable.extend::<Vec<Mutant>>(out);
    }
}

fn key(mutant: &Mutant) -> usize {
    mutant.number.unwrap_or(0)
}

/// The lines from one to the other that belong to a mutant.
type Lines = (usize, usize, usize);

/// The text of a file with a body for each mutant in front of the body of its function.
fn embedded(text: &str, mutants: &[&Mutant], file: &str) -> Result<(String, Vec<Lines>)> {
    let choice = if file.starts_with("nn/") { "autodiff::mutant()" } else { "crate::mutant()" };
    if let [Mutant { number: None, span: (start, end), replacement, .. }] = mutants {
        let whole = format!("{}{replacement}{}", &text[..*start], &text[*end..]);
        let lines = whole.lines().count();
        return Ok((whole, vec![(0, 1, lines)]));
    }
    // Of functions inside functions, the outer one is repeated.
    let outer = |mutant: &Mutant| {
        let (start, end) = mutant.function;
        let around = mutants.iter().map(|other| other.function).filter(|(a, b)| *a <= start && end <= *b);
        around.min().unwrap_or(mutant.function)
    };
    let mut functions: BTreeMap<(usize, usize), Vec<&Mutant>> = BTreeMap::new();
    mutants.iter().for_each(|mutant| functions.entry(outer(mutant)).or_default().push(mutant));
    let (mut made, mut lines, mut at) = (String::new(), Vec::new(), 0);
    for ((start, end), mutants) in functions {
        let open = start + body(&text[start..end]).ok_or(format!("{file}: no body at byte {start}"))?;
        made.push_str(&text[at..=open]);
        made.push_str(&format!("\nmatch {choice} {{\n"));
        for mutant in mutants {
            let first = made.matches('\n').count() + 1;
            let (before, after) = (&text[open + 1..mutant.span.0], &text[mutant.span.1..end]);
            made.push_str(&format!("{} => return {{ {before} {} {after},\n", key(mutant), mutant.replacement));
            lines.push((key(mutant), first, made.matches('\n').count()));
        }
        made.push_str("_ => {}\n}\n");
        at = open + 1;
    }
    made.push_str(&text[at..]);
    Ok((made, lines))
}

/// Where the body of a function begins: at the last brace that is opened outside of all braces.
fn body(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut found, mut at) = (0usize, None, 0);
    while at < bytes.len() {
        let rest = &text[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with('"') {
            quoted(rest)
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            match bytes[at] {
                b'{' => {
                    found = if depth == 0 { Some(at) } else { found };
                    depth += 1;
                }
                b'}' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            rest.chars().next()?.len_utf8()
        };
        at += skipped;
    }
    found.filter(|_| depth == 0)
}

/// The length of a text in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character in quotes, or of the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut rest = text.char_indices().skip(1);
    match (rest.next(), rest.next()) {
        (Some((_, '\\')), Some((at, c))) => {
            let from = at + c.len_utf8();
            from + text[from..].find('\'').map_or(0, |end| end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
