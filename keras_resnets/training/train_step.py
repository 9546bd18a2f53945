"""The custom train step, as a Keras model that is built, compiled and fitted like any other."""

import contextlib

import keras
import tensorflow as tf

from keras_resnets.training import agc
from keras_resnets.training.averaging import Average
from keras_resnets.training.distribution import across, mean_over_replicas, replica_seeds
from keras_resnets.training.losses import check_labels
from keras_resnets.training.optimizers import PaperUpdate
from keras_resnets.training.sam import uphill


@keras.saving.register_keras_serializable("keras_resnets")
class TrainingModel(keras.Model):
    """A functional model whose steps report what the optimizer did; its optimizer must be a `PaperUpdate`.

        network = keras_resnets.ResNet20(classifier_activation=None)
        model = TrainingModel(network.inputs, network.outputs)
        model.compile(optimizer=SGD(0.1, clipping=0.01), loss=CrossEntropy(), metrics=["accuracy"])

    It shares layers and weights with the network it is made of. A step runs forward and backward as a pure function of
    weights and statistics, and hands the gradients to the optimizer, which sums them over replicas once, skips what
    is not finite, clips, decays and updates (`PaperUpdate`). Batch statistics of a skipped step are dropped.
    Logs gain `gradient_norm` (mean over the epoch), `clipped_fraction` (mean) and `skipped_updates` (since the start).
    `evaluate`, `predict` and callbacks are Keras' own; the moving average is in `average` (`Average`, or None).
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gradient_norm = keras.metrics.Mean(name="gradient_norm")
        self.clipped_fraction = keras.metrics.Mean(name="clipped_fraction")

    def compile(
        self,
        optimizer="sgd",
        sharpness=0.0,
        sharpness_share=1.0,
        micro_batches=1,
        average_decay=0.0,
        average_warmup=True,
        synchronized=True,
        jit_compile=False,
        **kwargs,
    ):
        """As `keras.Model.compile`, and:

        sharpness: radius of sharpness-aware minimization, 0 for none. sharpness_share: share of the batch, its first
            images, that the step uphill is taken on, in (0, 1].
        micro_batches: equal parts that a batch is computed in, one after the other; one sum over replicas and one
            update for all. Batch norm takes its statistics from each part. The batch must divide into as many.
        average_decay, average_warmup: of the moving average of weights and statistics; 0 for none. See `Average`.
        synchronized: under several replicas, batch norm takes its statistics in training from all of them, as one
            device would from the whole batch.
        jit_compile: XLA; under several replicas for the forward and backward pass only.
        The optimizer is built for the weights that are trainable now.
        Raises ValueError for an optimizer that clips before the sum over replicas.
        """
        self._steps = {
            "sharpness": sharpness,
            "sharpness_share": sharpness_share,
            "micro_batches": micro_batches,
            "average_decay": average_decay,
            "average_warmup": average_warmup,
            "synchronized": synchronized,
        }
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        whole = bool(jit_compile) and replicas == 1
        super().compile(optimizer=optimizer, jit_compile=whole, auto_scale_loss=False, **kwargs)
        if not isinstance(self.optimizer, PaperUpdate):
            raise ValueError(
                f"TrainingModel: `optimizer` must have the PaperUpdate mixin, got {type(self.optimizer).__name__}. "
                "Use keras_resnets.training.optimizers.SGD, or mix it into another Keras optimizer."
            )
        self.optimizer.build(self.trainable_variables)
        self.optimizer.depthwise = agc.depthwise_kernels(self)
        self.average = Average(self.weights, average_decay, average_warmup) if average_decay else None
        apart = bool(jit_compile) and replicas > 1
        self._differentiate = tf.function(self._gradients, jit_compile=True) if apart else self._gradients

    def get_compile_config(self):
        return super().get_compile_config() | self._steps

    def compile_from_config(self, config):
        """Compiles as a saved file says; Keras leaves it to models whose `compile` is their own."""
        config = {name: value for name, value in config.items() if name != "auto_scale_loss"}
        self.compile(**keras.saving.deserialize_keras_object(config))

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        check_labels(y, self.output_shape[-1])
        variables, weights = self._statistics(), [v.value for v in self.trainable_variables]
        seeds = replica_seeds(variables)
        statistics = [v.value if seed is None else v.value + seed for v, seed in zip(variables, seeds, strict=True)]
        gradients, loss, outputs, statistics = self._differentiate(x, y, sample_weight, weights, statistics)
        statistics = mean_over_replicas(statistics)
        step = self.optimizer.iterations + 0  # before the update counts it
        # Weights too: fused kernels of oneDNN can turn what a weight that is NaN gives into zeros.
        self.optimizer.apply_guarded(gradients, self.trainable_variables, all_finite([loss, *statistics, *weights]))
        applied = tf.convert_to_tensor(self.optimizer.applied) > 0
        for variable, value, seed in zip(variables, statistics, seeds, strict=True):
            value = value if seed is None else value - seed
            # seeds move on with every step; the statistics of a skipped one are dropped
            variable.assign(tf.where(applied, value, variable.value) if seed is None else value)
        if self.average is not None:
            self.average.update(step)
        return self._logs(x, y, outputs, loss)

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        check_labels(y, self.output_shape[-1])
        outputs = self(x, training=False)
        images = tf.cast(tf.shape(outputs)[0], tf.float32)
        weight = images if sample_weight is None else tf.reduce_sum(tf.cast(sample_weight, tf.float32))
        # Keras divides by the images; images of weight 0 only fill the last batch up, and a batch may hold no others
        loss = self.compute_loss(x, y, outputs, sample_weight, training=False) * tf.math.divide_no_nan(images, weight)
        self._loss_tracker.update_state(loss * self._replicas(), sample_weight=weight)
        logs = self.compute_metrics(x, y, outputs, sample_weight)
        return self._shaped({name: v for name, v in logs.items() if name not in ("gradient_norm", "clipped_fraction")})

    def _get_metrics_result_or_logs(self, logs):
        """Figures of an epoch from the metrics, which sum over replicas; what has no metric from the last step's logs.

        Keras takes all from the logs, a mean over replicas, as soon as one name differs: wrong where the last replica
        has fewer images.
        """
        return {name: self.get_metrics_result().get(name, value) for name, value in logs.items()}

    def _statistics(self):
        """Variables that a forward pass may change: batch statistics and random seeds, no weight and no metric."""
        others = {id(v) for layer in self._flatten_layers() for v in layer._trainable_variables}
        others |= {id(v) for v in self.metrics_variables}
        return [v for v in self.non_trainable_variables if id(v) not in others]

    def _gradients(self, x, y, sample_weight, weights, statistics):
        """(gradients, loss, outputs, statistics after it) of the batch, part by part."""
        parts = self._steps["micro_batches"]
        if parts == 1:
            return self._descent(x, y, sample_weight, weights, statistics)
        data = [None if item is None else _split(item, parts) for item in (x, y, sample_weight)]
        outputs = tf.TensorArray(self.outputs[0].dtype, parts, element_shape=(None, *self.output_shape[1:]))

        def part(k, gradients, loss, outputs, statistics):
            one = [None if item is None else item[k] for item in data]
            more, its_loss, its_outputs, statistics = self._descent(*one, weights, statistics)
            gradients = [total + gradient for total, gradient in zip(gradients, more, strict=True)]
            return k + 1, gradients, loss + its_loss, outputs.write(k, its_outputs), statistics

        start = (0, [tf.zeros_like(weight) for weight in weights], 0.0, outputs, statistics)
        _, gradients, loss, outputs, statistics = tf.while_loop(
            lambda k, *_: k < parts, part, start, parallel_iterations=1, maximum_iterations=parts
        )
        outputs = outputs.concat()
        return [gradient / parts for gradient in gradients], loss / parts, outputs, statistics

    def _descent(self, x, y, sample_weight, weights, statistics):
        """As `_backward`, at the point uphill where sharpness-aware minimization takes its gradient."""
        if self._steps["sharpness"]:
            count = tf.cast(
                tf.math.ceil(self._steps["sharpness_share"] * tf.cast(tf.shape(x)[0], tf.float32)), tf.int32
            )
            some = [None if item is None else item[:count] for item in (x, y, sample_weight)]
            gradients, *_ = self._backward(*some, weights, statistics)  # the statistics of this pass are dropped
            weights = uphill(weights, gradients, self._steps["sharpness"])
        return self._backward(x, y, sample_weight, weights, statistics)

    def _backward(self, x, y, sample_weight, weights, statistics):
        """(gradients of the scaled loss, loss, outputs, statistics after it): a pure function of its arguments."""
        variables = self._statistics()
        values = zip([*self.trainable_variables, *variables], [*weights, *statistics], strict=True)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with self._synchronized(), keras.StatelessScope(values) as scope:
                outputs = self(x, training=True)
                loss = self.compute_loss(x, y, outputs, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return gradients, loss, outputs, [scope.get_current_value(v) for v in variables]

    @contextlib.contextmanager
    def _synchronized(self):
        """While it lasts, batch norms sum over replicas; the layers themselves stay as they are saved."""
        layers = [layer for layer in self._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
        if not self._steps["synchronized"] or self._replicas() == 1:
            layers = []
        before = [layer.synchronized for layer in layers]
        try:
            for layer in layers:
                layer.synchronized = True
            yield
        finally:
            for layer, was in zip(layers, before, strict=True):
                layer.synchronized = was

    def _logs(self, x, y, outputs, loss):
        applied = tf.convert_to_tensor(self.optimizer.applied)  # a skipped step is counted, not averaged
        images = tf.cast(tf.shape(outputs)[0], tf.float32)
        for metric, value, count in (
            (self._loss_tracker, loss * self._replicas(), images),
            (self.gradient_norm, tf.convert_to_tensor(self.optimizer.gradient_norm), 1.0),
            (self.clipped_fraction, tf.convert_to_tensor(self.optimizer.clipped_fraction), 1.0),
        ):
            metric.update_state(tf.where(applied > 0, value, 0.0), applied * count)
        logs = self.compute_metrics(x, y, outputs, None)  # accuracy in training counts every image alike
        return self._shaped(logs | {"skipped_updates": tf.convert_to_tensor(self.optimizer.skipped_updates)})

    def _replicas(self):
        """Keras divides each replica's loss by them."""
        return tf.distribute.get_strategy().num_replicas_in_sync

    def _shaped(self, logs):
        """Across workers, Keras averages logs over their first axis, which scalars don't have (keras#20585)."""
        if not across(self.distribute_strategy):
            return logs
        return {name: tf.reshape(tf.convert_to_tensor(value), (1,)) for name, value in logs.items()}

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Across workers, Keras takes a mean of batches here, which fails (keras#20585); tracing builds metrics too."""
        if not across(self.distribute_strategy):
            super()._maybe_symbolic_build(iterator, data_batch)


def _split(batch, parts):
    """(batch, ...) as (parts, batch / parts, ...)."""
    return tf.reshape(batch, tf.concat([[parts, -1], tf.shape(batch)[1:]], axis=0))


def all_finite(tensors):
    """Whether no floating-point number in `tensors` is infinite or NaN."""
    sums = [tf.reduce_sum(tf.cast(tensor, tf.float32)) for tensor in tensors if tensor.dtype.is_floating]
    return tf.reduce_all(tf.math.is_finite(tf.stack(sums)))
