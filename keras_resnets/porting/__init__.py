"""Weights of other projects into our models, and back."""
