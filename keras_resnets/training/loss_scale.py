"""Loss scaling: small gradients survive float16, whose smallest positive number is 6e-8."""

from keras import ops

GROW_AFTER = 2000
"""Finite steps in a row after which the scale doubles."""
START, LARGEST = 2.0**15, 2.0**24


class LossScale:
    """A factor of the loss that halves with every step that is not finite and doubles after GROW_AFTER that are.

    add_variable: function of a name that makes the scalar variables `loss_scale` and `steps_at_scale`, which are state
    of the run. The caller decides whether a step is finite, alike on every replica.
    Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.2; the constants of Keras' LossScaleOptimizer, which
    decides before the sum over replicas, each replica for itself.
    """

    def __init__(self, add_variable):
        self.factor = add_variable("loss_scale", initializer="ones")
        self.factor.assign(START)
        self.steps = add_variable("steps_at_scale")

    def scale(self, loss):
        """The loss to differentiate."""
        return loss * ops.cast(self.factor, loss.dtype)

    def unscale(self, gradients):
        """Gradients of the loss itself, in float32."""
        return [ops.cast(gradient, "float32") / self.factor for gradient in gradients]

    def update(self, finite):
        """Moves the scale after a step; `finite`: whether its gradients were."""
        steps = self.steps + 1.0
        grown = ops.where(steps >= GROW_AFTER, ops.minimum(self.factor * 2.0, LARGEST), self.factor)
        self.factor.assign(ops.where(finite, grown, ops.maximum(self.factor / 2.0, 1.0)))
        self.steps.assign(ops.where(ops.logical_and(finite, steps < GROW_AFTER), steps, 0.0))
