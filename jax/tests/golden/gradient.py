"""A program of 14 nodes, written by autodiff-jax 0.1.0 for JAX."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)
F = np.float64  # reals
I = np.int32  # indices
PRECISION = lax.Precision.HIGHEST  # of products

# Name, kind and shape of each input and output, and what indices are less than.
INPUTS = [
    ("x", "real", (3, 2)),
    ("0.weight", "real", (2,)),
]
OUTPUTS = [
    ("loss", "real", ()),
    ("", "real", (2,)),
]
BOUNDS = {}


def _strong_mul(a, b):
    """a·b; 0 where that is NaN and a factor is 0."""
    y = a * b
    return jnp.where(jnp.isnan(y) & ((a == 0) | (b == 0)), F(0), y)


def program(x, v1):
    # x: f64[3, 2]
    # v1: f64[2] `0.weight`
    v2 = jnp.matmul(x, v1, precision=PRECISION)  # f64[3]  in model
    v3 = jnp.asarray(np.array([1.0, -0.0, np.inf], F).reshape((3,)))  # f64[3]  in model
    v4 = v2 - v3  # f64[3]  in model
    v5 = jnp.logaddexp(v4, F(0))  # f64[3]  in model
    loss = jnp.sum(v5, axis=(0,), keepdims=False)  # f64[]  in model
    v7 = jnp.full((), 1.0, F)  # f64[]
    v8 = v7.reshape((1,))  # f64[1]  in model
    v9 = jnp.broadcast_to(v8, (3,))  # f64[3]  in model
    v10 = lax.logistic(v4)  # f64[3]  in model
    v11 = _strong_mul(v9, v10)  # f64[3]  in model
    v12 = lax.transpose(x, (1, 0))  # f64[2, 3]  in model
    v13 = jnp.matmul(v12, v11, precision=PRECISION)  # f64[2]  in model
    return (loss, v13)


def key(number):
    """A random key, from an integer below 2⁶⁴."""
    return np.uint64(number)


def fold_in(number, index):
    """The key number `index` of those derived from the key `number`, on the host."""
    mask = (1 << 64) - 1

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    gamma = 0x9E3779B97F4A7C15
    return mix((mix((number + gamma) & mask) + gamma * index) & mask)


def check(arguments):
    """The arguments as arrays of the program's types; an error for a wrong shape or an index out of range."""
    if len(arguments) != len(INPUTS):
        raise ValueError(f"the program has {len(INPUTS)} inputs, got {len(arguments)}")
    checked = []
    for i, (value, (name, kind, shape)) in enumerate(zip(arguments, INPUTS)):
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(f"input {i} `{name}` should have the shape {shape}, not {array.shape}")
        if kind == "index" and array.size:
            bound = BOUNDS.get(i, 1 << 31)
            if array.min() < 0 or array.max() >= bound:
                raise IndexError(f"input {i} `{name}`: the index {array[(array < 0) | (array >= bound)][0]} is out of "
                                 f"range: it should be from 0 to {bound - 1}")
        checked.append(array.astype({"real": F, "index": I, "key": np.uint64}[kind]))
    return checked


def run(*arguments):
    """The program on arrays of NumPy, compiled."""
    results = jax.jit(program)(*check(arguments))
    types = {"real": F, "index": I, "key": np.uint64}
    assert all(y.dtype == types[kind] for y, (_, kind, _) in zip(results, OUTPUTS)), "jax_enable_x64 was switched off"
    return results
