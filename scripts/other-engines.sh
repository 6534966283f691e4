#!/usr/bin/env bash
# What is written for other engines, run by them, against the engine here: modules by JAX on this CPU and on virtual devices
# of it, ONNX files by onnxruntime. `--short` takes 2 samples of each primitive, 10 random programs and the small network, in
# under three minutes; without it there are 25 samples, 200 programs and all trainings, which takes half an hour.
# `--speed` compares no numbers but times: of two training steps, here and in JAX.
#
# Python with the packages of `jax/python/requirements.txt` and `onnx/python/requirements.txt` is that of $PYTHON, or that of
# `target/python`, where it is installed if it can be. Without them the part is skipped, with a message.
set -euo pipefail
cd "$(dirname "$0")/.."

samples=25 programs=200 short=()
if [[ ${1:-} == --short ]]; then samples=2 programs=10 short=(--short); fi

python=${PYTHON:-target/python/bin/python}
if [[ -z ${PYTHON:-} && ! -x $python ]]; then
  (python3 -m venv target/python &&
    "$python" -m pip install --quiet -r jax/python/requirements.txt -r onnx/python/requirements.txt) >/dev/null 2>&1 || true
fi
has() { "$python" -c "import $1" >/dev/null 2>&1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ ${1:-} == --speed ]]; then
  cargo run --quiet --release --locked -p autodiff-jax --example speed -- "$folder"
  "$python" jax/python/speed.py "$folder"
  exit
fi
cargo build --quiet --locked --workspace --example cases --example models
built=${CARGO_TARGET_DIR:-target}/debug/examples
if has jax && has numpy; then
  "$built/cases" "$folder/jax" "$samples" "$programs"
  JAX_PLATFORMS=cpu "$python" jax/python/check.py "$folder/jax"
  JAX_PLATFORMS=cpu "$python" jax/python/check_training.py "$folder/jax" "${short[@]}"
  "$built/cases" "$folder/jax"
else
  printf 'skipped: %s has no jax (pip install -r jax/python/requirements.txt)\n' "$python"
fi
if has onnx && has onnxruntime; then
  "$built/models" "$folder/onnx"
  "$python" onnx/python/check.py "$folder/onnx"
  # A second runtime, of pure Rust, which takes two minutes to compile.
  if [[ ${#short[@]} == 0 ]]; then cargo run --quiet --manifest-path onnx/rten/Cargo.toml -- "$folder/onnx"; fi
else
  printf 'skipped: %s has no onnxruntime (pip install -r onnx/python/requirements.txt)\n' "$python"
fi
