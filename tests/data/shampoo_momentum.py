"""Writes shampoo_momentum.json: trajectories of Shampoo with momentum, in NumPy, in double precision, on
the problems of comparators.json and mlp.json, and with the keys of comparators.json.

L <- L + G G^T, R <- R + G^T G, b <- mu b + G, W <- W - eta (L + eps I)^p b (R + eps I)^p with p = -1/4;
a vector has one factor and p = -1/2. Powers are renewed in step 1 and where the step is a multiple of
update_every. This is the optimizer of its authors, `tf.contrib.opt.ShampooOptimizer` of TensorFlow 1,
with gbar_decay = mu and gbar_weight = 1. `agreement` compares a second form of it: powers by singular
values, and b as the sum of mu^(t - s) G_s over all steps s.

    python3 shampoo_momentum.py > shampoo_momentum.json
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
STEPS, WRITTEN = 40, (1, 2, 5, 10, 20, 40)


def read(name):
    return json.loads((HERE / name).read_text())


def log_sum_exp(convex, shape):
    a, y = np.array(convex["A"]), np.array(convex["y"])

    def value_and_gradients(theta):
        (w,) = theta
        residual = a @ w.reshape(-1) - y
        powers = residual**2
        weights = np.exp(powers - powers.max())
        total = weights.sum()
        gradient = a.T @ (2 * residual * weights / total)
        return powers.max() + np.log(total), [gradient.reshape(shape)]

    return value_and_gradients, [np.array(convex["theta0"]).reshape(shape)]


def network(problem):
    x, y = np.array(problem["X"]), np.array(problem["y"]).astype(int)

    def value_and_gradients(theta):
        w1, b1, w2, b2 = theta
        before = x @ w1.T + b1
        hidden = np.maximum(before, 0)
        scores = hidden @ w2.T + b2
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(shares[np.arange(len(y)), y]).mean()
        shares[np.arange(len(y)), y] -= 1
        shares /= len(y)
        back = (shares @ w2) * (before > 0)
        return loss, [back.T @ x, back.sum(axis=0), shares.T @ hidden, shares.sum(axis=0)]

    return value_and_gradients, [np.array(problem[name]) for name in ("W1", "b1", "W2", "b2")]


def by_eigenvectors(matrix, power):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**power) @ vectors.T


def by_singular_values(matrix, power):
    left, values, _ = np.linalg.svd(matrix)
    return (left * values**power) @ left.T


def run(problem, lr, mu, eps, every, power_of, summed):
    value_and_gradients, theta = problem
    theta = [w.copy() for w in theta]
    factors = [[eps * np.eye(n) for n in w.shape] for w in theta]
    powers = [[None] * w.ndim for w in theta]
    buffers, history = [np.zeros_like(w) for w in theta], []
    losses, iterates = [], {}
    for step in range(1, STEPS + 1):
        loss, gradients = value_and_gradients(theta)
        losses.append(loss)
        history.append(gradients)
        for k, g in enumerate(gradients):
            grams = [np.outer(g, g)] if g.ndim == 1 else [g @ g.T, g.T @ g]
            for side, gram in enumerate(grams):
                factors[k][side] = factors[k][side] + gram
                if step == 1 or step % every == 0:
                    powers[k][side] = power_of(factors[k][side], -0.5 / g.ndim)
            buffers[k] = mu * buffers[k] + g
            b = sum(mu ** (step - 1 - s) * old[k] for s, old in enumerate(history))
            direction = powers[k][0] @ (b if summed else buffers[k])
            theta[k] = theta[k] - lr * (direction @ powers[k][1] if g.ndim == 2 else direction)
        if step in WRITTEN:
            iterates[str(step)] = np.concatenate([w.reshape(-1) for w in theta]).tolist()
    return [*losses, value_and_gradients(theta)[0]], iterates


def main():
    shape = [5, 4]
    problems = {
        "lse": (log_sum_exp(read("comparators.json")["convex"], shape), shape),
        "mlp": (network(read("mlp.json")), None),
    }
    runs = []
    for name, lr, mu, eps, every in (
        ("lse", 0.0625, 0.9, 1e-4, 1),
        ("lse", 0.0625, 0.9, 1e-4, 5),
        ("lse", 0.25, 0.5, 1e-2, 5),
        ("mlp", 0.015625, 0.9, 1e-4, 1),
        ("mlp", 0.015625, 0.9, 1e-4, 5),
    ):
        problem, read_as = problems[name]
        losses, theta = run(problem, lr, mu, eps, every, by_eigenvectors, summed=False)
        others, other = run(problem, lr, mu, eps, every, by_singular_values, summed=True)
        settings = {"eps": eps, "update_every": every, "start": 1, "momentum": mu}
        settings |= {"beta1": 0.0, "beta2": 1.0, "exponent": None, "graft": None}
        agreement = {
            "loss": max(abs(a - b) / abs(a) for a, b in zip(losses, others, strict=True)),
            "theta": max(np.abs(np.subtract(theta[s], other[s])).max() for s in theta),
        }
        runs.append(
            {"method": "shampoo", "problem": name, "shape": read_as, "lr": lr}
            | {"settings": settings, "losses": losses, "theta": theta, "agreement": agreement}
        )
    json.dump({"note": __doc__, "numpy": np.__version__, "runs": runs}, sys.stdout, indent=1)
    print()


main()
