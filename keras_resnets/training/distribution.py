"""The one place that talks to tf.distribute: sums over replicas, and decisions that all replicas take alike."""

import tensorflow as tf


def sum_over_replicas(gradients):
    """`gradients`, each summed over all replicas; as they are without a strategy. Call it once a step."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return list(gradients)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))


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
