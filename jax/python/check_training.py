"""Runs the trainings that the example `cases` has exported to a folder, and compares the losses of every step with the
engine's: on one device, on 8 virtual devices, on a mesh of 2 × 2, and in two processes. `check_training.py FOLDER`.

What it leaves in the folders is read back by `cases FOLDER`.
"""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

# What each training is run on besides one device: options of train.py.
EIGHT = ["--virtual-devices", "8", "--mesh", "batch=8"]
SQUARE = {
    "mlp": ["--shard", "0.weight=None,model", "--shard", "0.bias=model", "--shard", "3.weight=model,None"],
    "transformer": ["--shard", "*.inner.weight=None,model", "--shard", "*.outer.weight=model,None"],
}


def train(folder, options, wait=True):
    command = [sys.executable, str(folder / "train.py"), "--steps", "20", "--data", str(folder / "data.safetensors")]
    process = subprocess.Popen(command + options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return finished(process) if wait else process


def finished(process):
    out, err = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(process.args)}\n{out}{err}")
    return [float(line.split()[-1]) for line in out.splitlines() if line.startswith("step ")]


def copy(folder, suffix):
    to = folder.with_name(folder.name + suffix)
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    return to


def collectives(folder):
    """The collectives of the compiled step, by kind."""
    lines = (folder / "step.hlo").read_text().splitlines()
    pattern = re.compile(r"%\S+ = .* (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(?:-start)?\(%")
    kinds = [found[1] for found in map(pattern.search, lines) if found]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def compared(what, losses, expected, tolerance):
    worst = max(abs(a - b) / abs(b) for a, b in zip(losses, expected))
    print(f"{what}: {len(losses)} losses, within {worst:.2g} of the engine's", flush=True)
    if len(losses) != len(expected) or worst > tolerance:
        sys.exit(f"{what}: {losses} are not {expected}")


def refuses_infinite(folder):
    """A step that is not finite leaves the state as it was."""
    sys.path.insert(0, str(folder))
    from arrays import read, write

    folder = copy(folder, "_infinite")
    data = {name: array.copy() for name, array in read(folder / "data.safetensors").items()}
    data["x"][0] = np.inf
    write(folder / "data.safetensors", data, {})
    before = read(folder / "state.safetensors")
    command = [sys.executable, str(folder / "train.py"), "--steps", "5", "--data", str(folder / "data.safetensors")]
    result = subprocess.run(command, capture_output=True, text=True)
    after = read(folder / "state.safetensors")
    if result.returncode != 3 or any(not np.array_equal(before[name], after[name]) for name in before):
        sys.exit(f"a step that is not finite: exit code {result.returncode}, {result.stdout}{result.stderr}")
    print("a step that is not finite: refused, and the state is as it was")
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", help="these trainings")
    parser.add_argument("--short", action="store_true", help="the small network alone")
    options = parser.parse_args()
    start = time.time()
    names = ["mlp"] if options.short else ["mlp", "lenet", "transformer", "gru"]
    names = options.only or names
    refuses_infinite(options.folder / "mlp")
    for name in names:
        folder = options.folder / name
        tolerance, *expected = (float(line) for line in (folder / "losses.txt").read_text().split())
        single, eight = copy(folder, "_1"), copy(folder, "_8")
        square = copy(folder, "_2x2") if name in SQUARE else None
        two = copy(folder, "_processes") if name == "mlp" else None
        compared(f"{name}, one device", train(single, []), expected, tolerance)
        losses = train(eight, EIGHT + ["--hlo", str(eight / "step.hlo")])
        compared(f"{name}, 8 devices", losses, expected, tolerance)
        found = collectives(eight)
        print(f"{name}, 8 devices: {found}")
        if found != {"all-reduce": 1}:
            sys.exit(f"{name}: there should be one all-reduce in data parallel training")
        if square:
            mesh = ["--virtual-devices", "4", "--mesh", "batch=2,model=2", "--hlo", str(square / "step.hlo")]
            compared(f"{name}, 2 × 2 devices", train(square, mesh + SQUARE[name]), expected, tolerance)
            print(f"{name}, 2 × 2 devices: {collectives(square)}")
        if two:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            common = ["--virtual-devices", "2", "--mesh", "batch=4", "--coordinator", f"127.0.0.1:{port}", "--processes", "2"]
            both = [train(two, common + ["--rank", str(rank)], wait=False) for rank in range(2)]
            losses = [finished(process) for process in both][0]
            compared(f"{name}, two processes", losses, expected, tolerance)
    print(f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
