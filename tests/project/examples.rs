//! Every numbered example runs to its end, those that train for a few seconds only; each asserts what it shows. The
//! pictures of the documentation are those that they draw then; `UPDATE_EXPECT=1 cargo test --test project` draws them anew.

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
    let pictures = std::env::temp_dir().join(format!("pictures-{}", std::process::id()));
    let newest = ["autodiff/src", "nn/src"].map(|folder| newest(&root.join(folder))).into_iter().max().unwrap();
    let entries = fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let is_numbered = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "rs")
            && path.file_stem().unwrap().to_string_lossy().starts_with(|c: char| c.is_ascii_digit())
    };
    let examples: Vec<PathBuf> = entries.filter(is_numbered).collect();
    assert!(examples.len() >= 33, "{} numbered examples", examples.len());
    let run = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let program = built(&name);
        let is_current = changed(&program) >= newest.max(changed(path));
        assert!(is_current, "{name} was built before the last change: run `cargo build --examples` first");
        let output = Command::new(program).arg("--quick").arg("--to").arg(&pictures).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name} failed:\n{out}\n{err}");
        assert!(!out.is_empty(), "{name} shows nothing");
    };
    // Two at a time.
    let (some, others) = examples.split_at(examples.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| some.iter().for_each(run));
        others.iter().for_each(run);
    });
    the_pictures_are_drawn(&pictures);
    fs::remove_dir_all(&pictures).unwrap();
}

#[test]
fn seeds_are_refused_where_nothing_is_repeated() {
    let output = Command::new(built("13_keras_page")).args(["--seeds", "3"]).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.starts_with("`--seeds` is not an option here"), "{complaint}");
    assert!(!complaint.contains("--seeds N"), "{complaint}");
}

/// Every picture of the documentation is one that an example draws, and is shown.
fn the_pictures_are_drawn(drawn: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = ["README.md", "docs/guide.md"].map(|name| fs::read_to_string(root.join(name)).unwrap());
    for entry in fs::read_dir(root.join("docs/pictures")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = fs::read_to_string(drawn.join(&name)).unwrap_or_else(|_| panic!("no example draws {name}"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &expected).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap();
        assert!(found == expected, "{name} is not what its example draws: UPDATE_EXPECT=1 draws it anew");
        assert!(texts.iter().any(|text| text.contains(&format!("pictures/{name})"))), "{name} is not shown");
        assert!(found.len() < 64_000, "{name} has {} bytes", found.len());
    }
}
