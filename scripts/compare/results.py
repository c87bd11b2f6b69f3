"""The measurements of a comparison: one JSON object a line."""

import json


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def seconds(measurements, job, case, peer, what="seconds"):
    """Of all repetitions, on the clock or (`cpu_seconds`) of the processor."""
    wanted = job, case, peer
    return [m[what] for m in measurements if (m["job"], m["case"], m["peer"]) == wanted]
