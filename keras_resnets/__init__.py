"""Residual networks in Keras 3, from ResNet to NFNet and to the phone."""

from keras_resnets._version import __version__
from keras_resnets.layers import *
from keras_resnets.models import *
