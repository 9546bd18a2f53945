"""Top-1 accuracy while training, for labels that are class numbers or distributions."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class Top1(keras.metrics.MeanMetricWrapper):
    """Share of images whose highest output is the label's, or the likeliest class of a mixed label's."""

    def __init__(self, name="top1", **kwargs):
        super().__init__(_is_right, name=name, **kwargs)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


def _is_right(labels, outputs):
    if len(labels.shape) == len(outputs.shape) and labels.shape[-1] == outputs.shape[-1]:
        labels = ops.argmax(labels, axis=-1)
    labels = ops.reshape(labels, (-1,))
    return ops.cast(ops.equal(ops.argmax(outputs, axis=-1), ops.cast(labels, "int32")), "float32")
