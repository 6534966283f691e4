//! Which mutants there are, and which of them are tried.

use crate::Result;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A part of the project, and how many of its mutants are tried.
pub struct Module {
    pub name: &'static str,
    /// What paths of its files begin with.
    files: &'static [&'static str],
    /// All that compile, or a sample.
    pub sample: usize,
    /// The tests that are most likely to notice, in this order: an executable, and parts of the names of tests. All follow.
    tests: &'static [&'static str],
}

const fn all(name: &'static str, files: &'static [&'static str], tests: &'static [&'static str]) -> Module {
    Module { name, files, sample: usize::MAX, tests }
}

const fn sample(name: &'static str, files: &'static [&'static str], tests: &'static [&'static str]) -> Module {
    Module { name, files, sample: 60, tests }
}

/// In the order in which they are tried. A file belongs to the first that names it.
pub const MODULES: &[Module] = &[
    all("plan verifier", &["autodiff/src/plan/verify"], &["inside plan::"]),
    all("simplification", &["autodiff/src/program/simplify"], &["engine simplified::", "engine plan:: constants::"]),
    all(
        "reverse walk",
        &["autodiff/src/differentiate/reverse", "autodiff/src/differentiate/gradients"],
        &["errors", "engine cotangents:: stepper:: random_programs::"],
    ),
    all(
        "derivatives",
        &["autodiff/src/differentiate/"],
        &["errors", "engine seeds:: random_programs:: custom_rules::"],
    ),
    sample("plan", &["autodiff/src/plan/"], &["engine updates:: plan:: scan::", "inside plan::"]),
    sample("kernels", &["autodiff/src/kernels/"], &["inside kernels::", "primitives kernels::"]),
    sample("text", &["autodiff/src/text/"], &["text"]),
    sample("check", &["autodiff/src/check/"], &["engine check:: relu_networks:: wrong_primitives::"]),
    sample("primitive", &["autodiff/src/primitive/"], &["errors", "primitives kernels:: derived:: rules::"]),
    sample("nn", &["nn/src/"], &["nn"]),
    sample("tape", &["autodiff/src/tape/"], &["errors", "engine printing:: tapes::", "inside tape::"]),
    sample("program", &["autodiff/src/program/"], &["errors", "engine plan:: scan:: cond::"]),
    sample("inspect", &["autodiff/src/inspect/"], &["engine printing:: stepper:: steps:: non_finite::", "inside"]),
    sample("base", &["autodiff/src/base/"], &["inside base::", "errors"]),
];

impl Module {
    /// Its mutants: in the order of the files where all are tried, otherwise in an order that the seed draws.
    pub fn draw(&'static self, all: &[Mutant], seed: u64) -> Vec<Mutant> {
        let own =
            |mutant: &&Mutant| MODULES.iter().find(|module| module.holds(mutant)).is_some_and(|m| m.name == self.name);
        let mut drawn: Vec<Mutant> = all.iter().filter(own).cloned().collect();
        drawn.iter_mut().for_each(|mutant| (mutant.module, mutant.tests) = (self.name, self.tests));
        if self.sample < usize::MAX {
            drawn.retain(|mutant| mutant.number.is_some());
            drawn.sort_by_key(|mutant| hash(seed, &mutant.name));
        }
        drawn
    }

    fn holds(&self, mutant: &Mutant) -> bool {
        self.files.iter().any(|start| mutant.file.starts_with(start))
    }
}

/// FNV-1a: the same on every machine.
fn hash(seed: u64, text: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(text.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash ^ hash >> 29
}

/// A change to the text of a file.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// With the place: `file:line:column: what in which function`.
    pub name: String,
    pub file: String,
    /// What changes, without the place.
    pub what: String,
    /// The line it changes, as it is.
    pub line: String,
    /// The bytes that are replaced.
    pub span: (usize, usize),
    /// The bytes of the function it lies in.
    pub function: (usize, usize),
    pub replacement: String,
    /// By which it is chosen; `None` where it has to be compiled alone, because it lies in a function that can have no
    /// second body: it is `const`, or returns a type without a name.
    pub number: Option<usize>,
    /// The name of its module.
    pub module: &'static str,
    pub tests: &'static [&'static str],
}

/// All mutants of the workspace.
pub fn list(tree: &Path) -> Result<Vec<Mutant>> {
    let output =
        Command::new("cargo").args(["mutants", "--list", "--json", "--workspace"]).current_dir(tree).output()?;
    let listed: Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("`cargo install cargo-mutants --locked` installs what lists the changes\n{why}")
    })?;
    let mut found: Vec<Mutant> = Vec::new();
    for (number, listed) in listed.as_array().ok_or("no list of mutants")?.iter().enumerate() {
        found.extend(mutant(tree, listed, number + 1)?);
    }
    Ok(found)
}

fn mutant(tree: &Path, listed: &Value, number: usize) -> Result<Option<Mutant>> {
    let word = |key: &str| listed[key].as_str().unwrap_or_default().to_owned();
    let (name, file) = (word("name"), word("file"));
    if !MODULES.iter().any(|module| module.files.iter().any(|start| file.starts_with(start))) {
        return Ok(None);
    }
    let text = fs::read_to_string(tree.join(&file))?;
    let bytes = |span: &Value| -> Option<(usize, usize)> {
        let place = |end: &str| {
            let of = |key: &str| span[end][key].as_u64().map(|n| n as usize);
            offset(&text, of("line")?, of("column")?)
        };
        Some((place("start")?, place("end")?))
    };
    let span = bytes(&listed["span"]).ok_or(format!("no place: {name}"))?;
    if is_test(&file, &text[..span.0]) {
        return Ok(None);
    }
    let function = bytes(&listed["function"]["span"]);
    let head = function.and_then(|(start, end)| Some(text.get(start..end)?.split('{').next()?.to_owned()));
    let unnamed = listed["function"]["return_type"].as_str().is_some_and(|of| of.contains("impl "));
    let alone = unnamed || head.is_none_or(|head| head.contains("const fn"));
    let line = text.lines().nth(text[..span.0].matches('\n').count()).unwrap_or_default().trim().to_owned();
    let what = name.splitn(4, ':').nth(3).unwrap_or_default().trim().to_owned();
    Ok(Some(Mutant {
        what: format!("{file}: {what}"),
        name,
        file,
        line,
        span,
        function: function.unwrap_or(span),
        replacement: word("replacement"),
        number: (!alone).then_some(number),
        module: "",
        tests: &[],
    }))
}

/// Whether a place is in the code of tests, behind the text `before` in its file: tests of `autodiff` are functions of the crate.
fn is_test(file: &str, before: &str) -> bool {
    let files = ["tests.rs", "/tests/loops.rs", "kernels/levels.rs", "kernels/laid.rs"];
    files.iter().any(|end| file.ends_with(end)) || before.contains("mod tests {")
}

/// The byte at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let within = text.get(start..)?.char_indices().nth(column.checked_sub(1)?);
    Some(start + within.map_or(text.len() - start, |(at, _)| at))
}
