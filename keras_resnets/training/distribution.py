"""The one place that talks to tf.distribute: strategies, shares of a batch, sums, decisions that all take alike."""

import contextlib
import os

import keras
import numpy as np
import tensorflow as tf

from keras_resnets.data.share import WHOLE, Share

DEVICES = ("auto", "cpu", "gpu", "gpus", "workers")
"""What a run computes on. `gpus`: all of this host's (MirroredStrategy). `workers`: the processes that TF_CONFIG or a
Slurm job name (MultiWorkerMirroredStrategy). `auto`: the most of what is there."""
PATIENCE = 300.0
"""Seconds after which a worker gives up waiting for the others in one sum."""
LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError, tf.errors.CancelledError)
"""What TensorFlow raises in a worker when another one is gone or silent."""


class WorkerLost(RuntimeError):
    """Another worker is gone; it can't be replaced while this one runs."""

    exit_code = 75
    """Of the command line: sysexits.h EX_TEMPFAIL, "the user is invited to retry", for schedulers to requeue on."""


@contextlib.contextmanager
def noticing_losses():
    """Raises `WorkerLost` for what TensorFlow says, among workers, when one of them is gone."""
    try:
        yield
    except LOST as error:
        if not _clustered():
            raise
        raise WorkerLost(
            f"train: another worker was lost or did not answer ({type(error).__name__}). Start all workers again with "
            "the same command; they go on from the newest checkpoint."
        ) from error


def strategy(devices="auto", replicas=None):
    """The tf.distribute strategy for `devices`; TensorFlow's default, which distributes nothing, for one device.

    replicas: how many devices of this host, None for all GPUs or one CPU. With `cpu` they are logical: no faster, but
        they compute what so many devices would. It must be the first to touch a device.
    Raises ValueError for devices that are not there.
    """
    if devices not in DEVICES:
        raise ValueError(f"train: `devices` must be one of {', '.join(DEVICES)}, got {devices!r}.")
    gpus = tf.config.list_physical_devices("GPU")
    clustered = _clustered()
    if devices == "auto":
        devices = "workers" if clustered else "gpus" if len(gpus) > 1 else "gpu" if gpus else "cpu"
    if devices == "workers":
        return _workers(clustered)
    if devices == "cpu":
        names = _logical_cpus(replicas or 1)
    elif not gpus:
        raise ValueError(
            f"train: `--devices {devices}` needs a GPU that TensorFlow sees; there is none. Use `--devices cpu`, or "
            "install TensorFlow with CUDA (`pip install tensorflow[and-cuda]`)."
        )
    else:
        names = [f"GPU:{k}" for k in range(1 if devices == "gpu" else replicas or len(gpus))]
    return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.get_strategy()


def is_chief(strategy):
    """Whether this process writes the run's files: the only one, or the first worker."""
    return rank(strategy) == 0


def rank(strategy):
    """This process' number among the workers, from 0."""
    resolver = strategy.cluster_resolver
    return (resolver.task_id or 0) if resolver is not None else 0


def workers(strategy):
    """How many processes take part."""
    return len(strategy.cluster_resolver.cluster_spec().as_dict()["worker"]) if across(strategy) else 1


def facts(strategy):
    """What a reader of a run's figures must know of its devices."""
    if strategy.num_replicas_in_sync == 1:
        return {}
    return {"replicas": strategy.num_replicas_in_sync, "workers": workers(strategy)}


def alone(strategy, network):
    """`network` with plain weights of its own, for what follows training on one device; itself if nothing is shared."""
    if strategy.num_replicas_in_sync == 1 and not across(strategy):
        return network
    found = keras.models.clone_model(network)
    for mine, other in zip(found.weights, network.weights, strict=True):
        mine.assign(other.numpy())
    return found


def across(strategy):
    """Whether several processes take part."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def distributed(strategy, make):
    """What `fit` reads under `strategy`: the batches of `make`, each replica its share.

    make: function of a `Share` that returns a `tf.data.Dataset` of that share of every global batch.
    Raises ValueError where a batch does not divide among the replicas.
    """
    if strategy.num_replicas_in_sync == 1:
        return make(WHOLE)

    def of_worker(context):
        here = context.num_replicas_in_sync // context.num_input_pipelines
        batches = make(Share(context.input_pipeline_id, context.num_input_pipelines))
        return batches if here == 1 else batches.map(lambda *parts: _split(parts, here)).unbatch()

    return strategy.distribute_datasets_from_function(of_worker)


def agreed(strategy, number):
    """The smallest of the workers' values of the integer `number`; all of them must call it."""
    if not across(strategy):
        return number

    @tf.function
    def smallest(value):
        gathered = strategy.gather(strategy.run(lambda: tf.reshape(value, (1,))), axis=0)
        return tf.reduce_min(gathered)

    return int(smallest(tf.constant(number, tf.int64)))


