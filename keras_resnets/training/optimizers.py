"""Optimizers that update as the papers do: one sum over replicas, guard, adaptive clipping, coupled decay, update."""

import keras
from keras import ops

from keras_resnets.training import agc
from keras_resnets.training.distribution import apply_if, sum_over_replicas


class PaperUpdate:
    """A mixin for Keras optimizers that decides what a gradient is before the optimizer's own rule uses it.

    In this order, in every step: gradients are summed over replicas, once; the update is skipped, alike on every
    replica, if any gradient is not finite; gradients are clipped adaptively against the weights before the update;
    coupled weight decay is added; the optimizer updates. `iterations` counts skipped steps too, so the schedule and
    the data order don't shift.

    weight_decay: coupled L2 decay, this times the weight is added to its gradient; Keras' own is decoupled, and under
        momentum 0.9 ten times weaker. None or 0 is off.
    weight_decay_exempt: weights whose path holds one of these words are not decayed.
    clipping: adaptive gradient clipping, largest ratio of gradient norm to weight norm per unit; None is off.
    clipping_epsilon: smallest weight norm that clipping assumes.
    clipping_exempt: weights whose path holds one of these words are not clipped; by default the classifier's kernel.

    After each step `gradient_norm` (L2 over all weights, summed over replicas, before clipping), `clipped_fraction`
    (of all units that may be clipped) and `skipped_updates` (so far) are variables to read.
    Raises ValueError for `gradient_accumulation_steps`, which tf.distribute can't combine with it.
    Source: Brock et al. 2021, arXiv:2102.06171, section 4; order as in the released code.
    """

    def __init__(
        self,
        *args,
        weight_decay=None,
        weight_decay_exempt=(),
        clipping=None,
        clipping_epsilon=1e-3,
        clipping_exempt=("predictions/kernel",),
        **kwargs,
    ):
        if kwargs.get("gradient_accumulation_steps"):
            raise ValueError(
                f"{type(self).__name__}: `gradient_accumulation_steps` can't be combined with a guarded update, got "
                f"{kwargs['gradient_accumulation_steps']}. Use a larger batch."
            )
        if clipping is not None and clipping <= 0:
            raise ValueError(
                f"{type(self).__name__}: `clipping` must be positive, or None for no clipping, got {clipping}."
            )
        super().__init__(*args, weight_decay=weight_decay, **kwargs)
        self.weight_decay_exempt = tuple(weight_decay_exempt)
        self.clipping, self.clipping_epsilon = clipping, clipping_epsilon
        self.clipping_exempt = tuple(clipping_exempt)
        self.depthwise = set()  # paths of depthwise kernels; the model that compiles with this optimizer fills it

    def build(self, variables):
        super().build(variables)
        # "mean" lets every replica write: all hold the same value.
        add = self.add_variable
        self.gradient_norm = add((), name="gradient_norm", initializer="zeros", aggregation="mean")
        self.clipped_fraction = add((), name="clipped_fraction", initializer="zeros", aggregation="mean")
        self.skipped_updates = add((), name="skipped_updates", initializer="zeros", aggregation="mean")

    def _backend_apply_gradients(self, grads, trainable_variables):
        gradients = sum_over_replicas(grads)
        norm = ops.sqrt(sum(ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in gradients))
        finite = ops.isfinite(norm)
        gradients, fraction = self._clipped(gradients, trainable_variables)
        self.gradient_norm.assign(norm)
        self.clipped_fraction.assign(fraction)
        self.skipped_updates.assign_add(1.0 - ops.cast(finite, "float32"))
        apply_if(
            finite, super()._backend_apply_gradients, self._decayed(gradients, trainable_variables), trainable_variables
        )

    def _clipped(self, gradients, variables):
        """(gradients after adaptive clipping, share of units that were clipped)."""
        if self.clipping is None:
            return gradients, ops.zeros(())
        clipped, over, units = [], [], 0
        for gradient, variable in zip(gradients, variables, strict=True):
            if not _named(variable, self.clipping_exempt):
                depthwise = variable.path in self.depthwise
                gradient, excess = agc.clip(gradient, variable, self.clipping, self.clipping_epsilon, depthwise)
                over.append(ops.sum(ops.cast(excess, "float32")))
                units += excess.shape.num_elements()
            clipped.append(gradient)
        return clipped, sum(over) / max(units, 1)

    def _decayed(self, gradients, variables):
        if not self.weight_decay:
            return gradients
        return [
            gradient
            if _named(variable, self.weight_decay_exempt)
            else gradient + ops.cast(self.weight_decay * variable, gradient.dtype)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]

    def _apply_weight_decay(self, variables):
        """Keras' decoupled decay: replaced by `_decayed`."""

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """Keras' own sum over replicas: done already, before clipping."""
        return list(grads_and_vars)

    def get_config(self):
        return super().get_config() | {
            "weight_decay_exempt": self.weight_decay_exempt,
            "clipping": self.clipping,
            "clipping_epsilon": self.clipping_epsilon,
            "clipping_exempt": self.clipping_exempt,
        }


@keras.saving.register_keras_serializable("keras_resnets")
class SGD(PaperUpdate, keras.optimizers.Optimizer):
    """Stochastic gradient descent with momentum as PyTorch, DeepMind and the papers write it.

    v = momentum * v + g; w = w - learning_rate * v, or with nesterov w - learning_rate * (g + momentum * v). Keras' own
    SGD folds the learning rate into v, which differs while the learning rate changes.

    learning_rate: number or schedule. momentum: in [0, 1). nesterov: look ahead.
    Further arguments: `PaperUpdate` and `keras.optimizers.Optimizer`.
    """

    def __init__(self, learning_rate=0.1, momentum=0.9, nesterov=False, name="sgd", **kwargs):
        if not 0 <= momentum < 1:
            raise ValueError(f"SGD: `momentum` must be in [0, 1), got {momentum}.")
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity") if self.momentum else []

    def update_step(self, gradient, variable, learning_rate):
        rate, gradient = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        if self.momentum:
            velocity = self.velocities[self._get_variable_index(variable)]
            moved = self.momentum * velocity + gradient
            self.assign(velocity, moved)
            gradient = gradient + self.momentum * moved if self.nesterov else moved
        self.assign_sub(variable, rate * gradient)

    def get_config(self):
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}


def _named(variable, words):
    return any(word in variable.path for word in words)
