"""Writes BENCHMARKS.md: `report.py RESULTS VERSIONS > BENCHMARKS.md`."""

import datetime
import platform
import sys
from statistics import median

from agreement import comparisons
from results import read, seconds

rates = lambda n: "1 rate" if n == 1 else f"{n} rates"

# Comparators that are in the package pytorch_optimizer …
PUBLISHED = ["SOAP, f = 1", "SOAP, f = 10", "GaLore, rank 8", "Muon"]
# … and those that are written in plain PyTorch.
COMPARATORS = [
    *PUBLISHED,
    "Shampoo, f = 1",
    "Shampoo, f = 10",
    "VectorAdam",
    "full-matrix Adagrad",
    "full-matrix Adagrad, ε outside",
]

# Job, case, what it is called, peer, the peer's case, how many of those make up ours, ratio to
# reach.
ROWS = [
    ("a", "sweep", "(a) least squares, 600 runs", "JAX", "sweep", 1, 2.0),
    *[
        ("b", f"lanes: {n}", f"(b) linear network, {rates(n)}", "JAX", f"lanes: {n}", 1, goal)
        for n, goal in ((1, None), (16, 1.5), (64, 1.5))
    ],
    ("b", "lanes: 64", "(b) linear network, 64 rates", "PyTorch", "lanes: 1", 64, 10.0),
    *[
        ("c", f"lanes: {n}", f"(c) digits, {rates(n)}", "JAX", f"lanes: {n}", 1, goal)
        for n, goal in ((1, None), (16, 3.0), (80, 3.0))
    ],
    ("c", "lanes: 80", "(c) digits, 80 rates", "PyTorch", "lanes: 1", 80, 15.0),
    ("d", "sampling", "(d) sampling gradients", "JAX", "sampling", 1, 5.0),
    (
        "d",
        "sampling",
        "(d) the same, without JAX's drawing of parameters",
        "JAX",
        "sampling, parameters given",
        1,
        None,
    ),
    (
        "d",
        "sampling and Gram matrix",
        "(d) sampling and Gram matrix",
        "JAX",
        "sampling and Gram matrix",
        1,
        None,
    ),
    *[
        ("d", f"eigenbasis {n}", f"(d) eigenbasis, d = {n}", "NumPy", f"eigenbasis {n}", 1, 1.0)
        for n in (2300, 4000)
    ],
    ("f", "digits", "(f) digits experiment, two threads", "one thread", "digits", 1, 1.8),
    ("f", "lsq", "(f) least-squares experiment, two threads", "one thread", "lsq", 1, 1.8),
    *[
        ("g", f"{m}, lanes: 16", f"(g) {m}, 16 rates", "PyTorch", f"{m}, lanes: 1", 16, 4.0)
        for m in COMPARATORS
    ],
]
START_UP = 0.020
SHARE, RATE = 0.75, 0.80


def processor():
    with open("/proc/cpuinfo") as file:
        fields = (line.split(":", 1) for line in file if ":" in line)
        names = [value.strip() for key, value in fields if key.strip() == "model name"]
    return names[0] if names else platform.machine()


def number(x):
    return f"{x:.3g}" if x < 100 else f"{x:.0f}"


def spread(times, factor=1):
    low, middle, high = (number(factor * f(times)) for f in (min, median, max))
    return f"{middle} ({low}–{high})"


def verdict(reached):
    return "yes" if reached else "no"


def ratios(measurements):
    yield "| job | ours, s | peer | peer, s | ratio | to reach | reached | runs |"
    yield "|---|---|---|---|---|---|---|---|"
    for job, case, name, peer, peer_case, times, goal in ROWS:
        ours = seconds(measurements, job, case, "egop")
        theirs = seconds(measurements, job, peer_case, peer)
        if not ours or not theirs:
            continue
        ratio = times * median(theirs) / median(ours)
        peer = peer if times == 1 else f"{peer}, {times} × one run"
        wanted = ["", ""] if goal is None else [f"≥ {goal:g}", verdict(ratio >= goal)]
        runs = min(len(ours), len(theirs))
        cells = [name, spread(ours), peer, spread(theirs, times), f"{ratio:.2f}", *wanted]
        yield "| " + " | ".join([*cells, str(runs)]) + " |"


