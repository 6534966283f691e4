//! The structure of the project: file sizes, one primitive per file, which folder may import from which, and that the
//! text of the project keeps to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let length = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<String> = files(&root(), "rs")
        .iter()
        .filter(|path| length(path) > 500)
        .map(|path| format!("{}: {} lines", shown(path), length(path)))
        .collect();
    assert!(long.is_empty(), "these should be split:\n{}", long.join("\n"));
}

#[test]
fn one_primitive_is_one_file_and_one_line_of_the_registry() {
    let folder = root().join("autodiff/src/primitive");
    let registry = fs::read_to_string(folder.join("registry.rs")).unwrap();
    let registry = registry.split("impl<F: Real> Registry<F>").nth(1).unwrap();
    for path in files(&folder, "rs") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        // The documentation of the trait implements one as its example.
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let primitives = code.filter(|line| line.contains("Primitive<F> for ")).count();
        let family = path.parent().unwrap().file_name().unwrap().to_string_lossy();
        let entry = format!(" {family}::{stem}::entry(),");
        let lines = registry.lines().filter(|line| line.contains(&entry)).count();
        assert!(primitives <= 1, "{} holds {primitives} primitives", shown(&path));
        assert_eq!(lines, primitives, "{} has {lines} lines in the registry", shown(&path));
        let names = [format!("\"{stem}\""), format!("\"{family}_{stem}\"")];
        let named = primitives == 0 || names.iter().any(|name| text.contains(name));
        assert!(named, "{}: the primitive is not called `{stem}`", shown(&path));
    }
}

/// The layers of `autodiff`, from the bottom up: a file imports only from its own layer and from those below it. Tape,
/// primitives, programs and derivatives are one layer, because rules are written with vars, vars record primitives, and a
/// primitive may hold a program.
const LAYERS: [(&str, &[&str]); 9] = [
    ("base", &["base"]),
    ("kernels", &["kernels"]),
    ("tape", &["tape", "primitive", "program", "differentiate"]),
    ("plan", &["plan"]),
    ("inspect", &["inspect"]),
    ("text", &["text"]),
    ("check", &["check"]),
    ("instances", &["instances"]),
    ("self_tests", &["self_tests"]),
];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

/// The modules of the crate that a file's code names after `crate::`; documentation may point anywhere.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        found.insert(name);
    }
    found
}

/// The module that each name comes from which `lib.rs` re-exports: `Tape` from `tape`.
fn exports() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("autodiff/src/lib.rs")).unwrap();
    let mut found = BTreeMap::new();
    for export in text.split("\npub use ").skip(1) {
        let words = |c: char| !(c.is_alphanumeric() || c == '_');
        let mut words = export.split(';').next().unwrap().split(words).filter(|word| !word.is_empty());
        let module = words.next().unwrap();
        found.extend(words.map(|name| (name.to_owned(), module.to_owned())));
    }
    found
}

#[test]
fn a_layer_imports_only_from_those_below_it() {
    let (source, exports) = (root().join("autodiff/src"), exports());
    assert_eq!(exports.get("Tape").map(String::as_str), Some("tape"));
    for path in files(&source, "rs") {
        let inside = path.strip_prefix(&source).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let Some(layer) = layer_of(&module) else {
            panic!("`{module}` has no layer: add it to LAYERS and ARCHITECTURE.md")
        };
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let module = exports.get(&import).unwrap_or(&import);
            let Some(below) = layer_of(module) else { continue };
            assert!(below <= layer, "{} imports `{import}`, which lies above it", shown(&path));
        }
    }
}

#[test]
fn every_function_that_becomes_vector_code_is_compared_at_all_levels() {
    let folder = root().join("autodiff/src/kernels");
    let compared = fs::read_to_string(folder.join("levels.rs")).unwrap();
    let mut found = 0;
    for path in files(&folder, "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("\nvectorized! {").skip(1) {
            let name: String =
                part.split("fn ").nth(1).unwrap().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let module = if path.ends_with("mod.rs") { path.parent().unwrap() } else { &path };
            let call = format!("{}::{name}::at", module.file_stem().unwrap().to_string_lossy());
            assert!(compared.contains(&call), "{} is not compared in kernels/levels.rs", call);
            found += 1;
        }
    }
    assert!(found >= 17, "{found} functions");
}

#[test]
fn kernels_know_no_tapes() {
    for path in files(&root().join("autodiff/src/kernels"), "rs") {
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let allowed = ["base", "kernels"];
            assert!(allowed.contains(&import.as_str()), "{} imports `{import}`", shown(&path));
        }
    }
}

#[test]
fn nn_uses_only_what_autodiff_makes_public() {
    // Another crate can see no more; what is left to forbid is a back door.
    let manifest = fs::read_to_string(root().join("autodiff/Cargo.toml")).unwrap();
    // Cargo itself refuses a circle, but not through the dependencies of tests.
    let key = |line: &str| line.split(['.', '=', ' ']).next().map(str::to_owned);
    assert!(!manifest.lines().any(|line| key(line).as_deref() == Some("nn")), "autodiff must not know nn");
    for path in files(&root().join("autodiff/src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("doc(hidden)"), "{}: a hidden door", shown(&path));
    }
}

#[test]
fn the_libraries_neither_print_nor_read_the_environment() {
    let forbidden =
        ["println!", "print!(", "dbg!(", "std::env", "SystemTime", "Instant::now", "static mut", "thread_local!"];
    for folder in ["autodiff/src", "nn/src", "jax/src", "onnx/src"] {
        for path in files(&root().join(folder), "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                // Memory to pack panels in, which is written before it is read, is kept by threads.
                let scratch = path.ends_with("kernels/matmul/scratch.rs");
                let found = forbidden.iter().find(|w| line.contains(**w) && !(scratch && **w == "thread_local!"));
                assert!(found.is_none(), "{}: {line}", shown(&path));
            }
        }
    }
}

#[test]
fn unsafe_stays_in_kernels_and_plan() {
    for path in files(&root(), "rs") {
        let name = shown(&path);
        if name.starts_with("autodiff/src/kernels/")
            || name.starts_with("autodiff/src/plan/")
            || name.starts_with("tests/")
        {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        assert!(!code.into_iter().any(|line| line.contains("unsafe ")), "{name} has an unsafe block");
    }
}

#[test]
fn every_numbered_example_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for path in files(&root().join("examples"), "rs") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if stem.starts_with(|c: char| c.is_ascii_digit()) {
            assert!(readme.contains(&stem), "README.md does not mention {stem}");
        }
    }
}
