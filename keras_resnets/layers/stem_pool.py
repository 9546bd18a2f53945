"""The 3x3 max pooling of ImageNet stems, which every reference pads in its own way."""

import keras
from keras import ops

PADDINGS = ("symmetric", "same", "ceil", "zeros")


@keras.saving.register_keras_serializable("keras_resnets")
class StemPool(keras.layers.Layer):
    """The largest value of each 3x3 window, every 2 px.

    padding: "symmetric": one pixel on all sides that never wins (PyTorch);
        "same": as TensorFlow, nothing before the first row and column of an even side, and never wins;
        "ceil": none before, at most one after, that never wins (Caffe: `ceil_mode` without padding);
        "zeros": one pixel of zeros on all sides, which win over negative values (Keras' ResNetV2).
    Shapes: (batch, height, width, channels) to (batch, ceil(height / 2), ceil(width / 2), channels); "ceil" gives
        floor(height / 2), and takes sides of at least 2 px.
    Raises ValueError for another padding.
    """

    def __init__(self, padding="symmetric", **kwargs):
        super().__init__(**kwargs)
        if padding not in PADDINGS:
            raise ValueError(f"StemPool: `padding` must be one of {', '.join(PADDINGS)}, got {padding!r}.")
        self.padding = padding

    def call(self, x):
        if self.padding == "same":
            return ops.max_pool(x, 3, 2, padding="same", data_format="channels_last")
        # A mirrored pixel is in the window already, so it never wins; unlike -infinity it has a place in int8.
        sides = [[0, 0], [0, 1] if self.padding == "ceil" else [1, 1], [0, 1] if self.padding == "ceil" else [1, 1]]
        mode = "constant" if self.padding == "zeros" else "symmetric"
        x = ops.pad(x, [*sides, [0, 0]], mode=mode)
        return ops.max_pool(x, 3, 2, padding="valid", data_format="channels_last")

    def compute_output_shape(self, shape):
        up = 0 if self.padding == "ceil" else 1
        height, width = (None if side is None else (side + up) // 2 for side in shape[1:3])
        return (shape[0], height, width, shape[3])

    def get_config(self):
        return super().get_config() | {"padding": self.padding}
