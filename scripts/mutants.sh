#!/usr/bin/env bash
# Changes the code in small ways, one at a time, and runs the tests, which should notice: `scripts/mutants/src/main.rs` says
# how. All of it takes some hours; `--short` a quarter of one; a run that was interrupted is continued by the next. It ends
# with the share of changes that were caught in each module, and fails if one survived that `scripts/mutants/accepted.txt`
# gives no reason for.
#
# Needs `cargo install cargo-mutants --locked`, which lists the changes. `scripts/mutants.sh --help` says what can be chosen.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release --locked --manifest-path scripts/mutants/Cargo.toml --target-dir target/mutants/tool
# Everything is compiled beside the copy, and nothing else may be read or written there.
unset CARGO_TARGET_DIR
target/mutants/tool/release/mutants "$@"
