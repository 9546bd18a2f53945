"""The custom train step, as a Keras model that is built, compiled and fitted like any other."""

import keras
import tensorflow as tf

from keras_resnets.training import agc
from keras_resnets.training.optimizers import PaperUpdate


@keras.saving.register_keras_serializable("keras_resnets")
class TrainingModel(keras.Model):
    """A functional model whose steps report what the optimizer did; its optimizer must be a `PaperUpdate`.

        network = keras_resnets.ResNet20(classifier_activation=None)
        model = TrainingModel(network.inputs, network.outputs)
        model.compile(optimizer=SGD(0.1, clipping=0.01), loss=CrossEntropy(), metrics=["accuracy"])

    It shares layers and weights with the network it is made of. A step runs forward and backward, and hands the
    gradients to the optimizer, which sums them over replicas once, skips an update that is not finite, clips, decays
    and updates (`PaperUpdate`). Logs gain `gradient_norm` (mean over the epoch), `clipped_fraction` (mean) and
    `skipped_updates` (since the start). `evaluate`, `predict` and callbacks are Keras' own.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gradient_norm = keras.metrics.Mean(name="gradient_norm")
        self.clipped_fraction = keras.metrics.Mean(name="clipped_fraction")

    def compile(self, optimizer="sgd", **kwargs):
        """As `keras.Model.compile`. Raises ValueError for an optimizer that clips before the sum over replicas."""
        super().compile(optimizer=optimizer, **kwargs)
        if not isinstance(self.optimizer, PaperUpdate):
            raise ValueError(
                f"TrainingModel: `optimizer` must have the PaperUpdate mixin, got {type(self.optimizer).__name__}. "
                "Use keras_resnets.training.optimizers.SGD, or mix it into another Keras optimizer."
            )
        self.optimizer.depthwise = agc.depthwise_kernels(self)

    def compile_from_config(self, config):
        """Compiles as a saved file says; Keras leaves it to models whose `compile` is their own."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            predictions = self(x, training=True)
            loss = self.compute_loss(x, y, predictions, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._logs(x, y, predictions, sample_weight, loss)

    def test_step(self, data):
        logs = super().test_step(data)
        return {name: value for name, value in logs.items() if name not in ("gradient_norm", "clipped_fraction")}

    def _logs(self, x, y, predictions, sample_weight, loss):
        replicas = tf.distribute.get_strategy().num_replicas_in_sync  # Keras divides the loss by them
        self._loss_tracker.update_state(loss * replicas, sample_weight=tf.shape(predictions)[0])
        norm = tf.convert_to_tensor(self.optimizer.gradient_norm)
        counts = tf.cast(tf.math.is_finite(norm), tf.float32)  # a skipped step is counted, not averaged
        self.gradient_norm.update_state(tf.where(counts > 0, norm, 0.0), counts)
        self.clipped_fraction.update_state(self.optimizer.clipped_fraction, counts)
        logs = self.compute_metrics(x, y, predictions, sample_weight)
        return logs | {"skipped_updates": tf.convert_to_tensor(self.optimizer.skipped_updates)}
