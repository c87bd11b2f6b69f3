#!/usr/bin/env python3
"""Trains every run of a trial again in NumPy and compares the losses with those in the tables.

    egop-run configs/lsq.toml --save-instance 0
    scripts/replay.py results/lsq

Everything comes from the results folder: settings from experiment.toml, arrays from instance/, losses
from runs.csv and curves.csv; nothing is drawn. The objectives, the maps and the optimizers are written
here once more from their formulas. Needs Python 3.11 and NumPy.

A loss may differ by TOLERANCE of the run's initial loss. By how much of itself it differs is printed too: far
below the initial loss that is more, as rounding is of what was there before, and bursts of a rate that is
nearly unstable multiply it. Left out, and counted: runs that diverged or failed, those whose
basis is estimated anew while they train, and those that a singular matrix makes depend on the solver: SOAP
and GaLore take eigenvectors of it, of which those of a repeated eigenvalue are any basis. Of eigenvalues
that are near each other rounding turns the vectors by one over their distance: a loss may differ by ROUNDING
of the initial loss over the least distance that a run meets, relative to the largest eigenvalue. And where a
run multiplies roundings, as it does at a rate that is nearly unstable or in directions of which a singular matrix
knows nothing, it is trained once more, from a start whose entries are rounded otherwise: a loss may differ by
AMPLIFIED times what that changes.

SOAP is left out where its first gradient has a null space of two dimensions or more, as that of any layer with
inputs that are always 0: a side whose gradient has full rank, or lacks one, is compared, such as that of the
outputs of a classifier (`sides` of the block).
"""
import argparse
import csv
import pathlib
import sys
import tomllib

import numpy as np

TOLERANCE = 1e-10
# Some roundings, as a decomposition of our sizes makes, and a thousand times that: 2600 steps were seen to make
# as much of them.
ROUNDING = 1e-12
# There are roundings in each step, and one at the start.
AMPLIFIED = 100
# Eigenvalues nearer to each other than this part of the largest are one: losses could differ by more than a
# ten-thousandth.
REPEATED = 1e-8


class Undetermined(Exception):
    """The numbers depend on the solver of an eigenproblem."""


# --- objectives: f and its gradient at theta, on some rows or all ---------------------------------


class Convex:
    """h(A theta)."""

    def __init__(self, kind, arrays):
        self.kind, self.A, self.y = kind, arrays("A"), arrays("y")

    def outer(self, z):
        if self.kind == "least-squares":
            r = z - self.y
            return 0.5 * r @ r, r
        if self.kind == "logistic":
            values = np.logaddexp(0, z) - self.y * z
            return values.sum(), 1 / (1 + np.exp(-z)) - self.y
        r = z - self.y
        shift = (r**2).max()
        weights = np.exp(r**2 - shift)
        return shift + np.log(weights.sum()), 2 * r * weights / weights.sum()

    def gradient(self, theta, rows=None):
        return self.A.T @ self.outer(self.A @ theta)[1]

    def losses(self, theta):
        return {"train_loss": self.outer(self.A @ theta)[0]}


