"""Writes BENCHMARKS.md: `report.py [--processor] RESULTS VERSIONS > BENCHMARKS.md`."""

import argparse
import datetime
import platform
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

# What was reached last on a Xeon with AVX-512 and on an EPYC, which multiplies half as many numbers in a
# cycle whether or not it has AVX-512 (its fourth generation works on halves of the registers), of which
# LEAST is to be kept.
LAST = {
    "a": (2.66, 2.47),
    "b 16": (2.66, 2.24),
    "b 64": (2.57, 2.24),
    "b PyTorch": (16.0, 16.7),
    "c 80": (1.46, 1.36),
    "c PyTorch": (13.7, 10.2),
    "d sampling": (4.46, 3.75),
    "f digits": (1.81, 1.80),
    "f lsq": (1.72, 1.77),
}
LEAST = 0.95


def kept(name):
    wide, narrow = LAST[name]
    is_wide = cpuinfo("vendor_id") == "GenuineIntel" and "avx512f" in cpuinfo("flags").split()
    return round(LEAST * (wide if is_wide else narrow), 2)


def cpuinfo(name):
    with open("/proc/cpuinfo") as file:
        fields = (line.partition(":") for line in file)
        return next((said.strip() for key, _, said in fields if key.strip() == name), "")


# Job, case, what it is called, peer, the peer's case, how many of those make up ours, ratio to
# reach.
ROWS = [
    ("a", "sweep", "(a) least squares, 600 runs", "JAX", "sweep", 1, kept("a")),
    *[
        ("b", f"lanes: {n}", f"(b) linear network, {rates(n)}", "JAX", f"lanes: {n}", 1, goal)
        for n, goal in ((1, None), (16, kept("b 16")), (64, kept("b 64")))
    ],
    (
        "b",
        "lanes: 64",
        "(b) linear network, 64 rates",
        "PyTorch",
        "lanes: 1",
        64,
        kept("b PyTorch"),
    ),
    *[
        ("c", f"lanes: {n}", f"(c) digits, {rates(n)}", "JAX", f"lanes: {n}", 1, goal)
        for n, goal in ((1, None), (16, 2.0), (80, kept("c 80")))
    ],
    ("c", "lanes: 80", "(c) digits, 80 rates", "PyTorch", "lanes: 1", 80, kept("c PyTorch")),
    ("d", "sampling", "(d) sampling gradients", "JAX", "sampling", 1, kept("d sampling")),
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
        3.0,
    ),
    *[
        ("d", f"eigenbasis {n}", f"(d) eigenbasis, d = {n}", "NumPy", f"eigenbasis {n}", 1, None)
        for n in (2300, 4000)
    ],
    *[
        ("f", name, f"(f) {what} experiment, two threads", "one thread", name, 1, kept(f"f {name}"))
        for name, what in (("digits", "digits"), ("lsq", "least-squares"))
    ],
    *[
        ("g", f"{m}, lanes: 16", f"(g) {m}, 16 rates", "PyTorch", f"{m}, lanes: 1", 16, 4.0)
        for m in COMPARATORS
    ],
    *[
        (
            "h",
            f"{c}, lanes: {n}",
            f"(h) 784-100-10, {c}, {rates(n)}",
            peer,
            f"{c}, lanes: {of}",
            times,
            goal,
        )
        for c in ("original", "input")
        for n in (1, 16, 48)
        for peer, of, times, goal in (
            ("JAX", n, 1, 1.3 if n > 1 else None),
            ("PyTorch", 1, n, 1.8 if n > 1 else None),
        )
    ],
    *[
        (
            "h",
            f"{c}, lanes: {n}",
            f"(h) 784-100-10, {c}, {rates(n)}, JAX evaluating the common start once, as we do",
            "JAX",
            f"{c}, lanes: {n}, one start",
            1,
            None,
        )
        for c in ("original", "input")
        for n in (16, 48)
    ],
    *[
        (
            "i",
            f"{w}, lanes: {n}",
            f"(i) reflector, {w}, {n} lanes",
            "NumPy",
            f"{w}, lanes: {n}",
            1,
            None,
        )
        for n in (1, 16, 48)
        for w in ("forward", "adjoint")
    ],
    ("j", "reflector", "(j) reflector from 795 gradients", "PyTorch", "reflector", 1, 2.0),
    (
        "j",
        "reflector",
        "(j) the same, without PyTorch's drawing of parameters",
        "PyTorch",
        "reflector, points given",
        1,
        None,
    ),
    (
        "j",
        "reflector",
        "(j) reflector from 795 gradients, PyTorch summing up V in singles, as we do",
        "PyTorch",
        "reflector, sums in singles",
        1,
        None,
    ),
    ("j", "input", "(j) U_in from 8 gradients, data turned", "PyTorch", "input", 1, None),
    *[
        ("k", name, f"(k) {name} experiment, U_in", "the blocks' V", name, 1, 2.5)
        for name in ("digits", "fashion")
    ],
]
# Of (e), in seconds.
START_UP = 0.010
# U_in from 8 gradients with the data that it turns.
INPUT_SECONDS = 1.5
# Training in input coordinates against training in original ones.
INPUT_SHARE = 1.03


def products_goal(job, case):
    """What share of the time products are to take, and at what part of a square product's rate."""
    if job == "h":
        return 0.75, 0.85
    if job == "i":
        return None, 0.60 if case.endswith(": 16") else 0.75
    return 0.75, 0.80


def processor():
    return cpuinfo("model name") or platform.machine()


def number(x):
    return f"{x:.3g}" if x < 100 else f"{x:.0f}"


def spread(times, factor=1):
    low, middle, high = (number(factor * f(times)) for f in (min, median, max))
    return f"{middle} ({low}–{high})"