def products(measurements):
    with_products = [m for m in measurements if m.get("products")]
    if not with_products:
        return
    yield ""
    yield "## Products with V"
    yield ""
    yield (
        f"Their share of the time of training (to reach: {SHARE:.0%}) and their rate against that "
        f"of a 2304³ product in the same process (to reach: {RATE:.0%}); medians and extremes."
    )
    yield ""
    yield "| job | share of the time, % | their rate, GFLOP/s | 2304³, GFLOP/s | of it, % | reached |"
    yield "|---|---|---|---|---|---|"
    cases = dict.fromkeys((m["job"], m["case"]) for m in with_products)
    for job, case in cases:
        all_of = [m for m in with_products if (m["job"], m["case"]) == (job, case)]
        share = [100 * m["products"]["seconds"] / m["seconds"] for m in all_of]
        rate = [m["products"]["gflops"] for m in all_of]
        reference = [m["products"]["reference_gflops"] for m in all_of]
        relative = [100 * a / b for a, b in zip(rate, reference)]
        reached = median(share) >= 100 * SHARE and median(relative) >= 100 * RATE
        cells = [f"({job}) {case}", *map(spread, (share, rate, reference, relative))]
        yield "| " + " | ".join([*cells, verdict(reached)]) + " |"


def steps(measurements):
    """What a step of one run takes, on the clock and of the processor."""

    def microseconds(method, lanes, peer, what):
        case = "g", f"{method}, lanes: {lanes}", peer
        these = [m for m in measurements if (m["job"], m["case"], m["peer"]) == case]
        return [1e6 * m[what] / m["steps"] / lanes for m in these]

    def cells(method, lanes):
        for what in ("seconds", "cpu_seconds"):
            ours = microseconds(method, lanes, "egop", what)
            theirs = microseconds(method, 1, "PyTorch", what)
            yield from (spread(ours), spread(theirs), f"{median(theirs) / median(ours):.2f}")

    if not any(m["job"] == "g" for m in measurements):
        return
    yield ""
    yield "## Steps of the comparators"
    yield ""
    yield (
        "(g) A gradient and an update of one run, in µs on the clock and of the processor; we train "
        "some rates at once, PyTorch one after the other. The digits network in singles with "
        "minibatches of 300; for full-matrix Adagrad least squares, d = 50, in doubles. "
        f"{', '.join(PUBLISHED)}: the package pytorch_optimizer's, Muon in singles instead of "
        "bfloat16. The others: plain PyTorch after their authors' code."
    )
    yield ""
    yield "| method | rates | ours | PyTorch | ratio | ours, processor | PyTorch, processor | ratio |"
    yield "|---|---|---|---|---|---|---|---|"
    for method in COMPARATORS:
        for lanes in (1, 16):
            yield "| " + " | ".join([method, str(lanes), *cells(method, lanes)]) + " |"


def start_up(measurements):
    times = seconds(measurements, "e", "start-up", "egop")
    if times:
        yield ""
        yield (
            f"(e) `egop-run --dry-run configs/lsq.toml` takes {spread(times, 1000)} ms (medians of 20 "
            f"starts, {len(times)} of them); to reach: {1000 * START_UP:g} ms: "
            f"{verdict(median(times) < START_UP)}."
        )


def agreement(measurements):
    found = list(comparisons(measurements))
    if not found:
        return
    yield ""
    yield "## Agreement"
    yield ""
    yield (
        "Relative differences between our numbers and the peers': training losses early in "
        "training (a: after a tenth of the steps, b and c: after two epochs, g: after 8 steps) and "
        "at the end (g: after a quarter of the steps); the Gram matrix's diagonal and leading "
        "eigenvalues. At large rates Adam amplifies rounding, so that single runs differ late."
    )
    yield ""
    yield "| job | peer | early, worst run | at the end, median run | at the end, worst run |"
    yield "|---|---|---|---|---|"
    for job, case, peer, early, middle, worst in found:
        yield f"| ({job}) {case} | {peer} | {early:.1e} | {middle:.1e} | {worst:.1e} |"


def main():
    measurements = read(sys.argv[1])
    with open(sys.argv[2]) as file:
        versions = file.read().split("\n")
    today = datetime.date.today().isoformat()
    print("# Benchmarks\n")
    print("Written by `scripts/compare/run`: ours and the peers in turn, in the same precision, on the")
    print("same problems; compilation and set-up are not timed. Where each ran is said below, with the")
    print("date. Times are medians with the extremes; a ratio says how many times faster we are.\n")
    print(f"{today}, {processor()}; {', '.join(filter(None, versions))}.\n")
    for part in (ratios, start_up, steps, products, agreement):
        print("\n".join(part(measurements)))


if __name__ == "__main__":
    main()
