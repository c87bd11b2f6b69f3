"""The jobs in JAX: vmapped over learning rates, scanned over steps, jitted; compilation is not
timed, and data are on the device before. Same problem, same precision, same recording as ours; the
start, which is the same of all lanes, is evaluated for each, but where it is said otherwise."""

import functools
import os

# One thread, as ours; before JAX is imported.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np

from jobs import Problem, arguments, inputs_turned, report, seconds

jax.config.update("jax_platforms", "cpu")


def adam(theta, state, gradient, rates, step):
    m, v = state
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
    first, second = 1 / (1 - 0.9**step), 1 / (1 - 0.999**step)
    update = lambda t, m, v: t - rates[:, None] * (m * first) / (jnp.sqrt(v * second) + 1e-8)
    return jax.tree.map(update, theta, m, v), (m, v)


# (a) ---------------------------------------------------------------------------------------------


def least_squares(problem):
    jax.config.update("jax_enable_x64", True)
    steps, early = problem.settings["steps"], problem.settings["early"]
    names = ("matrix", "targets", "start", "vectors")
    instances = [jnp.asarray(problem.array(name)) for name in names]
    rates = jnp.asarray(problem.array("rates"))

    def sweep(matrix, targets, start, vectors):
        """The losses of all steps: (steps + 1) × algorithms × rates."""

        def loss(theta):
            theta = theta if vectors is None else vectors @ theta
            return 0.5 * jnp.sum((matrix @ theta - targets) ** 2)

        value_and_gradient = jax.vmap(jax.vmap(jax.value_and_grad(loss)))

        def step(carry, number):
            theta, adams, squares, velocity = carry
            values, g = value_and_gradient(theta)
            first, adams = adam(theta[0], adams, g[0], rates, number)
            squares = squares + g[1] ** 2
            second = theta[1] - rates[:, None] * g[1] / jnp.sqrt(squares + 1e-7)
            third = theta[2] - rates[:, None] * g[2]
            velocity = 0.9 * velocity + g[3]
            fourth = theta[3] - rates[:, None] * velocity
            return (jnp.stack([first, second, third, fourth]), adams, squares, velocity), values

        start = start if vectors is None else vectors.T @ start
        theta = jnp.broadcast_to(start, (4, len(rates), len(start)))
        zeros = jnp.zeros_like(theta[0])
        carry = theta, (zeros, zeros), jnp.full_like(zeros, 0.1), zeros
        carry, values = jax.lax.scan(step, carry, jnp.arange(1.0, steps + 1))
        return jnp.concatenate([values, jax.vmap(jax.vmap(loss))(carry[0])[None]])

    @jax.jit
    def both(matrix, targets, start, vectors):
        return sweep(matrix, targets, start, None), sweep(matrix, targets, start, vectors)

    # Trial after trial: vmapped over trials as well it takes a quarter longer.
    trials = list(zip(*instances))
    work = lambda: jax.block_until_ready([both(*trial) for trial in trials])
    work()
    losses, elapsed = seconds(work)
    # trials × coordinates × (steps + 1) × algorithms × rates
    losses = np.array(losses)
    lanes = losses[:, :, 0].size
    report("JAX", "a", "sweep", lanes, elapsed, losses[:, :, early], losses[:, :, -1])


# (b), (c), (h) -------------------------------------------------------------------------------------


def linear_network(problem):
    """V's diagonal blocks and what they act on; outputs, loss and accuracy of one lane."""
    vectors = jnp.asarray(problem.array("vectors1"))

    def outputs(theta, x):
        first, second, third = jnp.split(theta[0], [500, 2000])
        x = x @ first.reshape(50, 10).T
        return x @ second.reshape(30, 50).T @ third.reshape(10, 30).T

    def loss(z, y):
        return jnp.mean((z - y) ** 2)

    accuracy = lambda z, y: jnp.zeros(())
    return [vectors], [slice(None)], outputs, loss, accuracy


def digits_network(problem):
    first, second = (jnp.asarray(problem.array(f"vectors{k}")) for k in (1, 2))
    return relu_network((64, 32, 10), [first, None, second, None])


def wide_network(problem):
    return relu_network((784, 100, 10), [None] * 4)