class Network:
    """Layers of the given blocks; cross entropy of labels, or mean squared error."""

    def __init__(self, kind, blocks, arrays, inputs):
        self.relu, self.blocks = kind == "relu-net", blocks
        sets = {}
        for name in ("training", "validation", "test"):
            x = arrays(f"{name}-inputs")
            if x is not None:
                labels, targets = arrays(f"{name}-labels"), arrays(f"{name}-targets")
                sets[name] = x, targets if labels is None else labels.astype(int)
        mean, deviation = sets["training"][0].mean(axis=0), sets["training"][0].std(axis=0)
        move = {
            "raw": lambda x: x,
            "centred": lambda x: x - mean,
            "standardized": lambda x: (x - mean) / np.where(deviation > 0, deviation, 1),
            "rotated": lambda x: x @ arrays("rotation"),
        }[inputs]
        self.sets = {name: (move(x), y) for name, (x, y) in sets.items()}

    def layers(self, theta):
        weights, start = [], 0
        for rows, columns, bias in self.blocks:
            block = theta[start : start + rows * columns]
            start += rows * columns
            if bias:
                weights[-1][1] = block
            else:
                weights.append([block.reshape(rows, columns), 0.0])
        return weights

    def forward(self, theta, x):
        layers, activations = self.layers(theta), [x]
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W.T + b
            if self.relu and number < len(layers):
                x = np.maximum(x, 0)
            activations.append(x)
        return layers, activations

    @staticmethod
    def loss(outputs, y):
        """The loss, and its gradient with respect to the outputs."""
        if y.ndim == 2:
            r = outputs - y
            return (r**2).mean(), 2 * r / r.size
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        slopes = powers / sums
        slopes[rows, y] -= 1
        return (np.log(sums[:, 0]) - shifted[rows, y]).mean(), slopes / len(y)

    def gradient(self, theta, rows=None):
        x, y = self.sets["training"]
        if rows is not None:
            x, y = x[rows], y[rows]
        layers, activations = self.forward(theta, x)
        delta = self.loss(activations[-1], y)[1]
        parts = []
        for number in reversed(range(len(layers))):
            W, b = layers[number]
            if np.ndim(b):
                parts.append(delta.sum(axis=0))
            parts.append((delta.T @ activations[number]).ravel())
            delta = delta @ W
            if self.relu and number > 0:
                delta = delta * (activations[number] > 0)
        return np.concatenate(parts[::-1])

    def losses(self, theta):
        names = {"training": "train_loss", "validation": "validation_loss", "test": "test_loss"}
        loss = lambda x, y: self.loss(self.forward(theta, x)[1][-1], y)[0]
        return {names[name]: loss(x, y) for name, (x, y) in self.sets.items()}


# --- maps theta = J z + c of one part of the parameters -------------------------------------------


def reflector(W):
    """An orthogonal matrix whose first columns are W."""
    d, k = W.shape
    A, sigma, Bt = np.linalg.svd(W[:k])
    if sigma[-1] < 1e-10:  # which then hangs on the rounding of its null vectors
        raise Undetermined("the leading eigenvectors do not determine their complement: entries that are always 0")
    S = -A @ Bt
    H = W.copy()
    H[:k] -= S
    H = H @ (Bt.T / np.sqrt(2 + 2 * sigma)) @ Bt
    V = np.eye(d)
    V[:k, :k] = S
    return V - 2 * H @ (H.T @ V)


class Part:
    """A map of some of the parameters, from the files with this stem."""

    def __init__(self, load, complement, theta0, shape):
        V, outputs, inputs = load(""), load("-outputs"), load("-inputs")
        self.offset = 0.0
        if V is None:
            rows, columns = shape
            if inputs is not None:  # of h(A theta) all parameters are inputs
                rows, columns = rows * columns // len(inputs), len(inputs)
            sides = [np.eye(n) if U is None else U for U, n in ((outputs, rows), (inputs, columns))]
            self.J, self.sides, self.shape = None, sides, (rows, columns)
            return
        d, k = V.shape
        self.shape = (k, 1)
        if k < d and complement == "reflector":
            V = reflector(V)
            self.shape = (d, 1)
        elif k < d and complement == "auxiliary":
            V = np.hstack([V, np.eye(d) - V @ V.T])
            self.shape = (k + d, 1)
        elif k < d and complement == "frozen":
            self.offset = theta0 - V @ (V.T @ theta0)
        self.J = V

    def back(self, z):
        if self.J is None:
            return (self.sides[0] @ z.reshape(self.shape) @ self.sides[1].T).ravel()
        return self.J @ z + self.offset

    def pull(self, gradient):
        if self.J is None:
            return (self.sides[0].T @ gradient.reshape(self.shape) @ self.sides[1]).ravel()
        return self.J.T @ gradient


