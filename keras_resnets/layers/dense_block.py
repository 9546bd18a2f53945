"""What dense blocks are made of: a layer that adds channels to all that came before."""

import keras

from keras_resnets.layers.conventions import TORCHVISION, conventions_from, convolution, normalization, to_config


@keras.saving.register_keras_serializable("keras_resnets")
class DenseLayer(keras.layers.Layer):
    """Concatenates x and branch(x): batch norm, ReLU, conv 1x1, batch norm, ReLU, conv 3x3, dropout (DenseNet-B).

    growth: channels that it adds, at least 1 (the paper's k).
    bottleneck: channels of the 1x1 convolution; None is 4 `growth`.
    dropout: share of the new values dropped in training, in [0, 1).
    conventions: what the reference does where the paper is silent (`Conventions`).

    Unlike a residual block's, its skip stays apart from what it adds: `halves` gives both sides of the concatenation.
    Shapes: (batch, height, width, channels) to (batch, height, width, channels + growth).
    Raises ValueError for arguments outside these ranges.
    Source: Huang et al. 2016, arXiv:1608.06993, section 3.
    """

    def __init__(self, growth, bottleneck=None, dropout=0.0, conventions=TORCHVISION, **kwargs):
        super().__init__(**kwargs)
        bottleneck = 4 * growth if bottleneck is None else bottleneck
        if growth < 1 or bottleneck < 1:
            raise ValueError(
                f"DenseLayer: `growth` and `bottleneck` must be at least 1, got {growth} and {bottleneck}."
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"DenseLayer: `dropout` must be in [0, 1), got {dropout}. For none, use 0.")
        self.growth, self.bottleneck, self.dropout = growth, bottleneck, dropout
        self.conventions, policy = conventions_from(conventions), self.dtype_policy
        parts = [
            normalization(self.conventions, name="bn1", dtype=policy),
            keras.layers.ReLU(name="relu1", dtype=policy),
            *convolution(self.conventions, bottleneck, 1, name="conv1", dtype=policy),
            normalization(self.conventions, name="bn2", dtype=policy),
            keras.layers.ReLU(name="relu2", dtype=policy),
            *convolution(self.conventions, growth, 3, name="conv2", dtype=policy),
        ]
        if dropout:
            parts.append(keras.layers.Dropout(dropout, name="dropout", dtype=policy))
        self.branch = keras.Sequential(parts, name="branch")

    def build(self, shape):
        self.branch.build(shape)

    def call(self, x, training=None):
        return keras.ops.concatenate(self.halves(x, training), axis=-1)

    def halves(self, x, training=None):
        """(x, the new channels)."""
        return x, self.branch(x, training=training)

    def compute_output_shape(self, shape):
        return (*shape[:-1], shape[-1] + self.growth)

    def get_config(self):
        return super().get_config() | {
            "growth": self.growth,
            "bottleneck": self.bottleneck,
            "dropout": self.dropout,
            "conventions": to_config(self.conventions),
        }