def relu_network(widths, vectors):
    features, units, classes = widths
    ends = np.cumsum([0, features * units, units, units * classes, classes])
    blocks = [slice(*pair) for pair in zip(ends, ends[1:])]

    def outputs(theta, x):
        first, first_bias, second, second_bias = theta
        hidden = jax.nn.relu(x @ first.reshape(units, features).T + first_bias)
        return hidden @ second.reshape(classes, units).T + second_bias

    def loss(z, y):
        picked = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)
        return -jnp.mean(picked)

    accuracy = lambda z, y: jnp.mean(jnp.argmax(z, axis=1) == y)
    return vectors, blocks, outputs, loss, accuracy


def network(problem, job):
    make = {"b": linear_network, "c": digits_network, "h": wide_network}[job]
    splits = {name: problem.split(name) for name in ("training", "validation", "test")}
    start = problem.array("start")
    if job != "h":
        train_network(problem, job, "", make(problem), splits, start)
        return
    train_network(problem, job, "original, ", make(problem), splits, start)
    turned = inputs_turned(splits, start, problem.array("rotation"), 100)
    train_network(problem, job, "input, ", make(problem), *turned)


def train_network(problem, job, case, network, splits, start):
    vectors, blocks, outputs, loss, accuracy = network
    settings = problem.settings
    batch, epochs = settings["batch"], settings["epochs"]
    splits = {name: tuple(map(jnp.asarray, split)) for name, split in splits.items()}
    start = jnp.asarray(start)
    passes, schedule = jnp.asarray(problem.array("passes")), problem.array("schedule")
    examples = passes.shape[1]
    full, rest = divmod(examples, batch)

    def to_original(vectors, theta):
        return [t if v is None else v @ t for v, t in zip(vectors, theta)]

    def lane_loss(theta, vectors, x, y):
        return loss(outputs(to_original(vectors, theta), x), y)

    gradients = jax.vmap(jax.grad(lane_loss), in_axes=(0, None, None, None))

    def metrics(theta, split):
        # Lane after lane: side by side, the activations of all examples leave the caches.
        x, y = split

        def one(theta):
            z = outputs(theta, x)
            return loss(z, y), accuracy(z, y)

        return jax.lax.map(one, theta)

    def update(carry, rows, rates, vectors, training):
        theta, state, step = carry
        gradient = gradients(theta, vectors, training[0][rows], training[1][rows])
        theta, state = adam(theta, state, gradient, rates, step)
        return theta, state, step + 1

    @functools.partial(jax.jit, donate_argnums=0)
    def epoch(carry, rows, rates, vectors, splits):
        training = splits["training"]
        body = lambda carry, rows: (update(carry, rows, rates, vectors, training), None)
        carry, _ = jax.lax.scan(body, carry, rows[: full * batch].reshape(full, batch))
        if rest:
            carry = update(carry, rows[full * batch :], rates, vectors, training)
        return carry, evaluate(carry, vectors, splits, ("training", "validation"))

    @functools.partial(jax.jit, static_argnums=3)
    def evaluate(carry, vectors, splits, names):
        theta = jax.vmap(to_original, in_axes=(None, 0))(vectors, carry[0])
        return [metrics(theta, splits[name]) for name in names]

    for lanes in settings["lanes"]:
        rates = problem.array(f"rates-{lanes}")

        def initial():
            theta = [start[block] for block in blocks]
            theta = [t if v is None else v.T @ t for v, t in zip(vectors, theta)]
            theta = [jnp.tile(t, (lanes, 1)) for t in theta]
            zeros = lambda: [jnp.zeros_like(t) for t in theta]
            return theta, (zeros(), zeros()), jnp.float32(1)

        def train(epochs, starts=lanes):
            carry = initial()
            first = [t[:starts] for t in carry[0]]
            curve = [evaluate((first,), vectors, splits, ("training", "validation"))]
            for number in range(epochs):
                scheduled = jnp.asarray(rates * schedule[number], dtype=jnp.float32)
                carry, point = epoch(carry, passes[number], scheduled, vectors, splits)
                curve.append(point)
            test = evaluate(carry, vectors, splits, ("test",))
            return jax.block_until_ready((curve, test))

        train(1)
        (curve, _), elapsed = seconds(lambda: train(epochs))
        losses = [point[0][0] for point in curve]
        early = losses[settings["early"]]
        report("JAX", job, f"{case}lanes: {lanes}", lanes, elapsed, early, losses[-1])
        if job == "h" and lanes > 1:
            # As ours: what is the same of all lanes is evaluated once.
            train(1, starts=1)
            _, elapsed = seconds(lambda: train(epochs, starts=1))
            report("JAX", job, f"{case}lanes: {lanes}, one start", lanes, elapsed)


