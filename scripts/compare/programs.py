"""Whole programs, timed from outside: `programs.py JOB egop-run`; prints result lines as the jobs
do. (e) is the start-up, (f) whole experiments on one thread and on two."""

import argparse
import json
import os
import subprocess
import tempfile
import time
from statistics import median

STARTS = 20
# Short forms of experiments, with an even number of trials: each is about 20 s on one core.
EXPERIMENTS = {
    "digits": ["--set", "trials=4", "--set", "training.epochs=12"],
    "lsq": ["--set", "trials=50"],
}
QUICK = {
    "digits": ["--set", "trials=2", "--set", "training.epochs=1"],
    "lsq": ["--set", "trials=4"],
}


def seconds(command, cores):
    start = time.perf_counter()
    pin = lambda: os.sched_setaffinity(0, cores)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, preexec_fn=pin)
    return time.perf_counter() - start


def report(peer, job, case, elapsed):
    line = {"peer": peer, "job": job, "case": case, "lanes": 1, "seconds": elapsed}
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices="ef")
    parser.add_argument("program")
    parser.add_argument("--cores", required=True, help="two of them: 0,1")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    cores = [int(core) for core in args.cores.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        if args.job == "e":
            command = [args.program, "--dry-run", "configs/lsq.toml", "--out", f"{folder}/none"]
            starts = [seconds(command, cores[:1]) for _ in range(STARTS)]
            report("egop", "e", "start-up", median(starts))
            return
        for name, settings in (QUICK if args.quick else EXPERIMENTS).items():
            for threads, peer in ((1, "one thread"), (2, "egop")):
                out = ["--out", f"{folder}/{name}-{threads}", "--quiet", "-j", str(threads)]
                command = [args.program, f"configs/{name}.toml", *settings, *out]
                report(peer, "f", name, seconds(command, cores[:threads]))


if __name__ == "__main__":
    main()
