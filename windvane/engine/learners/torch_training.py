"""Training with PyTorch: AdamW over batches in random order, and the state that did best on validation rows.

Imported by those who train alone: it needs the extra `torch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from windvane.domain.problem import MetricName
from windvane.engine.learners.base import Clock, Setting
from windvane.engine.learners.scaling import Floats
from windvane.engine.weighted import Weight

_CLOCK_EVERY = 4
_VALIDATED_AT_ONCE = 4096
_SEEDS = 2**63
_BEND = 0.1
"""Below this, in standard deviations of the target, an absolute error counts as its square."""


@dataclass(frozen=True)
class TorchRows:
    """numbers (n_rows, n_numbers) float32, codes (n_rows, n_codes) places in the embeddings, y (n_rows,) the scaled
    target or the class index, weight (n_rows,) or None."""

    numbers: Tensor
    codes: Tensor
    y: Tensor
    weight: Tensor | None

    @staticmethod
    def of(
        numbers: NDArray[np.float32],
        codes: NDArray[np.int64],
        y: NDArray[np.float64],
        weight: Weight,
    ) -> TorchRows:
        return TorchRows(
            torch.from_numpy(np.ascontiguousarray(numbers)),
            torch.from_numpy(np.ascontiguousarray(codes)),
            torch.from_numpy(y.astype(np.float32)),
            None
            if weight is None
            else torch.from_numpy((weight / weight.mean()).astype(np.float32)),
        )

    def __len__(self) -> int:
        return len(self.y)

    def taken(self, rows: Tensor | slice) -> TorchRows:
        weight = None if self.weight is None else self.weight[rows]
        return TorchRows(self.numbers[rows], self.codes[rows], self.y[rows], weight)


@dataclass(frozen=True)
class TorchCourse:
    """The settings of a training.

    patience    epochs without improvement on validation rows after which to stop
    step_share  share of the schedule that is over -> share of the learning rate
    smoothing   of labels
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    patience: int
    step_share: Callable[[float], float] = lambda _: 1.0
    smoothing: float = 0.0


class TorchNetwork(nn.Module):
    """Members side by side: (n_rows, n_members, n_outputs) of numbers and codes."""

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        raise NotImplementedError


@contextmanager
def torch_ready(setting: Setting) -> Iterator[None]:
    """Chance and threads as the setting has them, and as they were afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setting.seed % _SEEDS)
        torch.set_num_threads(max(1, setting.threads))
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def train_network(
    network: TorchNetwork,
    train: TorchRows,
    valid: TorchRows | None,
    setting: Setting,
    course: TorchCourse,
    clock: Clock,
) -> int:
    """Leaves the network in the state that did best on `valid`, or in the last one without it; the epochs it was
    trained for (begun ones count)."""
    loss_of = _loss(setting, course.smoothing)
    optimizer = torch.optim.AdamW(
        _groups(network, course.weight_decay), lr=course.learning_rate, fused=True
    )
    n_batches = math.ceil(len(train) / course.batch)
    best_loss, best_epoch, best = math.inf, 0, _state(network)
    for epoch in range(1, course.epochs + 1):
        order = torch.randperm(len(train))
        network.train()
        is_over = False
        for i in range(n_batches):
            rows = train.taken(order[i * course.batch : (i + 1) * course.batch])
            if len(rows) == 1 and n_batches > 1:
                continue
            at = (epoch - 1 + i / n_batches) / course.epochs
            for group in optimizer.param_groups:
                group["lr"] = course.learning_rate * course.step_share(at)
            optimizer.zero_grad()
            loss = loss_of(network(rows.numbers, rows.codes), rows)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if i % _CLOCK_EVERY == 0 and clock.is_over():
                is_over = True
                break
        if valid is None:
            best_epoch = epoch
        else:
            found = _validated(network, valid, setting)
            if found < best_loss or not best_epoch:
                best_loss, best_epoch, best = found, epoch, _state(network)
        if is_over or clock.is_over() or epoch - best_epoch >= course.patience:
            break
    if valid is not None:
        network.load_state_dict(best)
    return best_epoch


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weights are decayed; biases, scales and norms are not."""
    decayed = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _loss(setting: Setting, smoothing: float) -> Callable[[Tensor, TorchRows], Tensor]:
    """Return each member's own, averaged: (n_rows, n_members, n_outputs) and the rows to a number."""

    def of_members(outputs: Tensor, rows: TorchRows) -> Tensor:
        n_rows, n_members, _ = outputs.shape
        flat = outputs.reshape(n_rows * n_members, -1)
        y = rows.y.repeat_interleave(n_members)
        if setting.n_classes == 2:
            smooth = y * (1 - smoothing) + smoothing / 2
            each = functional.binary_cross_entropy_with_logits(flat[:, 0], smooth, reduction="none")
        elif setting.n_classes:
            each = functional.cross_entropy(
                flat, y.long(), reduction="none", label_smoothing=smoothing
            )
        elif setting.objective is MetricName.MAE:
            each = functional.huber_loss(flat[:, 0], y, reduction="none", delta=_BEND) / _BEND
        else:
            each = (flat[:, 0] - y) ** 2
        if rows.weight is not None:
            each = each * rows.weight.repeat_interleave(n_members)
        return each.mean()

    return of_members


def _validated(network: TorchNetwork, valid: TorchRows, setting: Setting) -> float:
    """Return the loss of what the members answer together."""
    network.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(valid), _VALIDATED_AT_ONCE):
            rows = valid.taken(slice(start, start + _VALIDATED_AT_ONCE))
            each = _of_answers(network(rows.numbers, rows.codes).double(), rows, setting)
            total += float((each if rows.weight is None else each * rows.weight).sum())
    return total if math.isfinite(total) else math.inf


def _of_answers(outputs: Tensor, rows: TorchRows, setting: Setting) -> Tensor:
    y = rows.y.double()
    if setting.n_classes == 2:
        share = outputs[:, :, 0].sigmoid().mean(dim=1).clamp(1e-12, 1 - 1e-12)
        return -(y * share.log() + (1 - y) * (1 - share).log())
    if setting.n_classes:
        shares = outputs.softmax(dim=2).mean(dim=1).clamp_min(1e-12)
        return -shares.log().gather(1, rows.y.long()[:, None])[:, 0]
    apart = outputs[:, :, 0].mean(dim=1) - y
    return apart.abs() if setting.objective is MetricName.MAE else apart**2


def array_of(tensor: Tensor) -> Floats:
    """Return a tensor as it is stored."""
    return tensor.detach().numpy().astype(np.float32)