class Coordinates:
    """All parts: those of the files, and what stays as it is between them."""

    def __init__(self, blocks, theta0, load, complement):
        names, starts, number = [], [0], 0
        for rows, columns, bias in blocks:
            number += not bias
            names.append(f"layer{number}.{'bias' if bias else 'weight'}")
            starts.append(starts[-1] + rows * columns)
        self.parts = []  # where it is, the map, and shape and role of the trained block
        whole = lambda ending: load("all" + ending)
        if any(whole(ending) is not None for ending in ("", "-outputs", "-inputs")):
            part = Part(whole, complement, theta0, tuple(blocks[0][:2]))
            self.parts.append((slice(0, starts[-1]), part, part.shape, False))
            return
        for index, (rows, columns, bias) in enumerate(blocks):
            of = lambda ending, name=names[index]: load(name + ending)
            there = slice(starts[index], starts[index + 1])
            shape = (int(rows), int(columns))
            part = None
            if any(of(ending) is not None for ending in ("", "-outputs", "-inputs")):
                part = Part(of, complement, theta0[there], shape)
                shape = part.shape
            self.parts.append((there, part, shape, bool(bias)))

    def start(self, theta):
        return [theta[there] if part is None else part.pull(theta[there]) for there, part, *_ in self.parts]

    pull = start

    def back(self, z):
        return np.concatenate(
            [x if part is None else part.back(x) for x, (_, part, *_) in zip(z, self.parts)]
        )


# --- optimizers: what a step subtracts from a block's matrix --------------------------------------


def average(a, beta, x):
    return beta * a + (1 - beta) * x


def corrected(beta, step):
    return 1 / (1 - beta**step)


