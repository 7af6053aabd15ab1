"""Makes the small random network beside it, and records what chronos-forecasting answers with it.

    pip install torch transformers chronos-forecasting numpy
    python make.py

Made with torch 2.13.0, transformers 5.24.0 and chronos-forecasting 2.3.2. The tests need none of them.
"""

from pathlib import Path

import numpy as np
import torch
from chronos.chronos_bolt import ChronosBoltModelForForecasting, ChronosBoltPipeline
from transformers import T5Config

HERE = Path(__file__).parent
LENGTHS = {1: 16, 5: 7, 16: 40, 37: 16, 64: 17, 90: 100}
"""Steps of a series -> steps to be forecast; the network looks at 64 and forecasts 16."""


def network() -> ChronosBoltModelForForecasting:
    config = T5Config(
        d_model=16,
        d_kv=8,
        d_ff=24,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=2,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=16,
        feed_forward_proj="relu",
        initializer_factor=0.3,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
        reg_token_id=1,
        vocab_size=2,
        architectures=["ChronosBoltModelForForecasting"],
    )
    config.chronos_config = {
        "context_length": 64,
        "prediction_length": 16,
        "input_patch_size": 4,
        "input_patch_stride": 4,
        "quantiles": [round(0.1 * i, 1) for i in range(1, 10)],
        "use_reg_token": True,
    }
    torch.manual_seed(3)
    made = ChronosBoltModelForForecasting(config).eval()
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if name.endswith("bias") or "layer_norm" in name:
                weights.add_(0.1 * torch.randn_like(weights))
            if "relative_attention_bias" in name:
                weights.copy_(torch.randn_like(weights))
    return made


def series(length: int, rng: np.random.Generator) -> np.ndarray:
    """Three series: whole, with gaps, and beginning late."""
    wave = 50 + 10 * np.sin(2 * np.pi * np.arange(length) / 12)
    made = wave + rng.normal(size=(3, length)).cumsum(1)
    made[1, :-1][rng.random(length - 1) < 0.3] = np.nan
    made[2, : length // 2] = np.nan
    made[0, 17:36] = np.nan
    return made.astype(np.float32)


def main() -> None:
    network().save_pretrained(HERE)
    pipeline = ChronosBoltPipeline.from_pretrained(HERE)
    rng, answers = np.random.default_rng(1), {}
    for length, horizon in LENGTHS.items():
        context = series(length, rng)
        answers[f"context{length}"] = context
        told = pipeline.predict(torch.tensor(context), prediction_length=horizon)
        answers[f"answer{length}"] = told.numpy()
    np.savez(HERE / "answers.npz", **answers)


main()