def _clustered():
    return "TF_CONFIG" in os.environ or int(os.environ.get("SLURM_NTASKS", 1)) > 1


def reader(strategy, variables):
    """A function that returns the numbers of all `variables` on each replica, an array (replicas, numbers).

    variables: float32, such as a metric's sums, of which each replica has its own. All workers must call it.
    """

    def here():
        return tf.concat([tf.reshape(variable.value, (1, -1)) for variable in variables], axis=1)

    if strategy.num_replicas_in_sync == 1:
        return lambda: here().numpy()
    gathered = tf.function(lambda: strategy.gather(strategy.run(here), axis=0))
    return lambda: gathered().numpy()


def add_to_replicas(strategy, variables, rows):
    """Adds to each replica's `variables` its row of `rows`, as `reader` returned them.

    Where there were more or fewer replicas, each gets as much of the sum.
    """
    replicas = strategy.num_replicas_in_sync
    if len(rows) != replicas:
        rows = np.repeat(rows.sum(axis=0, keepdims=True) / replicas, replicas, axis=0)
    sizes = [int(np.prod(variable.shape)) for variable in variables]

    def add():
        row = tf.constant(rows)[tf.distribute.get_replica_context().replica_id_in_sync_group]
        for variable, part in zip(variables, tf.split(row, sizes), strict=True):
            variable.assign_add(tf.reshape(part, variable.shape))

    strategy.run(tf.function(add))


def _workers(clustered):
    if not clustered:
        raise ValueError(
            "train: `--devices workers` needs TF_CONFIG, which names all workers and this one, or a Slurm job of "
            "several tasks. See docs/distributed.md."
        )
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=PATIENCE)
    return tf.distribute.MultiWorkerMirroredStrategy(None if "TF_CONFIG" in os.environ else slurm(), options)


def slurm():
    """TensorFlow's resolver of a Slurm job; ValueError where it gives this process the address of another host.

    It sorts hosts as text, so that node10 comes before node9 and each would wait for the other at its own address.
    """
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
    address = resolver.cluster_spec().task_address("worker", resolver.task_id)
    here = os.environ.get("SLURMD_NODENAME")
    if here is not None and address.partition(":")[0] != here:
        raise ValueError(
            f"train: TensorFlow's Slurm resolver gives this process, on {here}, the address {address}, because it "
            "sorts hosts as text. Set TF_CONFIG as examples/slurm/four_hosts.sbatch does."
        )
    return resolver


def _logical_cpus(count):
    if count > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        try:
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
        except RuntimeError:  # a device was touched before: what there is must do
            if len(tf.config.list_logical_devices("CPU")) < count:
                raise
    return [f"CPU:{k}" for k in range(count)]


def _split(parts, count):
    return tuple(tf.reshape(part, tf.concat([[count, -1], tf.shape(part)[1:]], 0)) for part in parts)


def sum_over_replicas(gradients):
    """`gradients`, each summed over all replicas; as they are without a strategy. Call it once a step."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return list(gradients)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))


def mean_over_replicas(statistics):
    """`statistics`, the floating-point ones averaged over all replicas: Keras leaves each replica its own."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return list(statistics)
    floats = [value for value in statistics if value.dtype.is_floating]
    means = iter(context.all_reduce(tf.distribute.ReduceOp.MEAN, floats) if floats else ())
    return [next(means) if value.dtype.is_floating else value for value in statistics]


def replica_seeds(variables):
    """For each of `variables` what to add to it in this replica: a number for the states of random seeds, else None.

    Keras draws the same masks on every replica; a seed's state is two integers, (seed, how many were drawn).
    """
    context = tf.distribute.get_replica_context()
    number = 0 if context is None else context.replica_id_in_sync_group
    offset = tf.stack([tf.cast(number, tf.int64) * 1_000_003, 0])
    return [None if keras.backend.is_float_dtype(v.dtype) else tf.cast(offset, v.dtype) for v in variables]


def apply_if(condition, apply, gradients, variables):
    """Calls `apply(gradients, variables)` where `condition` holds; every replica must hold the same `condition`."""
    if tf.distribute.in_cross_replica_context() or tf.__internal__.distribute.strategy_supports_no_merge_call():
        tf.cond(condition, lambda: _done(apply, gradients, variables), lambda: tf.constant(False))
        return

    # An optimizer's update calls merge_call, which tf.distribute forbids inside a cond of a replica; so all replicas
    # merge first, take the branch together, and go apart again to apply (as Keras' LossScaleOptimizer does).
    def together(strategy, condition, gradients):
        condition = strategy.experimental_local_results(condition)[0]
        tf.cond(
            condition,
            lambda: _done(strategy.extended.call_for_each_replica, apply, (gradients, variables)),
            lambda: tf.constant(False),
        )

    tf.distribute.get_replica_context().merge_call(together, args=(condition, gradients))


def _done(function, *args):
    """Both branches of a cond must return alike; updates have nothing else to return."""
    function(*args)
    return tf.constant(True)
