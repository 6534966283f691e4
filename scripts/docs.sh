#!/usr/bin/env bash
# The documentation in target/doc, with the pages that it links to: runs of the demonstrations, written by the stepper
# itself, so that no number on them was typed by hand.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo doc --workspace --no-deps --all-features --locked
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
# With an example, cargo compiles the engine as for the tests, and not once more.
cargo build --quiet --locked --workspace --bin stepper --example 00_first_gradient
"$target/debug/stepper" --pages "$target/doc/stepper/pages"
printf '%s\n' "$target/doc/stepper/demo/index.html links to the pages"
