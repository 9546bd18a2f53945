"""How NFNet's authors augmented each of F0 to F7."""

from keras_resnets.recipe import Augment


def nfnet_augment(level):
    """The `recipe.Augment` of NFNet-F`level`, 0 to 7: stronger RandAugment for larger networks.

    The plus variants are trained like those without (the released code has no key for them). Besides, NFNets have
    `Data(resize="resize_crop_32", interpolation="bicubic", antialias=False)` with the variant's sizes.
    Source: Brock et al. 2021, arXiv:2102.06171, section 6 and appendix; google-deepmind/deepmind-research
    nfnets/experiment_nfnets.py. ValueError for another level.
    """
    if level not in range(8):
        raise ValueError(f"nfnet_augment: `level` must be 0 to 7, got {level!r}. NFNet-F0 is 0.")
    return Augment(
        crop="inception",
        crop_area=(0.1, 1.0),  # 0.08 by name, but windows of less than a tenth of the image are refused
        flip=True,
        rand_augment=4,
        rand_augment_policy="nfnet",
        rand_augment_level=5 if level == 0 else 10 if level <= 2 else 15,
        mixing="nfnet",
        mixup=0.2,
        cutmix=1.0,
    )
