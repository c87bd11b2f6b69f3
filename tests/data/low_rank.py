"""Writes low_rank.json: trajectories of least squares with a few orthonormal directions of their own,
in NumPy from matrices written down, to compare with.

f(theta) = |A theta - y|^2 / 2 and theta = J z, trained by Adam or Adagrad from z = J^T theta0 with
J = [V, I - V V^T] (auxiliary, the variables of V first) or J = V (reduced).

    python3 low_rank.py > low_rank.json
"""

import json
import sys

import numpy as np

ROWS, PARAMETERS, DIRECTIONS, STEPS, RATE = 15, 8, 3, 20, 0.05


def adam(state, gradient, step):
    mean, square = state or (0.0, 0.0)
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.999 * square + 0.001 * gradient**2
    corrected = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    return (mean, square), corrected[0] / (np.sqrt(corrected[1]) + 1e-8)


def adagrad(state, gradient, step):
    total = (0.0 if state is None else state) + gradient**2
    return total, gradient / (np.sqrt(total) + 1e-10)


def run(a, y, j, theta0, update):
    z, state, steps = j.T @ theta0, None, []
    for step in range(1, STEPS + 1):
        gradient = j.T @ (a.T @ (a @ (j @ z) - y))
        state, direction = update(state, gradient, step)
        z = z - RATE * direction
        residual = a @ (j @ z) - y
        steps.append({"z": list(z), "theta": list(j @ z), "loss": residual @ residual / 2})
    return steps


def main():
    rng = np.random.default_rng(20260)
    a = rng.normal(size=(ROWS, PARAMETERS)) / np.arange(1, PARAMETERS + 1)
    y, theta0 = rng.normal(size=ROWS), rng.normal(size=PARAMETERS)
    v, _ = np.linalg.qr(rng.normal(size=(PARAMETERS, DIRECTIONS)))
    maps = {"auxiliary": np.hstack([v, np.eye(PARAMETERS) - v @ v.T]), "reduced": v}
    optimizers = {"adam": adam, "adagrad": adagrad}
    json.dump(
        {
            "note": __doc__,
            "numpy": np.__version__,
            "A": a.tolist(),
            "y": list(y),
            "V": v.tolist(),
            "theta0": list(theta0),
            "rate": RATE,
            "runs": [
                {"map": name, "optimizer": of, "steps": run(a, y, j, theta0, update)}
                for name, j in maps.items()
                for of, update in optimizers.items()
            ],
        },
        sys.stdout,
        indent=1,
    )
    print()


main()
