"""What all peers share: the command line, the problems that our benchmark wrote, result lines."""

import argparse
import json
import os
import time

import numpy as np


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices="abcdg")
    parser.add_argument("data", help="the folder to which our benchmark wrote its problems")
    return parser.parse_args()


class Problem:
    """The arrays and settings of one job."""

    def __init__(self, data, job):
        self.folder = os.path.join(data, job)
        with open(os.path.join(self.folder, "settings.json")) as file:
            self.settings = json.load(file)

    def array(self, name):
        return np.load(os.path.join(self.folder, f"{name}.npy"))

    def split(self, name):
        return self.array(f"{name}-inputs"), self.array(f"{name}-targets")


def seconds(work):
    """What the work returns, and how long it took; it must wait for its own results."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def report(peer, job, case, lanes, elapsed, early=(), last=(), **more):
    """One line for each measurement; losses in one flat list, lane after lane."""
    flat = lambda numbers: np.asarray(numbers, dtype=np.float64).ravel().tolist()
    line = {"peer": peer, "job": job, "case": case, "lanes": lanes, "seconds": elapsed}
    print(json.dumps(line | {"early": flat(early), "last": flat(last)} | more), flush=True)
