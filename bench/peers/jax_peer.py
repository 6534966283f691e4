"""JAX, compiled. Usage: jax_peer.py THREADS (the environment sets the number of threads)."""
import math
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import harness
from harness import Job, number, projected

jax.config.update("jax_enable_x64", True)


def cross_entropy(z, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))


def mlp(p, x, activation):
    for i in range(0, len(p), 2):
        x = x @ p[i] + p[i + 1]
        if i + 2 < len(p):
            x = activation(x)
    return x


def sgd(p, g, s):
    return jax.tree.map(lambda p, g: p - jnp.asarray(0.01, p.dtype) * g, p, g), s


def adam_state(p):
    zeros = lambda: jax.tree.map(jnp.zeros_like, p)
    return zeros(), zeros(), jnp.asarray(0)


def adam(p, g, s):
    b1, b2, rate, eps = 0.9, 0.999, 1e-3, 1e-8
    m, v, t = s
    t = t + 1
    m = jax.tree.map(lambda m, g: (b1 * m + (1 - b1) * g).astype(m.dtype), m, g)
    v = jax.tree.map(lambda v, g: (b2 * v + (1 - b2) * g * g).astype(v.dtype), v, g)
    c1, c2 = (1 - b1**t).astype(jnp.float32), (1 - b2**t).astype(jnp.float32)
    p = jax.tree.map(lambda p, m, v: (p - rate * (m / c1) / (jnp.sqrt(v / c2) + eps)).astype(p.dtype), p, m, v)
    return p, (m, v, t)


def compiled(f, *args, donate=()):
    """`f` compiled for `args`, and the seconds that took."""
    start = time.perf_counter()
    return jax.jit(f, donate_argnums=donate).lower(*args).compile(), time.perf_counter() - start


def training(loss, p, update, state=None, extra=(), fixed=None):
    """Whole steps as one program, which overwrites parameters and state. `loss` takes the parameters and `extra`, which
    it may answer with anew (a random key); `fixed` is the loss that is compared, where that is another one."""
    state = () if state is None else state

    def program(p, s, e):
        (l, e), g = jax.value_and_grad(loss, has_aux=True)(p, *e)
        return (l, *update(p, g, s), e)

    def start(program):
        copies = jax.tree.map(jnp.array, (p, state, extra))
        run, seconds = compiled(program, *copies, donate=(0, 1))
        box = list(copies)

        def step():
            l, *box[:] = run(*box)
            return float(l)

        return step, seconds

    step, seconds = start(program)

    def check():
        if fixed is None:
            return harness.trained(jax.jit(jax.grad(loss, has_aux=True))(p, *extra)[0], start(program)[0])

        def known(p, s, e):
            l, g = jax.value_and_grad(fixed)(p)
            return (l, *update(p, g, s), e)

        return harness.trained(jax.jit(jax.grad(fixed))(p), start(known)[0])

    return Job(step, check, seconds)


def pure(f, args, read, check):
    run, seconds = compiled(f, *args)
    return Job(lambda: float(read(run(*args))), lambda: check(run(*args)), seconds)


def arrays(numpy):
    return [jnp.asarray(a) for a in numpy]


def w1():
    x, y = jnp.asarray(harness.features(256, 784)), jnp.asarray(harness.labels(256))
    p = arrays(harness.layers([784, 1024, 1024, 10]))
    return training(lambda p: (cross_entropy(mlp(p, x, jax.nn.relu), y), ()), p, adam, adam_state(p))


def w2():
    x, y = jnp.asarray(harness.features(32, 64)), jnp.asarray(harness.labels(32))
    p = arrays(harness.layers([64, 32, 10]))
    return training(lambda p: (cross_entropy(mlp(p, x, jnp.tanh), y), ()), p, sgd)


def w3():
    x = jnp.asarray(harness.array(harness.X, (1, 3), 1.0, np.float64))
    y = jnp.asarray(harness.array(harness.TARGETS, (1, 4), 1.0, np.float64))
    squash = lambda z: jnp.arctan(z) / jnp.pi + 0.5
    loss = lambda p: (0.5 * jnp.sum((squash(mlp(p, x, squash)) - y) ** 2), ())
    return training(loss, arrays(harness.layers([3, 2, 3, 4], np.float64)), sgd)


