"""Option A: a shortcut without parameters where the shape changes."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class PadShortcut(keras.layers.Layer):
    """Every `strides`-th row and column, with new channels of zeros.

    filters: channels of the output; ValueError if the input has more.
    strides: 1 or more.
    zeros: "both" puts half of the new channels before and half after (akamaster's port), "after" puts all after
        (the first Torch port); the paper does not say.
    Shapes: (batch, height, width, channels) to (batch, ceil(height / strides), ceil(width / strides), filters).
    Source: He et al. 2015, arXiv:1512.03385, section 3.3, option A.
    """

    def __init__(self, filters, strides=1, zeros="both", **kwargs):
        super().__init__(**kwargs)
        if filters < 1 or strides < 1:
            raise ValueError(f"PadShortcut: `filters` and `strides` must be at least 1, got {filters} and {strides}.")
        if zeros not in ("both", "after"):
            raise ValueError(f"PadShortcut: `zeros` must be 'both' or 'after', got {zeros!r}.")
        self.filters, self.strides, self.zeros = filters, strides, zeros

    def build(self, shape):
        if shape[-1] > self.filters:
            raise ValueError(
                f"PadShortcut: `filters` ({self.filters}) must be at least the input's channels ({shape[-1]}): "
                "zeros can be added, not taken away. Use a projection."
            )

    def call(self, x):
        new = self.filters - x.shape[-1]
        before = new // 2 if self.zeros == "both" else 0
        x = x[:, :: self.strides, :: self.strides]
        return ops.pad(x, [[0, 0], [0, 0], [0, 0], [before, new - before]])

    def compute_output_shape(self, shape):
        height, width = (None if side is None else -(-side // self.strides) for side in shape[1:3])
        return (shape[0], height, width, self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides, "zeros": self.zeros}
