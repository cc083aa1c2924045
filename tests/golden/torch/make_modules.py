"""Makes the TorchScript modules that the tests load: one that scores, and those that go wrong in one way each.

    python3 make_modules.py        # writes *.pt beside this file; made with PyTorch 1.13, which later ones read
"""
from pathlib import Path

import torch
from torch import Tensor, nn


class InnerProduct(nn.Module):
    """The first floats of the user's state as a vector, times the ad's."""

    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        return torch.bmm(ads, users[:, : ads.shape[2]].unsqueeze(2)).squeeze(2)


class NotANumber(nn.Module):
    """As the inner product, but ads whose first component is negative have no score."""

    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        scores = torch.bmm(ads, users[:, : ads.shape[2]].unsqueeze(2)).squeeze(2)
        return scores.masked_fill(ads[:, :, 0] < 0, float("nan"))


class WrongShape(nn.Module):
    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        return torch.bmm(ads, users[:, : ads.shape[2]].unsqueeze(2))


class WrongType(nn.Module):
    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        return ads.sum(2).to(torch.float64)


class Throws(nn.Module):
    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        raise RuntimeError("this module always fails")


class ThrowsLater(nn.Module):
    """Passes the trial, which is all zeros, and fails for users whose first float is above 1000."""

    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        if float(users[:, 0].max()) > 1000.0:
            raise RuntimeError("this user cannot be scored")
        return torch.bmm(ads, users[:, : ads.shape[2]].unsqueeze(2)).squeeze(2)


class LosesTheDevice(nn.Module):
    """Passes the trial, and says of every real user what a device says that is lost."""

    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        if float(users.abs().max()) > 0.0:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return ads.sum(2)


class FillsTheDevice(nn.Module):
    """As the one before, of a device that is full."""

    def forward(self, users: Tensor, ads: Tensor) -> Tensor:
        if float(users.abs().max()) > 0.0:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return ads.sum(2)


for module in [InnerProduct, NotANumber, WrongShape, WrongType, Throws, ThrowsLater, LosesTheDevice, FillsTheDevice]:
    torch.jit.script(module()).save(str(Path(__file__).parent / f"{module.__name__}.pt"))
