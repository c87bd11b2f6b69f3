"""Eigenbases by NumPy (LAPACK's divide and conquer, in doubles)."""

import numpy as np

from jobs import Problem, arguments, report, seconds


def main():
    args = arguments()
    problem = Problem(args.data, args.job)
    for size in problem.settings["sizes"]:
        gram = problem.array(f"gram-{size}")
        (eigenvalues, _), elapsed = seconds(lambda: np.linalg.eigh(gram))
        report("NumPy", args.job, f"eigenbasis {size}", 1, elapsed, (), eigenvalues[::-1][:100])


if __name__ == "__main__":
    main()
