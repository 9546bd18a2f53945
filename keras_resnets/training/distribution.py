"""The one place that talks to tf.distribute: sums over replicas, and decisions that all replicas take alike."""

import keras
import tensorflow as tf


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
