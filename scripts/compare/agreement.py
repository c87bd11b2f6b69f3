"""Whether peers reproduced our numbers: `agreement.py RESULTS`, exit code 1 where they did not.

Early losses must agree in every lane. Later, training amplifies rounding: Adam at large rates (a),
singles (b, c, g, h). There the median over the lanes must agree.
"""

import sys
from statistics import median

from results import read

# Relative differences allowed: early, worst lane; at the end, median lane.
ALLOWED = {
    "a": (1e-8, 1e-8),
    "b": (1e-2, 1e-1),
    "c": (1e-2, 1e-1),
    "d": (0.0, 1e-5),
    "g": (1e-2, 1e-1),
    "h": (1e-2, 1e-1),
    "i": (0.0, 1e-4),
    "j": (0.0, 1e-4),
}


def differences(ours, theirs):
    """Relative, lane by lane."""
    largest = [max(abs(a), abs(b)) for a, b in zip(ours, theirs, strict=True)]
    return [abs(a - b) / m if m > 0 else 0.0 for a, b, m in zip(ours, theirs, largest)]


def comparisons(measurements):
    """(job, case, peer, worst early, median at the end, worst at the end) of every peer."""
    ours = {(m["job"], m["case"]): m for m in measurements if m["peer"] == "egop"}
    seen = set()
    for one in measurements:
        key = one["job"], one["case"]
        if one["peer"] == "egop" or key not in ours or (key, one["peer"]) in seen:
            continue
        seen.add((key, one["peer"]))
        if one.get("last"):
            early = differences(ours[key]["early"], one["early"])
            last = differences(ours[key]["last"], one["last"])
            yield *key, one["peer"], max(early, default=0.0), median(last), max(last)


def main():
    failed = False
    for job, case, peer, early, middle, worst in comparisons(read(sys.argv[1])):
        allowed_early, allowed_last = ALLOWED[job]
        # Written so that NaN fails.
        agrees = early <= allowed_early and middle <= allowed_last
        failed |= not agrees
        verdict = "agrees" if agrees else "DISAGREES"
        print(
            f"{verdict}: ({job}) {case}, {peer}: early {early:.1e}, "
            f"at the end {middle:.1e} (median), {worst:.1e} (worst)",
            file=sys.stderr,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
