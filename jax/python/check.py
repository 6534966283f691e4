"""Compares emitted modules, run by JAX, with what the engine answered: `check.py FOLDER`, a folder that the example `cases`
has written. `--only WORD` takes the cases whose names have the word in them.

Three things are compared for each case: the results, the recorded gradients, and the derivative that JAX takes of the
emitted forward program, by rules of its own.
"""

import argparse
import importlib.util
import sys
import time
import warnings
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from arrays import read  # noqa: E402

# Where the results of an elementwise primitive are computed by another formula or a less exact one: the units in the last
# place by which they may differ. All others: 8.
UNITS = 8

# In single precision these are exponentials of a product that was rounded: relative errors up to half the exponent.
ROUNDED_EXPONENTS = {"f32_exp2": 64, "f32_sinh": 64, "f32_cosh": 64}

# Where JAX's own derivative of the emitted function is another one, by primitive, and why.
ORACLE = {
    "tanh_slope": "counts on b being tanh a, and takes a as a constant",
    "sigmoid_slope": "counts on b being the logistic function of a, and takes a as a constant",
    "stop_gradient": "has none",
    "asin_slope": "JAX's derivative of the formula cancels",
    "atanh_slope": "JAX's derivative of the formula cancels",
    "hypot_slope": "JAX's derivative of the formula cancels",
}


# Where JAX's derivative is computed from a result that is saturated: compared with 1, not with itself.
ABSOLUTE = {"tanh", "sigmoid"}


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def numbered(arrays, prefix):
    return {int(name[1:]): array for name, array in sorted(arrays.items()) if name[0] == prefix}


class Worst:
    """The largest differences, in units in the last place."""

    def __init__(self):
        self.of = {}
        self.wrong = []
        self.compared = 0
        # Where JAX's derivative is right and XLA has compiled it to another one.
        self.compiled = []

    def take(self, other):
        self.of |= other.of
        self.wrong += other.wrong
        self.compared += other.compared

    def compare(self, case, what, i, found, expected, limit, elementwise, scale=0.0):
        found, expected = np.asarray(found), np.asarray(expected)
        self.compared += 1
        where = f"{case} {what} {i}"
        if found.shape != expected.shape:
            self.wrong.append(f"{where}: shape {found.shape}, not {expected.shape}")
            return
        if expected.dtype.kind in "iu":
            if not np.array_equal(found.astype(np.int64), expected.astype(np.int64)):
                self.wrong.append(f"{where}: {found} is not {expected}")
            return
        if found.dtype != expected.dtype:
            self.wrong.append(f"{where}: {found.dtype}, not {expected.dtype}")
            return
        eps, tiny = np.finfo(expected.dtype).eps, np.finfo(expected.dtype).tiny
        a, b = found.astype(np.float64), expected.astype(np.float64)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        # Subnormal numbers are 0 on XLA's CPU.
        same |= (np.abs(a) <= tiny) & (np.abs(b) <= tiny)
        finite = np.isfinite(a) & np.isfinite(b)
        if np.any(~same & ~finite):
            self.wrong.append(f"{where}: {found} is not {expected}")
            return
        if np.all(same):
            units = 0.0
        else:
            size = np.abs(b) if elementwise else np.maximum(np.max(np.abs(b), where=np.isfinite(b), initial=0.0), scale)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                units = np.max(np.where(same, 0.0, np.abs(a - b) / np.maximum(size, tiny))) / eps
        self.of[(case, what)] = max(self.of.get((case, what), 0.0), float(units))
        if units > limit:
            self.wrong.append(f"{where}: {units:.3g} units: {found.ravel()[:6]} is not {expected.ravel()[:6]}")


def check(folder, name, what, worst):
    arrays = read(folder / f"{name}.safetensors")
    xs = list(numbered(arrays, "x").values())
    ys, zs, gs = (numbered(arrays, letter) for letter in "yzg")
    forward = module(folder / f"{name}.py")
    strict = what == "elementwise"
    found = forward.run(*xs)
    real = [x for x in xs if x.dtype.kind == "f"]
    scale = max((float(np.max(np.abs(x), where=np.isfinite(x), initial=0.0)) for x in real), default=0.0)
    # Sums cancel: what is lost is a part of what went in, of a linear map at most by its own size.
    scale = scale if what == "primitive" and name.split("_", 1)[1] in LINEAR else 0.0
    limit = ROUNDED_EXPONENTS.get(name, UNITS)
    for i, y in ys.items():
        label = forward.OUTPUTS[i][0] or i
        worst.compare(name, "value", label, found[i], y, limit if strict else 16 * UNITS, strict, scale)
    if not gs:
        return
    reverse = module(folder / f"{name}_reverse.py")
    by_name = {f"x{i:04}": x for i, x in enumerate(xs)} | {f"z{i:04}": z for i, z in zs.items()}
    found = reverse.run(*(by_name[name] for name, _, _ in reverse.INPUTS))
    for y, (i, g) in zip(found, gs.items()):
        worst.compare(name, "gradient", i, y, g, 16 * UNITS, False)
    primitive = name.split("_", 1)[-1]
    if primitive in ORACLE or what == "loops":
        return
    arguments = [jax.numpy.asarray(x) for x in forward.check(xs)]
    wrt = list(gs)

    def outputs(*given):
        args = list(arguments)
        for i, x in zip(wrt, given):
            args[i] = x
        results = forward.program(*args)
        return [results[i] for i in zs]

    def pulled(given, cotangents):
        return jax.vjp(outputs, *given)[1](cotangents)

    given = [arguments[i] for i in wrt]
    cotangents = [jax.numpy.asarray(z) for z in zs.values()]
    scale = 1.0 if primitive in ABSOLUTE else 0.0
    tried = Worst()
    compare(tried, name, jax.jit(pulled)(given, cotangents), gs, scale)
    if tried.wrong:
        # The same derivative, one operation at a time: what differs from it is what the compiler has made.
        again = Worst()
        compare(again, name, pulled(given, cotangents), gs, scale)
        if not again.wrong:
            worst.compiled.append(tried.wrong[0])
            tried = again
    worst.take(tried)


def compare(worst, name, found, expected, scale):
    for y, (i, g) in zip(found, expected.items()):
        worst.compare(name, "jax.grad", i, y, g, 256 * UNITS, False, scale)


# Maps that are linear in an operand, and others whose rounding is a part of what goes in.
LINEAR = {"sum", "sum_to", "cumsum", "log_sum_exp", "log_softmax"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("error")
    worst, start = Worst(), time.time()
    lines = [line.split() for line in (options.folder / "cases.txt").read_text().splitlines()]
    lines = [line for line in lines if options.only in line[0]]
    for name, what, _ in lines:
        try:
            check(options.folder, name, what, worst)
        except Exception as error:
            worst.wrong.append(f"{name}: {type(error).__name__}: {str(error)[:600]}")
    for what in ("value", "gradient", "jax.grad"):
        found = sorted(((units, name) for (name, w), units in worst.of.items() if w == what), reverse=True)
        shown = ", ".join(f"{name} {units:.3g}" for units, name in found[:8])
        exact = sum(units == 0 for units, _ in found)
        print(f"{what}: {len(found)} cases, {exact} bit for bit; most units in the last place: {shown}")
    for text in worst.compiled:
        print(f"right one operation at a time, and compiled by XLA to something else: {text}")
    print(f"{len(lines)} cases, {worst.compared} arrays, {time.time() - start:.0f} s")
    if worst.wrong:
        print("\n".join(worst.wrong))
        sys.exit(f"{len(worst.wrong)} differ")


if __name__ == "__main__":
    main()
