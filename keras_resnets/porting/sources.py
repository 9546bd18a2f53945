"""Whose names arrays have: for each source the tables that may fit a network, and how its files are read."""

import re
import zipfile
from pathlib import Path

import numpy as np

from keras_resnets.porting import cifar_resnets, deepmind, keras_mobile, timm_nf
from keras_resnets.porting.rename import collect, fill

SOURCES = {
    "akamaster": (cifar_resnets,),
    "timm": (timm_nf,),
    "torchvision": (),
    "deepmind": (deepmind,),
    "keras": (keras_mobile,),
}
"""The modules with a function `pairs(model)`, in the order in which they are tried."""
