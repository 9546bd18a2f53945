"""Blocks of two 3x3 convolutions: post- and pre-activation."""

import keras

from keras_resnets.layers.residual_block import ResidualBlock


@keras.saving.register_keras_serializable("keras_resnets")
class BasicBlock(ResidualBlock):
    """conv 3x3, batch norm, ReLU, conv 3x3, batch norm; sum; ReLU.

    relu_before_se: ReLU also before squeeze-and-excitation, a slip of the first SE-ResNet-18 and 34 in PyTorch that
        their weights were trained with.
    Other arguments, shapes and errors: `ResidualBlock`. The first convolution strides.
    Source: He et al. 2015, arXiv:1512.03385, figure 5 left.
    """

    def __init__(self, *args, relu_before_se=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.relu_before_se = relu_before_se
        self.branch = self._sequence(
            "branch",
            self._convolution(3, "conv1", strides=self.strides),
            self._normalization("bn1"),
            self._relu("relu1"),
            self._convolution(3, "conv2"),
            self._normalization("bn2", last=True),
            [self._relu("relu2")] if relu_before_se else [],
            self._end_of_branch(),
        )
        self.shortcut = self._shortcut()
        self.after = self._relu("after")

    def get_config(self):
        return super().get_config() | {"relu_before_se": self.relu_before_se}


@keras.saving.register_keras_serializable("keras_resnets")
class PreactBasicBlock(ResidualBlock):
    """batch norm, ReLU; conv 3x3, batch norm, ReLU, dropout, conv 3x3; sum.

    dropout: share of values dropped between the convolutions in training, in [0, 1) (Wide ResNet).
    Other arguments, shapes and errors: `ResidualBlock`. The first convolution strides; a projection starts from the
    activated input and has no batch norm.
    Source: He et al. 2016, arXiv:1603.05027, figure 1b; Zagoruyko and Komodakis 2016, arXiv:1605.07146, B(3, 3).
    """

    def __init__(self, *args, dropout=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.dropout = dropout
        self.before = self._sequence("before", self._normalization("bn1"), self._relu("relu1"))
        self.branch = self._sequence(
            "branch",
            self._convolution(3, "conv1", strides=self.strides),
            self._normalization("bn2"),
            self._relu("relu2"),
            [keras.layers.Dropout(dropout, name="dropout", dtype=self.dtype_policy)] if dropout else [],
            self._convolution(3, "conv2", normalized=False),
            self._end_of_branch(),
        )
        self.shortcut = self._shortcut(normalized=False)

    def get_config(self):
        return super().get_config() | {"dropout": self.dropout}
