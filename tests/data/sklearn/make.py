"""Writes `references.txt`: for ten splits of two data sets, the rows of the test part, and what scikit-learn finds on the others.

A line is a name and numbers. `cancer` and `diabetes` have the rows of a test part. `l1` and `l2` have the least cost
log-loss + 1/(2n)·Σ|w|ᵖ of logistic regression on the standardised training part, and the accuracy on the test part. `r2` has R²
of linear regression on the test part.
"""

import numpy as np
import sklearn
import sklearn.datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss

print(sklearn.__version__)
lines = []


def splits(n):
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(n)
        yield np.sort(order[: n // 5]), np.sort(order[n // 5 :])


def line(name, numbers):
    lines.append(" ".join([name, *map(repr, numbers)]))


x, y = sklearn.datasets.load_breast_cancer(return_X_y=True)
y = 1 - y  # Malignant is 1.
for test, train in splits(len(x)):
    line("cancer", test.tolist())
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    scaled = (x - mean) / deviation
    # scikit-learn minimises C·Σ log-loss + ½‖w‖² or ‖w‖₁; divided by C·n, the weights of the penalties are 1/(2n) at C = 1 or 2.
    for name, p, model in (
        ("l1", 1, LogisticRegression(l1_ratio=1, C=2, solver="saga", tol=1e-10, max_iter=2_000_000)),
        ("l2", 2, LogisticRegression(C=1, tol=1e-12, max_iter=100_000)),
    ):
        model.fit(scaled[train], y[train])
        loss = log_loss(y[train], model.predict_proba(scaled[train])[:, 1])
        cost = loss + np.sum(np.abs(model.coef_) ** p) / (2 * len(train))
        line(name, [float(cost), float(model.score(scaled[test], y[test]))])
        print(name, cost, model.n_iter_)

x, y = sklearn.datasets.load_diabetes(return_X_y=True, scaled=False)
for test, train in splits(len(x)):
    line("diabetes", test.tolist())
    line("r2", [float(LinearRegression().fit(x[train], y[train]).score(x[test], y[test]))])

with open("references.txt", "w") as file:
    print(*lines, sep="\n", file=file)