def w4():
    x = jnp.asarray(harness.array(harness.X, (64, 1, 32, 32), math.sqrt(3.0)))
    y = jnp.asarray(harness.labels(64))
    p = arrays([harness.windows(0, 1, 6), np.zeros(6, np.float32), harness.windows(1, 6, 16), np.zeros(16, np.float32)])
    for i, (m, n) in enumerate([(576, 120), (120, 84), (84, 10)]):
        p += arrays([harness.weights(2 + i, m, n), np.zeros(n, np.float32)])

    def images(x, w, b):
        z = lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"))
        z = jax.nn.relu(z + b[:, None, None])
        return lax.reduce_window(z, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(p):
        z = images(images(x, p[0], p[1]), p[2], p[3]).reshape(64, -1)
        return cross_entropy(mlp(p[4:], z, jax.nn.relu), y), ()

    return training(loss, p, sgd)


def w5():
    x = jnp.asarray(harness.array(harness.X, (32, 32), 1.0))
    w = jnp.stack([harness.weights(i, 32, 32) for i in range(1000)])
    b = jnp.zeros((1000, 32), jnp.float32)

    def loss(p):
        return jnp.sum(lax.scan(lambda h, wb: (jnp.tanh(h @ wb[0] + wb[1]), None), x, p)[0])

    def check(result):
        numbers = number("loss", result[0])
        for i in (0, 500, 999):
            numbers += projected(f"w{i}", result[1][0][i]) + projected(f"b{i}", result[1][1][i])
        return numbers

    return pure(jax.value_and_grad(loss), ((w, b),), lambda r: r[0], check)


def w6():
    x, a = jnp.asarray(harness.array(harness.X, (1_000_000,), 3.0)), jnp.float32(0.7)
    loss = lambda x, a: jnp.sum(jnp.log(1 + jnp.exp(x * a)) * jnp.tanh(x) + x * x)
    check = lambda r: number("loss", r[0]) + projected("x", r[1])
    return pure(jax.value_and_grad(loss), (x, a), lambda r: r[0], check)


def w7(reverse):
    x, y = jnp.asarray(harness.features(128, 64, np.float64)), jnp.asarray(harness.labels(128))
    p, v = arrays(harness.layers([64, 64, 10], np.float64)), arrays(harness.directions())
    loss = lambda p: cross_entropy(mlp(p, x, jnp.tanh), y)

    def forward_over_reverse(p, v):
        return jax.jvp(jax.grad(loss), (p,), (v,))[1]

    def reverse_over_reverse(p, v):
        return jax.grad(lambda p: sum(jnp.vdot(g, d) for g, d in zip(jax.grad(loss)(p), v)))(p)

    check = lambda r: [n for i, a in enumerate(r) for n in projected(f"hv{i}", a)]
    return pure(reverse_over_reverse if reverse else forward_over_reverse, (p, v), lambda r: r[0].ravel()[0], check)


def w8(inside):
    """The ten thousand steps inside the compiled program, or called from Python one by one."""
    x, y = map(jnp.asarray, harness.logistic())

    def loss(p):
        z = x @ p[0] + p[1]
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z) + 0.5 * 0.01 * jnp.sum(p[0] ** 2)

    update = lambda p: jax.tree.map(lambda p, g: p - 0.1 * g, p, jax.grad(loss)(p))
    start = lambda: (jnp.zeros(30), jnp.zeros(()))
    last = jax.jit(loss)
    last(start())
    if inside:
        run, seconds = compiled(lambda p: lax.fori_loop(0, 10_000, lambda _, p: update(p), p), start())
    else:
        one, seconds = compiled(update, start())

        def run(p):
            for _ in range(10_000):
                p = one(p)
            return p

    def check():
        p = run(start())
        return number("loss", last(p)) + projected("w", p[0]) + projected("b", p[1])

    return Job(lambda: float(last(run(start()))), check, seconds)


def w9():
    def chain(x):
        return lax.scan(lambda x, _: (x * 0.999 + jnp.sin(x) * 0.001, None), x, None, length=100_000)[0]

    return pure(jax.grad(chain), (jnp.float64(0.5),), lambda r: r, lambda r: number("slope", r))