# (d) ---------------------------------------------------------------------------------------------


def estimation(problem):
    # Gradients in singles, the Gram matrix in doubles.
    jax.config.update("jax_enable_x64", True)
    samples, batch = problem.settings["samples"], problem.settings["batch"]
    x, y = map(jnp.asarray, problem.split("training"))
    examples = len(x)
    per_pass = -(-examples // batch)
    count = -(-samples // per_pass)
    full = examples // batch

    def loss(theta, x, y):
        first, second = theta[:2048].reshape(32, 64), theta[2080:2400].reshape(10, 32)
        hidden = jax.nn.relu(x @ first.T + theta[2048:2080])
        z = hidden @ second.T + theta[2400:]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))

    gradient = jax.grad(loss)

    def gradients(theta, rows):
        """One sample for each row of `theta`, on the minibatch `rows`, some side by side."""
        one = lambda arguments: gradient(arguments[0], x[arguments[1]], y[arguments[1]])
        return jax.lax.map(one, (theta, rows), batch_size=8)

    def bundle(theta, passes):
        """The gradients, those on whole minibatches first."""
        whole = jnp.arange(samples) % per_pass < full
        order = np.argsort(np.arange(samples) % per_pass >= full, kind="stable")
        split = int(np.sum(np.arange(samples) % per_pass < full))
        parts = []
        for indices, size in ((order[:split], batch), (order[split:], examples - full * batch)):
            if len(indices) == 0 or size == 0:
                continue
            starts = (indices % per_pass) * batch
            rows = passes[(indices // per_pass)[:, None], starts[:, None] + np.arange(size)]
            parts.append(gradients(theta[indices], rows))
        return jnp.concatenate(parts)

    def draw(key):
        """Xavier-normal parameters and shuffled passes, as ours, by JAX's own generator."""
        keys = jax.random.split(key, 5)
        normal = lambda key, size, fans: (2 / fans) ** 0.5 * jax.random.normal(
            key, (samples, size), dtype=jnp.float32
        )
        uniform = lambda key, size, fan: jax.random.uniform(
            key, (samples, size), jnp.float32, -(fan**-0.5), fan**-0.5
        )
        theta = jnp.concatenate(
            [
                normal(keys[0], 2048, 96),
                uniform(keys[1], 32, 64),
                normal(keys[2], 320, 42),
                uniform(keys[3], 10, 32),
            ],
            axis=1,
        )
        shuffle = lambda key: jax.random.permutation(key, examples)
        return theta, jax.vmap(shuffle)(jax.random.split(keys[4], count))

    def gram(g):
        g = g.astype(jnp.float64)
        return g.T @ g / samples

    key = jax.random.key(2025)
    theta, passes = jnp.asarray(problem.array("theta")), jnp.asarray(problem.array("passes"))
    cases = {
        "sampling": lambda key: bundle(*draw(key)),
        "sampling and Gram matrix": lambda key: gram(bundle(*draw(key))),
    }
    diagonal = np.diag(jax.jit(lambda *samples: gram(bundle(*samples)))(theta, passes))
    for case, function in cases.items():
        function = jax.jit(function)
        work = lambda: jax.block_until_ready(function(key))
        work()
        _, elapsed = seconds(work)
        # Timed on its own samples, checked on ours.
        last = diagonal if "Gram" in case else ()
        report("JAX", "d", case, samples, elapsed, (), last)
    given = jax.jit(bundle)
    work = lambda: jax.block_until_ready(given(theta, passes))
    work()
    report("JAX", "d", "sampling, parameters given", samples, seconds(work)[1])


if __name__ == "__main__":
    args = arguments()
    problem = Problem(args.data, args.job)
    match args.job:
        case "a":
            least_squares(problem)
        case "d":
            estimation(problem)
        case job:
            network(problem, job)
