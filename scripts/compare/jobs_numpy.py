"""In NumPy: (d) eigenbases, by LAPACK's divide and conquer in doubles; (i) a block reflector applied
to lanes, in singles."""

import numpy as np

from jobs import Problem, arguments, report, seconds


def eigenbases(problem):
    for size in problem.settings["sizes"]:
        gram = problem.array(f"gram-{size}")
        (eigenvalues, _), elapsed = seconds(lambda: np.linalg.eigh(gram))
        report("NumPy", "d", f"eigenbasis {size}", 1, elapsed, (), eigenvalues[::-1][:100])


def reflected(vectors):
    """H and S of V = (I − 2HHᵀ) diag(S, I), whose first columns these are."""
    k = vectors.shape[1]
    a, sigma, bt = np.linalg.svd(vectors[:k])
    s = -a @ bt
    w = vectors.copy()
    w[:k] -= s
    h = w @ (bt.T / np.sqrt(2 + 2 * sigma)) @ bt
    return h.astype(np.float32), s.astype(np.float32)


def reflector(problem):
    settings = problem.settings
    h, s = reflected(problem.array("vectors"))
    k = h.shape[1]

    def forward(z):
        x = z.copy()
        x[:, :k] = z[:, :k] @ s.T
        x -= 2 * (x @ h) @ h.T
        return x

    def adjoint(g):
        y = g - 2 * (g @ h) @ h.T
        y[:, :k] = y[:, :k] @ s
        return y

    for lanes in settings["lanes"]:
        rows = problem.array("lanes")[:lanes]
        for way in (forward, adjoint):
            result = way(rows)
            repeated = lambda: [way(rows) for _ in range(settings["repetitions"])][-1]
            result, elapsed = seconds(repeated)
            last = result[:, :: settings["compared"]]
            report("NumPy", "i", f"{way.__name__}, lanes: {lanes}", lanes, elapsed, (), last)


def main():
    args = arguments()
    problem = Problem(args.data, args.job)
    {"d": eigenbases, "i": reflector}[args.job](problem)


if __name__ == "__main__":
    main()
