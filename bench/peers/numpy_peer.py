"""NumPy with derivatives written by hand, and HIPS autograd. Usage: numpy_peer.py THREADS (the environment sets them).

Of HIPS autograd W5 is left out, whose lists cost it a square of their length, and W9, at more than ten seconds a step."""
import autograd.numpy as anp
import numpy as np
from autograd import grad, value_and_grad

import harness
from harness import Job, number, projected


def w3_data():
    x = harness.array(harness.X, (1, 3), 1.0, np.float64)
    y = harness.array(harness.TARGETS, (1, 4), 1.0, np.float64)
    return x, y, harness.layers([3, 2, 3, 4], np.float64)


def w3_by_hand():
    x, y, start = w3_data()

    def gradients(p):
        a, z = [x], []
        for i in (0, 2, 4):
            z.append(a[-1] @ p[i] + p[i + 1])
            a.append(np.arctan(z[-1]) / np.pi + 0.5)
        d = a[-1] - y
        loss, g = 0.5 * np.sum(d * d), [None] * 6
        for i in (2, 1, 0):
            d = d / (np.pi * (1 + z[i] * z[i]))
            g[2 * i], g[2 * i + 1] = a[i].T @ d, d[0]
            d = d @ p[2 * i].T
        return float(loss), g

    return sgd(gradients, start)


def w8_by_hand():
    x, y = harness.logistic()

    def descend():
        w, b = np.zeros(30), 0.0
        for _ in range(10_000):
            d = (1.0 / (1.0 + np.exp(-(x @ w + b))) - y) / len(y)
            w = w - 0.1 * (x.T @ d + 0.01 * w)
            b = b - 0.1 * d.sum()
        z = x @ w + b
        return np.mean(np.logaddexp(0, z) - y * z) + 0.5 * 0.01 * (w @ w), w, b

    def check():
        loss, w, b = descend()
        return number("loss", loss) + projected("w", w) + projected("b", b)

    return Job(lambda: float(descend()[0]), check)


def sgd(gradients, start):
    """Steps of gradient descent; `gradients` answers with the loss and the gradients."""

    def fresh():
        box = [[p.copy() for p in start]]

        def step():
            loss, g = gradients(box[0])
            box[0] = [p - p.dtype.type(0.01) * g for p, g in zip(box[0], g)]
            return float(loss)

        return step

    return Job(fresh(), lambda: harness.trained(gradients(start)[1], fresh()))


def cross_entropy(z, rows):
    z = z - anp.max(z, axis=1, keepdims=True)
    return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(z * rows, axis=1))


def tanh_mlp(p, x, rows):
    return cross_entropy(anp.dot(anp.tanh(anp.dot(x, p[0]) + p[1]), p[2]) + p[3], rows)


def w2():
    x, rows = harness.features(32, 64), np.eye(10, dtype=np.float32)[harness.labels(32)]
    return sgd(value_and_grad(lambda p: tanh_mlp(p, x, rows)), harness.layers([64, 32, 10]))


def w3():
    x, y, start = w3_data()

    def loss(p):
        h = x
        for i in (0, 2, 4):
            h = anp.arctan(anp.dot(h, p[i]) + p[i + 1]) / np.pi + 0.5
        return 0.5 * anp.sum((h - y) ** 2)

    return sgd(value_and_grad(loss), start)


def w6():
    x, a = harness.array(harness.X, (1_000_000,), 3.0), np.float32(0.7)
    compute = value_and_grad(lambda x: anp.sum(anp.log(1 + anp.exp(x * a)) * anp.tanh(x) + x * x))

    def check():
        loss, g = compute(x)
        return number("loss", loss) + projected("x", g)

    return Job(lambda: float(compute(x)[0]), check)


def w7():
    x, rows = harness.features(128, 64, np.float64), np.eye(10)[harness.labels(128)]
    p, v = harness.layers([64, 64, 10], np.float64), harness.directions()
    gradient = grad(lambda p: tanh_mlp(p, x, rows))
    product = grad(lambda p: sum(anp.sum(g * d) for g, d in zip(gradient(p), v)))
    check = lambda: [n for i, a in enumerate(product(p)) for n in projected(f"hv{i}", a)]
    return Job(lambda: float(product(p)[0][0, 0]), check)


harness.serve({
    "W2:hips-autograd": w2,
    "W3:numpy-by-hand": w3_by_hand,
    "W3:hips-autograd": w3,
    "W6:hips-autograd": w6,
    "W7:hips-autograd": w7,
    "W8:numpy-by-hand": w8_by_hand,
})
