"""Residual networks in Keras 3, from ResNet to NFNet and to the phone."""
