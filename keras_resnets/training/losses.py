"""Cross-entropy on logits, for labels that are class numbers or distributions."""

import keras
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
        classes = y_pred.shape[-1]
        target = y_true
        if len(y_true.shape) < 2 or y_true.shape[-1] != classes:
            target = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), classes, dtype=y_pred.dtype)
        target = ops.cast(target, y_pred.dtype)
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + self.label_smoothing / classes
        return ops.categorical_crossentropy(target, y_pred, from_logits=True)

    def get_config(self):
        return super().get_config() | {"label_smoothing": self.label_smoothing}
