"""Optimizers that update as the papers do: one sum over replicas, guard, adaptive clipping, coupled decay, update."""

import keras
from keras import ops

from keras_resnets.training import agc
from keras_resnets.training.distribution import apply_if, sum_over_replicas
from keras_resnets.training.loss_scale import LossScale


class PaperUpdate:
    """A mixin for Keras optimizers that decides what a gradient is before the optimizer's own rule uses it.

    In this order, in every step: gradients are summed over replicas, once, and unscaled; the update is skipped, alike
    on every replica, if any gradient is not finite or a replica says it is unhealthy; gradients are clipped adaptively
    against the weights before the update; coupled weight decay is added; the optimizer updates. `iterations` counts
    skipped steps too, so the schedule and the data order don't shift.

    weight_decay: coupled L2 decay, this times the weight is added to its gradient; Keras' own is decoupled, and under
        momentum 0.9 ten times weaker. None or 0 is off.
    weight_decay_exempt: weights whose path holds one of these words are not decayed.
    clipping: adaptive gradient clipping, largest ratio of gradient norm to weight norm per unit; None is off.
    clipping_epsilon: smallest weight norm that clipping assumes.
    clipping_exempt: weights whose path holds one of these words are not clipped; by default the classifier's kernel.
    loss_scaling: scale the loss dynamically, for float16; see `LossScale`. Gradients are unscaled before they are
        clipped.

    After each step these are variables to read: `gradient_norm` (L2 over all weights, summed over replicas, before
    clipping), `clipped_fraction` (of all units that may be clipped), `applied` (1, or 0 if the step was skipped),
    `skipped_updates` (so far), `skipped_in_row`; and one entry a weight, in the order of `build`: `clipped_by_weight`
    (fraction of its units) and `finite_by_weight` (1, or 0).
    `depthwise` (paths of depthwise kernels), `rate_scales` ({path: factor of the learning rate}) are filled by whoever
    knows the network; `rate_factor` is a variable that multiplies every learning rate. Where one worker sets
    `stop_asked` to 1, all find `stop_agreed` 1 after the same step.
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
        loss_scaling=False,
        **kwargs,
    ):
        if kwargs.get("gradient_accumulation_steps"):
            raise ValueError(
                f"{type(self).__name__}: `gradient_accumulation_steps` can't be combined with a guarded update, got "
                f"{kwargs['gradient_accumulation_steps']}. Use `micro_batches` of TrainingModel.compile."
            )
        if clipping is not None and clipping <= 0:
            raise ValueError(
                f"{type(self).__name__}: `clipping` must be positive, or None for no clipping, got {clipping}."
            )
        super().__init__(*args, weight_decay=weight_decay, **kwargs)
        self.weight_decay_exempt = tuple(weight_decay_exempt)
        self.clipping, self.clipping_epsilon = clipping, clipping_epsilon
        self.clipping_exempt = tuple(clipping_exempt)
        self.loss_scaling = loss_scaling
        self.depthwise, self.rate_scales = set(), {}
        self._healthy = True

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        count = (len(variables),)
        self.gradient_norm = self._add("gradient_norm")
        self.clipped_fraction = self._add("clipped_fraction")
        self.applied = self._add("applied", initializer="ones")
        self.skipped_updates = self._add("skipped_updates")
        self.skipped_in_row = self._add("skipped_in_row")
        self.clipped_by_weight = self._add("clipped_by_weight", count)
        self.finite_by_weight = self._add("finite_by_weight", count, "ones")
        self.rate_factor = self._add("rate_factor", initializer="ones")
        self.stop_asked, self.stop_agreed = self._add("stop_asked"), self._add("stop_agreed")
        self.loss_scale = LossScale(self._add) if self.loss_scaling else None

    @property
    def variables_built(self):
        """The weights that the optimizer was built for, in its order."""
        return list(self._trainable_variables)

    def clips(self, variable):
        """Whether a weight may be clipped."""
        return self.clipping is not None and not _named(variable, self.clipping_exempt)

    def _add(self, name, shape=(), initializer="zeros"):
        # "mean" lets every replica write: all hold the same value.
        return self.add_variable(shape, name=name, initializer=initializer, aggregation="mean")

    def scale_loss(self, loss):
        """`loss` as it is to be differentiated: scaled, where `loss_scaling` is on."""
        return self.loss_scale.scale(loss) if self.loss_scaling else loss

    def apply_guarded(self, gradients, variables, healthy):
        """As `apply_gradients`, but skipped also where `healthy`, a boolean, does not hold on any one replica."""
        self._healthy = healthy
        try:
            self.apply_gradients(zip(gradients, variables, strict=True))
        finally:
            self._healthy = True

    def _backend_apply_gradients(self, grads, trainable_variables):
        sick = 1.0 - ops.cast(self._healthy, "float32")
        *gradients, sick, asked = sum_over_replicas([*grads, sick, self.stop_asked + 0])
        self.stop_agreed.assign(ops.cast(asked > 0, "float32"))
        if self.loss_scaling:
            gradients = self.loss_scale.unscale(gradients)
        gradients, squares, clipped, units = self._clipped(gradients, trainable_variables)
        norm = ops.sqrt(sum(squares))
        finite = ops.logical_and(ops.isfinite(norm), sick == 0)
        self._record(trainable_variables, norm, finite, squares, clipped, units)
        if self.loss_scaling:
            self.loss_scale.update(finite)
        apply_if(
            finite, super()._backend_apply_gradients, self._decayed(gradients, trainable_variables), trainable_variables
        )

    def _clipped(self, gradients, variables):
        """(gradients after adaptive clipping, then of each weight: square norm before, units clipped, units)."""
        results, squares, clipped, units = [], [], [], []
        for gradient, variable in zip(gradients, variables, strict=True):
            gradient = ops.cast(gradient, variable.dtype)
            if self.clips(variable):
                depthwise = variable.path in self.depthwise
                factor, norm = agc.clip_factors(gradient, variable, self.clipping, self.clipping_epsilon, depthwise)
                gradient = gradient * factor
                squares.append(ops.sum(ops.square(norm)))
                clipped.append(ops.sum(ops.cast(factor < 1, "float32")))
                units.append(norm.shape.num_elements())
            else:
                squares.append(ops.sum(ops.square(gradient)))
                clipped.append(ops.zeros(()))
                units.append(0)
            results.append(gradient)
        return results, squares, clipped, units

    def _record(self, variables, norm, finite, squares, clipped, units):
        finite = ops.cast(finite, "float32")
        self.gradient_norm.assign(norm)
        self.applied.assign(finite)
        self.skipped_updates.assign_add(1.0 - finite)
        self.skipped_in_row.assign((self.skipped_in_row + 1.0) * (1.0 - finite))
        self.clipped_fraction.assign(sum(clipped) / max(sum(units), 1))
        share = ops.stack(clipped) / ops.convert_to_tensor([max(n, 1) for n in units], "float32")
        sound = ops.cast(ops.isfinite(ops.stack(squares)), "float32")
        if len(variables) < len(self._trainable_variables):  # a part of the network is frozen
            places = ops.convert_to_tensor([[self._get_variable_index(variable)] for variable in variables])
            share = ops.scatter(places, share, self.clipped_by_weight.shape)
            sound = ops.scatter_update(ops.ones(self.finite_by_weight.shape), places, sound)
        self.clipped_by_weight.assign(share)
        self.finite_by_weight.assign(sound)

    def _decayed(self, gradients, variables):
        if not self.weight_decay:
            return gradients
        return [
            gradient if _named(variable, self.weight_decay_exempt) else gradient + self.weight_decay * variable
            for gradient, variable in zip(gradients, variables, strict=True)
        ]

    def _get_current_learning_rate(self):
        rate = super()._get_current_learning_rate()
        return rate * ops.cast(self.rate_factor, rate.dtype) if self.built else rate

    def rate_of(self, variable, learning_rate):
        """The learning rate of one weight: `learning_rate` times its factor in `rate_scales`."""
        path = self._trainable_variables[self._get_variable_index(variable)].path  # TensorFlow's variable has none
        return ops.cast(learning_rate, variable.dtype) * self.rate_scales.get(path, 1.0)

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
            "loss_scaling": self.loss_scaling,
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
        rate = self.rate_of(variable, learning_rate)
        if self.momentum:
            velocity = self.velocities[self._get_variable_index(variable)]
            moved = self.momentum * velocity + gradient
            self.assign(velocity, moved)
            gradient = gradient + self.momentum * moved if self.nesterov else moved
        self.assign_sub(variable, rate * gradient)

    def get_config(self):
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}


@keras.saving.register_keras_serializable("keras_resnets")
class RMSprop(PaperUpdate, keras.optimizers.RMSprop):
    """RMSProp as MobileNet and EfficientNet were trained with: Keras' rule, which adds epsilon inside the root.

    learning_rate: number or schedule. rho: share of the mean square gradient that is kept. TensorFlow 1, which those
    papers used, started that mean at 1; Keras starts it at 0. Further arguments: `PaperUpdate`.
    """

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, self.rate_of(variable, learning_rate))


def _named(variable, words):
    return any(word in variable.path for word in words)