def w10():
    x, y = jnp.asarray(harness.features(128, 256)), jnp.asarray(harness.labels(128))
    masks = [jnp.asarray(harness.mask(i, 128, 256)) for i in range(2)]
    p = arrays(harness.layers([256, 256, 256, 10]))
    # The order in which the layers list their parameters: weight, bias, scale, shift, ….
    for at in (4, 2):
        p[at:at] = [jnp.ones(256, jnp.float32), jnp.zeros(256, jnp.float32)]

    def net(p, keep):
        h = x
        for i in range(2):
            w, b, scale, shift = p[4 * i : 4 * i + 4]
            h = h @ w + b
            h = jax.nn.relu((h - h.mean(0)) * lax.rsqrt(h.var(0) + 1e-5) * scale + shift)
            h = jnp.where(keep[i], h * 2, jnp.zeros((), h.dtype))
        return cross_entropy(h @ p[8] + p[9], y)

    def loss(p, key):
        key, *keys = jax.random.split(key, 3)
        return net(p, [jax.random.bernoulli(k, 0.5, (128, 256)) for k in keys]), (key,)

    return training(loss, p, adam, adam_state(p), extra=(jax.random.key(0),), fixed=lambda p: net(p, masks))


def w11():
    arrays_, x, y = harness.transformer()
    x, y = jnp.asarray(x), jnp.asarray(y).reshape(-1)
    later = jnp.triu(jnp.ones((64, 64), bool), 1)

    def norm(x, scale, shift):
        centred = x - x.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + shift

    def block(x, p):
        z = norm(x, p[0], p[1])
        q, k, v = ((z @ p[i] + p[i + 1]).reshape(16, 64, 4, 16) for i in (2, 4, 6))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / 4
        seen = jax.nn.softmax(jnp.where(later, -jnp.inf, scores))
        x = x + jnp.einsum("bhqk,bkhd->bqhd", seen, v).reshape(16, 64, 64) @ p[8] + p[9]
        return x + jax.nn.gelu(norm(x, p[10], p[11]) @ p[12] + p[13], approximate=False) @ p[14] + p[15]

    def loss(p):
        z = block(block(p[0][x] + p[1], p[2:18]), p[18:34])
        return cross_entropy((z @ p[34] + p[35]).reshape(1024, 64), y), ()

    p = arrays(arrays_)
    return training(loss, p, adam, adam_state(p))


def w12():
    p, x = map(jnp.asarray, harness.gru()[0]), jnp.asarray(harness.gru()[1])
    p = list(p)

    def loss(p):
        def step(h, x):
            (xr, xz, xn), (ur, uz, un) = jnp.split(x, 3, axis=1), jnp.split(h @ p[2] + p[3], 3, axis=1)
            r, z = jax.nn.sigmoid(xr + ur), jax.nn.sigmoid(xz + uz)
            h = (1 - z) * jnp.tanh(xn + r * un) + z * h
            return h, h

        rows = jnp.swapaxes(x @ p[0] + p[1], 0, 1)
        return 0.5 * jnp.sum(lax.scan(step, jnp.zeros((32, 64), jnp.float32), rows)[1] ** 2)

    def check(result):
        numbers = number("loss", result[0])
        for i, g in enumerate(result[1]):
            numbers += projected(f"g{i}", g)
        return numbers

    return pure(jax.value_and_grad(loss), (p,), lambda result: result[0], check)


def w13():
    t = jnp.asarray(harness.array(harness.X, (256, 1), 3.0, np.float64))
    zero = jnp.zeros((1, 1))

    def loss(p):
        u = lambda t: mlp(p, t[None, None], jnp.tanh)[0, 0]
        residual = jax.vmap(lambda t: jax.grad(jax.grad(u))(t) + u(t))(t[:, 0])
        return jnp.mean(residual**2) + jnp.sum((mlp(p, zero, jnp.tanh) - 1) ** 2), ()

    p = arrays(harness.layers([1, 32, 32, 1], np.float64))
    return training(loss, p, adam, adam_state(p))


def w14():
    x, y = (jnp.asarray(harness.array(s, (1, n), 1.0, np.float64)) for s, n in [(harness.X, 6), (harness.TARGETS, 4)])
    loss = lambda p: (jnp.mean((mlp(p, x, jnp.tanh) - y) ** 2), ())
    return training(loss, arrays(harness.layers([6, 64, 8, 4], np.float64)), sgd)


harness.serve({
    "W1:jax": w1,
    "W2:jax": w2,
    "W3:jax": w3,
    "W4:jax": w4,
    "W5:jax-scan": w5,
    "W6:jax": w6,
    "W7:jax-fwdrev": lambda: w7(False),
    "W7:jax-revrev": lambda: w7(True),
    "W8:jax-loop": lambda: w8(True),
    "W8:jax-steps": lambda: w8(False),
    "W9-planned:jax-scan": w9,
    "W9-scan:jax-scan": w9,
    "W10:jax": w10,
    "W11:jax": w11,
    "W12:jax": w12,
    "W13:jax": w13,
    "W14:jax": w14,
})