def verdict(reached):
    return "yes" if reached else "no"


def ratios(measurements, what):
    yield "| job | ours, s | peer | peer, s | ratio | to reach | reached | runs |"
    yield "|---|---|---|---|---|---|---|---|"
    for job, case, name, peer, peer_case, times, goal in ROWS:
        # Whole experiments on two threads are judged by the clock, and those in two bases are not.
        clock = {"f": "seconds", "k": "cpu_seconds"}.get(job, what)
        ours = seconds(measurements, job, case, "egop", clock)
        theirs = seconds(measurements, job, peer_case, peer, clock)
        if not ours or not theirs:
            continue
        ratio = times * median(theirs) / median(ours)
        peer = peer if times == 1 else f"{peer}, {times} × one run"
        wanted = ["", ""] if goal is None else [f"≥ {goal:g}", verdict(ratio >= goal)]
        runs = min(len(ours), len(theirs))
        cells = [name, spread(ours), peer, spread(theirs, times), f"{ratio:.2f}", *wanted]
        yield "| " + " | ".join([*cells, str(runs)]) + " |"


def plain_peers(measurements):
    """Which of two forms of a peer the goal is for."""
    if any(m["job"] in ("h", "j") for m in measurements):
        yield ""
        yield (
            "The goals of (h) and (j) are for peers in their plainest form: JAX evaluates the start of every "
            "lane, and PyTorch makes all of a reflector in doubles. In the rows that say so they do as we do."
        )


def products(measurements):
    with_products = [m for m in measurements if m.get("products")]
    if not with_products:
        return
    yield ""
    yield "## Products"
    yield ""
    yield (
        "Products with V, and in (h) those of the layers, made again by themselves: their share of "
        "the time of training and their rate against that of a 2304³ product in the same process, "
        "by the processor's time; medians and extremes."
    )
    yield ""
    yield (
        "| job | share of the time, % | to reach | their rate, GFLOP/s | 2304³, GFLOP/s | of it, % "
        "| to reach | reached |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    cases = dict.fromkeys((m["job"], m["case"]) for m in with_products)
    for job, case in cases:
        all_of = [m for m in with_products if (m["job"], m["case"]) == (job, case)]
        share = [100 * m["products"]["seconds"] / m["cpu_seconds"] for m in all_of]
        rate = [m["products"]["gflops"] for m in all_of]
        reference = [m["products"]["reference_gflops"] for m in all_of]
        relative = [100 * a / b for a, b in zip(rate, reference)]
        least_share, least_rate = products_goal(job, case)
        reached = median(relative) >= 100 * least_rate
        shares = ["", ""]
        if least_share is not None:
            reached = reached and median(share) >= 100 * least_share
            shares = [spread(share), f"≥ {100 * least_share:g}"]
        cells = [f"({job}) {case}", *shares, *map(spread, (rate, reference, relative))]
        cells += [f"≥ {100 * least_rate:g}", verdict(reached)]
        yield "| " + " | ".join(cells) + " |"


def input_coordinates(measurements, what):
    """What a rotation of the inputs costs."""
    for lanes in (1, 16, 48):
        original, turned = (
            seconds(measurements, "h", f"{c}, lanes: {lanes}", "egop", what)
            for c in ("original", "input")
        )
        if not original or not turned:
            continue
        share = median(turned) / median(original)
        goal = f"; to reach: {INPUT_SHARE:g}: {verdict(share <= INPUT_SHARE)}" if lanes > 1 else ""
        yield ""
        yield (
            f"(h) Training in input coordinates takes {share:.3f} times as long as in original ones, "
            f"{rates(lanes)}{goal}."
        )
    times = seconds(measurements, "j", "input", "egop", what)
    if times:
        yield ""
        yield (
            f"(j) U_in from 8 gradients and 70,000 rows turned by it take {spread(times)} s; to reach: "
            f"{INPUT_SECONDS:g} s: {verdict(median(times) <= INPUT_SECONDS)}."
        )


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
        "bfloat16. The others: plain PyTorch after their authors' code; Shampoo is averaged and grafted."
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
        "training (a: after a tenth of the steps, b and c: after two epochs, h: after one, g: after 8 "
        "steps) and at the end (g: after a quarter of the steps); the Gram matrix's diagonal and "
        "leading eigenvalues; entries of what a reflector made; second moments of turned inputs. "
        "At large rates Adam amplifies rounding, so that single runs differ late."
    )
    yield ""
    yield "| job | peer | early, worst run | at the end, median run | at the end, worst run |"
    yield "|---|---|---|---|---|"
    for job, case, peer, early, middle, worst in found:
        yield f"| ({job}) {case} | {peer} | {early:.1e} | {middle:.1e} | {worst:.1e} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("versions")
    parser.add_argument("--processor", action="store_true", help="processor time, not the clock's")
    args = parser.parse_args()
    measurements = read(args.results)
    with open(args.versions) as file:
        versions = file.read().split("\n")
    today = datetime.date.today().isoformat()
    what = "cpu_seconds" if args.processor else "seconds"
    print("# Benchmarks\n")
    print("Written by `scripts/compare/run`: ours and the peers in turn, in the same precision, on the")
    print("same problems; compilation and set-up are not timed. Where each ran is said below, with the")
    print("date. Times are medians with the extremes; a ratio says how many times faster we are.\n")
    if args.processor:
        print("Beside other work: times, but those of (e) and (f), are of the processor.\n")
    print(f"{today}, {processor()}; {', '.join(filter(None, versions))}.\n")
    for part in (
        ratios(measurements, what),
        plain_peers(measurements),
        start_up(measurements),
        input_coordinates(measurements, what),
        steps(measurements),
        products(measurements),
        agreement(measurements),
    ):
        print("\n".join(part))


if __name__ == "__main__":
    main()
