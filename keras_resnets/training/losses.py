"""Cross-entropies on logits, for labels that are class numbers or distributions."""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class CrossEntropy(keras.losses.Loss):
    """-sum(target * log softmax(logits)) per example, in nats; Keras' sparse loss has no label smoothing.

    label_smoothing: share of each label spread evenly over all classes, in [0, 1).
    Shapes: labels (batch,) or (batch, 1) of class numbers, or (batch, classes) of shares; logits (batch, classes).
    Source: label smoothing, Szegedy et al. 2015, arXiv:1512.00567, section 7.
    """

    def __init__(self, label_smoothing=0.0, name="cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"CrossEntropy: `label_smoothing` must be in [0, 1), got {label_smoothing}.")
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        return ops.categorical_crossentropy(targets(y_true, y_pred, self.label_smoothing), y_pred, from_logits=True)

    def get_config(self):
        return super().get_config() | {"label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("keras_resnets")
class BinaryCrossEntropy(CrossEntropy):
    """Each class a yes or no of its own, the mean over classes: the loss of "ResNet strikes back".

    A mixed label counts for as much of each class as it holds. Arguments and shapes: `CrossEntropy`.
    Source: Wightman et al. 2021, arXiv:2110.00476, section 2.
    """

    def __init__(self, label_smoothing=0.0, name="binary_cross_entropy", **kwargs):
        super().__init__(label_smoothing, name, **kwargs)

    def call(self, y_true, y_pred):
        return ops.mean(ops.binary_crossentropy(targets(y_true, y_pred, self.label_smoothing), y_pred, True), axis=-1)


LOSSES = {"cross_entropy": CrossEntropy, "binary_cross_entropy": BinaryCrossEntropy}
"""By the name in `recipe.Recipe.loss`."""


def targets(labels, outputs, label_smoothing=0.0):
    """Labels (batch,), (batch, 1) or (batch, classes) as shares (batch, classes) in the dtype of `outputs`."""
    classes = outputs.shape[-1]
    if not _shares(labels, classes):
        labels = ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), classes, dtype=outputs.dtype)
    labels = ops.cast(labels, outputs.dtype)
    return labels * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else labels


def check_labels(labels, classes):
    """Stops a step whose integer labels are not in [0, classes): one-hot coding would silently make them nothing.

    Raises tf.errors.InvalidArgumentError from within the step; XLA leaves the check out.
    """
    if labels is None or _shares(labels, classes):
        return
    labels = tf.reshape(tf.cast(labels, tf.int64), (-1,))
    wrong = (labels < 0) | (labels >= classes)
    rule = (
        f"TrainingModel: labels must be class numbers in [0, {classes}), one for each output of the network. "
        "Correct the labels, or build the network with more `classes`. The first label out of range:"
    )
    tf.debugging.Assert(~tf.reduce_any(wrong), [rule, labels[tf.argmax(wrong)]])


def _shares(labels, classes):
    return len(labels.shape) > 1 and labels.shape[-1] == classes and classes > 1
