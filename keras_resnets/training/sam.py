"""Sharpness-aware minimization: take the gradient where the loss is worst nearby."""

from keras import ops


def uphill(weights, gradients, radius):
    """Weights moved by `radius` along their gradients, measured over all of them: w + rho * g / |g|.

    weights, gradients: lists of tensors of equal shapes. radius: rho, positive; NFNets are fine-tuned with 0.05.
    Source: Foret et al. 2020, arXiv:2010.01412, equation 2 with p = 2. Brock et al. 2021, arXiv:2102.06171, appendix,
    take `gradients` from 20 % of the batch and, on several replicas, from each replica's own share.
    """
    norm = ops.sqrt(sum(ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in gradients))
    scale = radius / (norm + 1e-12)
    return [
        weight + ops.cast(scale, weight.dtype) * ops.cast(gradient, weight.dtype)
        for weight, gradient in zip(weights, gradients, strict=True)
    ]
