"""Whole programs, timed from outside: `programs.py JOB egop-run`; prints result lines as the jobs
do. (e) is the start-up, (f) whole experiments on one thread and on two, (k) whole experiments with
a rotation of the inputs in the place of a dense V of each block, in processor time."""

import argparse
import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
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

# Whole: what a trial takes is the same in any number of them.
BASES = {"digits": [], "fashion": ["--set", "trials=2"]}
FEW = ["trials=1", "training.epochs=2", "egop.samples_per_parameter=0.1"]
QUICK_BASES = {name: [word for key in FEW for word in ("--set", key)] for name in BASES}
INPUT = ["--set", 'coordinates.reparameterized={ basis = "input" }']


def seconds(command, cores):
    """On the clock, and of the processor."""
    # This thread's, which the program inherits.
    os.sched_setaffinity(0, cores)
    start = time.perf_counter()
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(program.pid, 0)
    clock = time.perf_counter() - start
    # Python asks no more for what is known here.
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, command)
    return clock, usage.ru_utime + usage.ru_stime


def report(peer, job, case, elapsed):
    clock, processor = elapsed
    line = {"peer": peer, "job": job, "case": case, "lanes": 1}
    print(json.dumps(line | {"seconds": clock, "cpu_seconds": processor}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices="efk")
    parser.add_argument("program")
    parser.add_argument("--cores", required=True, help="two of them: 0,1")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    cores = [int(core) for core in args.cores.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        if args.job == "e":
            command = [args.program, "--dry-run", "configs/lsq.toml", "--out", f"{folder}/none"]
            starts = [seconds(command, cores[:1]) for _ in range(STARTS)]
            report("egop", "e", "start-up", map(median, zip(*starts)))
            return
        if args.job == "k":
            # Each on a core of its own, the longest first: the processor's time is judged.
            free = SimpleQueue()
            for core in cores:
                free.put(core)

            def measure(peer, basis, name, settings):
                core = free.get()
                out = ["--out", f"{folder}/{name}-{len(basis)}", "--quiet", "-j", "1"]
                command = [args.program, f"configs/{name}.toml", *settings, *basis, *out]
                try:
                    return peer, "k", name, seconds(command, [core])
                finally:
                    free.put(core)

            with ThreadPoolExecutor(len(cores)) as pool:
                done = [
                    pool.submit(measure, peer, basis, name, settings)
                    for peer, basis in (("the blocks' V", []), ("egop", INPUT))
                    for name, settings in (QUICK_BASES if args.quick else BASES).items()
                ]
                try:
                    for one in done:
                        report(*one.result())
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
            return
        for name, settings in (QUICK if args.quick else EXPERIMENTS).items():
            for threads, peer in ((1, "one thread"), (2, "egop")):
                out = ["--out", f"{folder}/{name}-{threads}", "--quiet", "-j", str(threads)]
                command = [args.program, f"configs/{name}.toml", *settings, *out]
                report(peer, "f", name, seconds(command, cores[:threads]))


if __name__ == "__main__":
    main()