def eigh(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors[:, ::-1]


def of_blocks(values, for_biases, blocks):
    if len(values) == 1:
        return [for_biases if bias else values[0] for _, bias in blocks]
    return values


def sgd(settings, blocks):
    return [lambda W, G, step, rate: W - rate * G for _ in blocks]


def momentum(settings, blocks):
    def block():
        b = 0.0

        def step(W, G, step, rate):
            nonlocal b
            b = settings["momentum"] * b + G
            return W - rate * b

        return step

    return [block() for _ in blocks]


def adagrad(settings, blocks):
    eps, inside = settings["eps"], settings["eps_placement"] == "inside"

    def block():
        s = settings["initial_accumulator"]

        def step(W, G, step, rate):
            nonlocal s
            s = s + G**2
            return W - rate * G / (np.sqrt(s + eps) if inside else np.sqrt(s) + eps)

        return step

    return [block() for _ in blocks]


def adam(settings, blocks):
    beta1, beta2, eps = settings["beta1"], settings["beta2"], settings["eps"]

    def block(bias):
        m, v, largest = 0.0, 0.0, 0.0
        decay = 0.0 if bias and not settings["decay_biases"] else settings["weight_decay"]

        def step(W, G, step, rate):
            nonlocal m, v, largest
            W = W * (1 - rate * decay)
            m, v = average(m, beta1, G), average(v, beta2, G**2)
            largest = np.maximum(largest, v) if settings["amsgrad"] else v
            divisor = np.sqrt(largest * corrected(beta2, step)) + eps
            return W - rate * m * corrected(beta1, step) / divisor

        return step

    return [block(bias) for _, bias in blocks]


def full_adagrad_direction(S, g, settings):
    values, vectors = eigh(S)
    values, eps = values.clip(min=0), settings["eps"]
    inside = settings["eps_placement"] == "inside"
    divisor = np.sqrt(values + eps) if inside else np.sqrt(values) + eps
    return vectors @ (vectors.T @ g / divisor)


def full_adagrad(settings, blocks):
    def block():
        S = 0.0

        def step(W, G, step, rate):
            nonlocal S
            g = G.ravel()
            S = S + np.outer(g, g)
            return W - rate * full_adagrad_direction(S, g, settings).reshape(W.shape)

        return step

    return [block() for _ in blocks]


def vector_adam(settings, blocks):
    beta1, beta2, eps = settings["beta1"], settings["beta2"], settings["eps"]
    axis = {"rows": 1, "columns": 0, "whole": (0, 1)}

    def block(vectors):
        m, v = 0.0, 0.0

        def step(W, G, step, rate):
            nonlocal m, v
            squares = G**2 if vectors == "entries" else (G**2).sum(axis=axis[vectors], keepdims=True)
            m, v = average(m, beta1, G), average(v, beta2, squares)
            divisor = np.sqrt(v * corrected(beta2, step)) + eps
            return W - rate * m * corrected(beta1, step) / divisor

        return step

    return [block(vectors) for vectors in of_blocks(settings["vectors"], "entries", blocks)]


def muon(settings, blocks):
    mu = settings["momentum"]
    biases = dict(beta1=settings["adam_beta1"], beta2=settings["adam_beta2"], eps=settings["adam_eps"])
    biases |= dict(weight_decay=0.0, decay_biases=False, amsgrad=False)

    def weight():
        B = 0.0

        def step(W, G, step, rate):
            nonlocal B
            B = average(B, mu, G)
            X = average(G, 1 - mu, B)
            tall = X.shape[0] > X.shape[1]
            X = X.T if tall else X
            X = X / (np.linalg.norm(X) + 1e-7)
            for _ in range(5):
                A = X @ X.T
                X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
            X = X.T if tall else X
            return W - rate * np.sqrt(max(1.0, X.shape[0] / X.shape[1])) * X

        return step

    def bias():
        [update] = adam(biases, [(None, True)])
        return lambda W, G, step, rate: update(W, G, step, rate * settings["adam_rate"])

    return [bias() if is_bias else weight() for _, is_bias in blocks]


def shampoo(settings, blocks):
    beta1, beta2, eps = settings["beta1"], settings["beta2"], settings["eps"]
    mu = settings["momentum"]
    start, refresh = settings["start"], settings["refresh"]

    def block(shape):
        sides = [shape[0] > 1 or shape[1] <= 1, shape[1] > 1]
        exponent = settings.get("exponent", -0.5 / sum(sides))
        sums, powers, m, v = [0.0, 0.0], [None, None], 0.0, 0.0

        def step(W, G, step, rate):
            nonlocal m, v
            for side, gram in enumerate((G @ G.T, G.T @ G)):
                sums[side] = average(sums[side], beta2, gram) if beta2 < 1 else sums[side] + gram
                if sides[side] and (step == start or step > start and refresh and step % refresh == 0):
                    values, vectors = eigh(sums[side])
                    scale = corrected(beta2, step) if beta2 < 1 else 1.0
                    values = values.clip(min=0) * scale + eps
                    powers[side] = vectors * values**exponent @ vectors.T
            averaged = G
            if beta1 > 0:
                m = average(m, beta1, G)
                averaged = m * corrected(beta1, step)
            if mu > 0:
                averaged = m = mu * m + G
            graft = settings["graft"] == "adam"
            if graft:
                v = average(v, 0.999, G**2)
                length = averaged / (np.sqrt(v * corrected(0.999, step)) + 1e-8)
            if step < start:
                return W - rate * (length if graft else averaged)
            direction = averaged
            if sides[0]:
                direction = powers[0] @ direction
            if sides[1]:
                direction = direction @ powers[1]
            scale = 1.0
            if graft:
                scale = np.linalg.norm(length) / (np.linalg.norm(direction) + 1e-16)
            return W - rate * scale * direction

        return step

    return [block(shape) for shape, _ in blocks]


class Distances:
    """The least distance of eigenvalues that a run has met."""

    least = 1.0

    @classmethod
    def meet(cls, values, why):
        """Refuses eigenvalues of which some are one."""
        if len(values) < 2:
            return
        distance = np.diff(np.sort(values)).min() / max(abs(values).max(), np.finfo(float).tiny)
        if distance <= REPEATED:
            raise Undetermined(why)
        cls.least = min(cls.least, distance)

    @classmethod
    def tolerance(cls):
        return TOLERANCE + ROUNDING / cls.least


def soap(settings, blocks):
    beta1, beta2, eps = settings["beta1"], settings["beta2"], settings["eps"]
    beta3, refresh = settings.get("shampoo_beta", beta2), settings["refresh"]

    def block(shape, sides):
        rows, columns = shape
        longest = settings["longest_side"]
        if settings["merge"] == "yes" and sides != "none" and rows * columns <= longest:
            rows, columns, sides = rows * columns, 1, "left"
        has = [sides in ("both", "left"), sides in ("both", "right")]
        has = [one and 1 < size <= longest for one, size in zip(has, (rows, columns))]
        grams, Q, m, v = [0.0, 0.0], [None, None], np.zeros((rows, columns)), np.zeros((rows, columns))

        def project(A):
            A = Q[0].T @ A if has[0] else A
            return A @ Q[1] if has[1] else A

        def average_grams(G):
            for side, gram in enumerate((G @ G.T, G.T @ G)):
                if has[side]:
                    grams[side] = average(grams[side], beta3, gram)

        def step(W, G, step, rate):
            nonlocal m, v
            G, shape = G.reshape(rows, columns), W.shape
            if step == 1:
                average_grams(G)
                for side in (0, 1):
                    if has[side]:
                        values, Q[side] = eigh(grams[side])
                        Distances.meet(values, "the first gradient's matrices have eigenvalues twice")
                return W
            step -= 1
            m, v = average(m, beta1, G), average(v, beta2, project(G) ** 2)
            direction = project(m) / (np.sqrt(v) + eps)
            direction = Q[0] @ direction if has[0] else direction
            direction = direction @ Q[1].T if has[1] else direction
            if settings["normalize_grads"] == "yes":
                direction /= np.linalg.norm(direction) / np.sqrt(direction.size) + 1e-30
            scale = 1.0
            if settings["correct_bias"] == "yes":
                scale = corrected(beta1, step) / np.sqrt(corrected(beta2, step))
            W = W - rate * scale * direction.reshape(shape)
            W = W * (1 - rate * settings["weight_decay"])
            average_grams(G)
            if refresh > 0 and step % refresh == 0:
                for side in (0, 1):
                    if has[side]:
                        image = grams[side] @ Q[side]
                        order = np.argsort(-(image * Q[side]).sum(axis=0), kind="stable")
                        Q[side] = np.linalg.qr(image[:, order])[0]
                        v = np.take(v, order, axis=side)
            return W

        return step

    sides = of_blocks(settings["sides"], "none", blocks)
    return [block(shape, side) for (shape, _), side in zip(blocks, sides)]


def galore(settings, blocks):
    beta1, beta2, eps, gap = (settings[key] for key in ("beta1", "beta2", "eps", "gap"))

    def oriented(vectors):
        for vector in vectors.T:
            first = vector[np.abs(vector) >= (1 - 1e-6) * np.abs(vector).max()][0]
            if first < 0:
                vector *= -1
        return vectors

    def block(shape, rank):
        rows, columns = shape
        wide = rows < columns
        sides = {
            "shorter": [wide, not wide],
            "longer": [not wide, wide],
            "left": [True, False],
            "right": [False, True],
            "both": [True, True],
        }[settings["side"] if rank else "both"]
        sides = sides if rank else [False, False]
        rank = min(rank, rows, columns)
        P, m, v = [None, None], 0.0, 0.0

        def step(W, G, step, rate):
            nonlocal m, v
            if any(sides) and (step - 1) % gap == 0:
                U, values, Vt = np.linalg.svd(G, full_matrices=False)
                Distances.meet(values[: rank + 1], "singular values of a gradient are there twice")
                P[:] = oriented(U[:, :rank].copy()), oriented(Vt[:rank].T.copy())
            R = P[0].T @ G if sides[0] else G
            R = R @ P[1] if sides[1] else R
            m, v = average(m, beta1, R), average(v, beta2, R**2)
            direction = m / (np.sqrt(v) + eps)
            direction = P[0] @ direction if sides[0] else direction
            direction = direction @ P[1].T if sides[1] else direction
            scale = settings["scale"] if any(sides) else 1.0
            scale *= corrected(beta1, step) / np.sqrt(corrected(beta2, step))
            return W - rate * scale * direction

        return step

    ranks = of_blocks(settings["ranks"], 0, blocks)
    return [block(shape, rank) for (shape, _), rank in zip(blocks, ranks)]


OPTIMIZERS = {
    "sgd": sgd,
    "momentum": momentum,
    "adagrad": adagrad,
    "adam": adam,
    "full-adagrad": full_adagrad,
    "vector-adam": vector_adam,
    "muon": muon,
    "shampoo": shampoo,
    "soap": soap,
    "galore": galore,
}


# --- a run ----------------------------------------------------------------------------------------


def otherwise_rounded(theta):
    """The neighbours of the entries, above and below in turn."""
    towards = np.where(np.arange(theta.size) % 2 == 0, np.inf, -np.inf).reshape(theta.shape)
    return np.nextafter(theta, towards)


def largest_change(losses, others):
    return max(abs(one["train_loss"] - others[at]["train_loss"]) for at, one in losses.items())


def train(objective, coordinates, theta0, settings, training, rate, steps, passes):
    """The losses by step (full batches) or epoch, from 0."""
    shapes = [(shape, bias) for _, _, shape, bias in coordinates.parts]
    if settings.get("shape"):
        shapes = [(tuple(settings["shape"]), False)]
    merged = settings["kind"] == "full-adagrad" and settings["matrix"] == "global"
    updates = OPTIMIZERS[settings["kind"]](settings, shapes[:1] if merged else shapes)
    z, count, losses = coordinates.start(theta0), 0, {}
    epochs = training["epochs"] if passes is not None else training["steps"]

    def update(rows, rate):
        nonlocal z, count
        count += 1
        gradient = coordinates.pull(objective.gradient(coordinates.back(z), rows))
        if merged:
            sizes = np.cumsum([len(x) for x in z])[:-1]
            both = np.concatenate(z)[:, None], np.concatenate(gradient)[:, None]
            z = np.split(updates[0](*both, count, rate).ravel(), sizes)
            return
        z = [
            step(x.reshape(shape), g.reshape(shape), count, rate).ravel()
            for x, g, step, (shape, _) in zip(z, gradient, updates, shapes)
        ]

    losses[0] = objective.losses(coordinates.back(z))
    for epoch in range(epochs):
        if count >= steps:
            break
        cosine = 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        factor = cosine if training["schedule"] == "cosine-annealing" else 1.0
        if passes is None:
            update(None, rate * factor)
        else:
            for start in range(0, passes.shape[1], training["batch"]):
                update(passes[epoch, start : start + training["batch"]], rate * factor)
        losses[epoch + 1] = objective.losses(coordinates.back(z))
    return losses


def file_name(name):
    """As the programs make it of a name of coordinates."""
    plain = "abcdefghijklmnopqrstuvwxyz0123456789-_."
    return "".join(c if c in plain else "".join(f"%{b:02x}" for b in c.encode()) for c in name)


def table(path):
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, help="a results folder with instance/")
    parser.add_argument("--trial", type=int, default=0)
    parser.add_argument("--algorithm", action="append", help="only these (repeatable)")
    parser.add_argument("--all", action="store_true", help="every learning rate, not the selected ones")
    arguments = parser.parse_args()
    results, trial = arguments.results, arguments.trial
    if not (results / "experiment.toml").exists():
        parser.error(f"{results} is no results folder: it has no experiment.toml")
    config = tomllib.loads((results / "experiment.toml").read_text())
    if config["precision"] != "f64":
        sys.exit(
            "replay.py: the runs are in single precision, in which NumPy rounds in other ways; make them in "
            "double precision: egop-run CONFIG --set precision='\"f64\"' "
            f"--save-instance {trial} --out ANOTHER_FOLDER"
        )

    def arrays(name):
        path = results / "instance" / f"{trial}-{name}.npy"
        return np.load(path) if path.exists() else None

    blocks, theta0 = arrays("blocks"), arrays("start")
    if blocks is None:
        sys.exit(f"replay.py: no instance of trial {trial}: egop-run CONFIG --save-instance {trial}")
    kind, passes = config["objective"]["kind"], arrays("minibatches")
    problems = {}

    def problem(name):
        """The objective and the coordinates of a system."""
        if name not in problems:
            system = config["coordinates"][name]
            if kind.endswith("-net"):
                objective = Network(kind, blocks, arrays, system.get("inputs", "raw"))
            else:
                objective = Convex(kind, arrays)
            load = lambda block: arrays(f"{file_name(name)}-{block}")
            complement = system.get("complement", "reflector")
            problems[name] = objective, Coordinates(blocks, theta0, load, complement)
        return problems[name]

    of_run = lambda row: (row["algorithm"], row["coordinates"], row["learning_rate"])
    curves = {}
    for row in table(results / "curves.csv"):
        if int(row["trial"]) == trial:
            curves.setdefault(of_run(row), []).append(row)
    worst, compared, left_out, points = {}, 0, {}, 0
    for run in table(results / "runs.csv"):
        algorithm, coordinates, rate = of_run(run)
        wanted = arguments.algorithm is None or algorithm in arguments.algorithm
        if int(run["trial"]) != trial or not wanted:
            continue
        if not arguments.all and of_run(run) not in curves:
            continue
        why = None
        if run["stop"] in ("diverged", "failed"):
            why = run["stop"]
        elif "reestimate" in config["coordinates"][coordinates]:
            why = "basis or state are made anew in training"
        if why is None:
            settings = config["algorithms"][algorithm]
            Distances.least = 1.0
            steps = int(run["steps"])
            objective, map_ = problem(coordinates)
            trained = lambda start: train(
                objective, map_, start, settings, config["training"], float(rate), steps, passes
            )
            try:
                losses = trained(theta0)
            except Undetermined as reason:
                why = str(reason)
        if why is not None:
            left_out[why] = left_out.get(why, 0) + 1
            continue
        initial, last = float(run["initial_loss"]), max(losses)
        pairs = [(losses[0]["train_loss"], run["initial_loss"]), (losses[last]["train_loss"], run["final_loss"])]
        pairs += [
            (losses[last][name], run[column])
            for name, column in (("validation_loss", "final_validation_loss"), ("test_loss", "test_loss"))
            if run[column]
        ]
        for row in curves.get(of_run(run), []):
            found = losses[int(row["step"])]
            pairs += [(found[name], row[name]) for name in ("train_loss", "validation_loss") if row[name]]
        found, expected = np.array([(found, float(expected)) for found, expected in pairs]).T
        off = np.abs(found - expected)
        with np.errstate(invalid="ignore", divide="ignore"):
            of_itself = np.nanmax(off / np.abs(expected))
        key = algorithm, coordinates
        # Losses of other sets are of the size of the training loss.
        tolerance, off = Distances.tolerance(), off.max() / abs(initial)
        if off > tolerance:
            change = largest_change(losses, trained(otherwise_rounded(theta0)))
            tolerance = max(tolerance, AMPLIFIED * change / abs(initial))
        found = off, np.nan_to_num(of_itself, nan=0.0, posinf=np.inf), off / tolerance
        # Not a number, of which a loss that is none makes it, is the largest.
        worst[key] = np.maximum(found, worst.get(key, (0.0, 0.0, 0.0)))
        compared, points = compared + 1, points + len(pairs)

    print(f"{'differ at most by':57} of the initial loss   of itself")
    for (algorithm, coordinates), (off, of_itself, of_allowed) in worst.items():
        allowed = f"  (allowed: {off / of_allowed:.1e})" if off > TOLERANCE else ""
        mark = allowed if of_allowed <= 1 else "  <-- differs" + allowed
        print(f"{algorithm:24} {coordinates:32} {off:19.1e} {of_itself:11.1e}{mark}")
    for why, count in left_out.items():
        print(f"left out: {count} ({why})")
    if not worst:
        sys.exit("replay.py: nothing was compared")
    most, _, of_allowed = np.max(list(worst.values()), axis=0)
    print(f"{compared} runs, {points} losses: within {most:.1e} of their initial losses")
    # What is not a number differs.
    sys.exit(not of_allowed <= 1)


main()
