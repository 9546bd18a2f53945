"""Layers: anything with weights or randomness, written with `keras.ops`, one idea a file."""

from keras_resnets.layers.basic_block import BasicBlock, PreactBasicBlock
from keras_resnets.layers.batch_channel_norm import BatchChannelNorm
from keras_resnets.layers.bottleneck_block import BottleneckBlock, PreactBottleneckBlock
from keras_resnets.layers.conventions import Conventions
from keras_resnets.layers.dense_block import DenseLayer
from keras_resnets.layers.eca_block import ECABlock
from keras_resnets.layers.fit_size import FitSize
from keras_resnets.layers.fixup_block import FixupBlock
from keras_resnets.layers.frozen_batch_norm import FrozenBatchNorm
from keras_resnets.layers.inception_block import InceptionBlock
from keras_resnets.layers.inverted_block import InvertedBlock
from keras_resnets.layers.local_response_normalization import LocalResponseNormalization
from keras_resnets.layers.nf_block import NFBlock
from keras_resnets.layers.normalizer_free import NormalizerFree
from keras_resnets.layers.pad_shortcut import PadShortcut
from keras_resnets.layers.residual_block import ResidualBlock
from keras_resnets.layers.scalar_bias import ScalarBias
from keras_resnets.layers.scale_shift import ScaleShift
from keras_resnets.layers.scaled_activation import ScaledActivation
from keras_resnets.layers.se_block import SEBlock
from keras_resnets.layers.separable_block import SeparableBlock, XceptionBlock
from keras_resnets.layers.skip_gain import SkipGain
from keras_resnets.layers.skipinit_block import SkipInitBlock
from keras_resnets.layers.stem_pool import StemPool
from keras_resnets.layers.stochastic_depth import StochasticDepth
from keras_resnets.layers.ws_conv2d import WSConv2D
