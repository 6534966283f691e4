//! Every numbered example runs to its end; each asserts what it shows.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn numbered_examples_run() {
    // `cargo test` builds the examples beside the tests: target/<profile>/deps/<test> and target/<profile>/examples/<name>.
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).unwrap().join("examples");
    let mut ran = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "rs") || !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let program = built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(
            program.exists(),
            "{name} is not built: run `cargo test --workspace`, or `cargo build --examples` first"
        );
        let output = Command::new(program).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name} failed:\n{out}\n{err}");
        assert!(!out.is_empty(), "{name} shows nothing");
        ran += 1;
    }
    assert!(ran >= 7, "{ran} numbered examples");
}
