//! The README's table of primitives is what the registry says. `UPDATE_EXPECT=1 cargo test --test readme` rewrites it.
//! (Its example is compiled and run with the documentation tests of `nn`.)

use std::fs;
use std::path::Path;

#[test]
fn the_table_of_primitives_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (open, close) = ("<!-- primitives -->\n", "<!-- /primitives -->");
    let (before, rest) = readme.split_once(open).expect("README.md marks where the table begins");
    let (table, after) = rest.split_once(close).expect("README.md marks where the table ends");
    let expected = autodiff::inspect::table(&autodiff::Registry::<f64>::standard()).unwrap();
    if table.trim() == expected.trim() {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, format!("{before}{open}{}\n{close}{after}", expected.trim())).unwrap();
        return;
    }
    panic!("the table in README.md is not this one; UPDATE_EXPECT=1 rewrites it:\n{expected}");
}
