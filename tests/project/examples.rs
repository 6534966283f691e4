//! Every numbered example runs to its end, those that train for a few seconds only; each asserts what it shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// When the last file in `folder` was changed.
fn newest(folder: &Path) -> SystemTime {
    let times = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { newest(&path) } else { changed(&path) }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Where `cargo test` builds an example: beside the tests, target/<profile>/deps/<test> and target/<profile>/examples/<name>.
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = program.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{name} is not built: run `cargo test --workspace`, or `cargo build --examples` first");
    program
}

#[test]
fn numbered_examples_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let newest = ["autodiff/src", "nn/src"].map(|folder| newest(&root.join(folder))).into_iter().max().unwrap();
    let mut ran = 0;
    for entry in fs::read_dir(root.join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "rs") || !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let program = built(&name);
        let is_current = changed(&program) >= newest.max(changed(&path));
        assert!(is_current, "{name} was built before the last change: run `cargo build --examples` first");
        let output = Command::new(program).arg("--quick").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name} failed:\n{out}\n{err}");
        assert!(!out.is_empty(), "{name} shows nothing");
        ran += 1;
    }
    assert!(ran >= 12, "{ran} numbered examples");
}
