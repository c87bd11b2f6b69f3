"""What all peers share: the command line, the problems that our benchmark wrote, result lines."""

import argparse
import json
import os
import time

import numpy as np


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices="abcdghij")
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


def inputs_turned(splits, start, rotation, hidden):
    """Data, and a network's start, in the coordinates of its inputs: W x = (W U) (Uᵀ x)."""
    features = rotation.shape[0]
    splits = {name: (x @ rotation, y) for name, (x, y) in splits.items()}
    first = start[: hidden * features].reshape(hidden, features) @ rotation
    start = start.copy()
    start[: first.size] = first.ravel()
    return splits, start


def seconds(work):
    """What the work returns, and how long it took; it must wait for its own results."""
    before, start = time.process_time(), time.perf_counter()
    result = work()
    clock, processor = time.perf_counter() - start, time.process_time() - before
    return result, {"seconds": clock, "cpu_seconds": processor}


def report(peer, job, case, lanes, elapsed, early=(), last=(), **more):
    """One line for each measurement; losses in one flat list, lane after lane."""
    flat = lambda numbers: np.asarray(numbers, dtype=np.float64).ravel().tolist()
    line = {"peer": peer, "job": job, "case": case, "lanes": lanes} | elapsed
    print(json.dumps(line | {"early": flat(early), "last": flat(last)} | more), flush=True)
