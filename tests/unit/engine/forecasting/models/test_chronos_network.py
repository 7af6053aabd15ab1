"""The network of Chronos-Bolt against what the published code answers with the same weights (chronos_bolt/make.py)."""

import json

import numpy as np
import pytest
from unit.engine.forecasting.conftest import CHRONOS_BOLT

from windvane.engine.forecasting.models.chronos_bolt import unrolled
from windvane.engine.forecasting.models.chronos_network import (
    BoltConfig,
    BoltNetwork,
    distance_buckets,
    shapes_of,
)
from windvane.engine.safetensors import read_safetensors

TOLD = json.loads((CHRONOS_BOLT / "config.json").read_text())
LARGEST = {"d_model": 768, "d_ff": 3072, "d_kv": 64, "num_heads": 12, "num_layers": 12}


@pytest.fixture(scope="module")
def network():
    config = BoltConfig.from_json(TOLD)
    tensors = read_safetensors(CHRONOS_BOLT / "model.safetensors", shapes_of(config))
    return BoltNetwork(config, tensors.arrays)


@pytest.mark.parametrize("length", [1, 5, 16, 37, 64, 90])
def test_forecasts_are_those_of_the_published_code(network, length):
    with np.load(CHRONOS_BOLT / "answers.npz") as told:
        context, wanted = told[f"context{length}"].astype(float), told[f"answer{length}"]
    made = unrolled(network, context, wanted.shape[2])
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() < 1e-4


def test_what_stands_before_a_series_changes_nothing(network):
    rng = np.random.default_rng(0)
    alone = rng.normal(size=(1, 21))
    longer = np.full((1, 50), np.nan)
    longer[:, -21:] = alone
    beside = np.concatenate([longer, rng.normal(size=(40, 50))])
    assert network.forecast(beside)[0] == pytest.approx(network.forecast(alone)[0], abs=1e-5)


def test_batches_are_as_large_as_memory_allows(network):
    wide = BoltConfig.from_json(with_size(LARGEST, context_length=2048))
    assert 1 <= BoltNetwork(wide, {}).batch < 20 < network.batch


def test_distances_share_buckets_the_further_they_are():
    ahead = np.array([0, 1, 7, 8, 15, 16, 127, 128, 5000])
    assert distance_buckets(ahead, 32, 128).tolist() == [0, 17, 23, 24, 25, 26, 31, 31, 31]
    assert distance_buckets(-ahead, 32, 128).tolist() == [0, 1, 7, 8, 9, 10, 15, 15, 15]


def test_the_published_sizes_have_as_many_weights_as_published():
    published = with_size(
        LARGEST,
        context_length=2048,
        prediction_length=64,
        input_patch_size=16,
        input_patch_stride=16,
    )
    published["relative_attention_num_buckets"] = 32
    shapes = shapes_of(BoltConfig.from_json({**published, "num_decoder_layers": 12}))
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == pytest.approx(205e6, rel=0.01)


def with_size(size, **own):
    return {**TOLD, **size, "chronos_config": {**TOLD["chronos_config"], **own}}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "no 'chronos_config'"),
        ({"chronos_config": []}, "no 'chronos_config'"),
        ({**TOLD, "feed_forward_proj": "gated-gelu"}, "'feed_forward_proj' must be 'relu'"),
        ({**TOLD, "d_model": 1 << 30}, "'d_model'"),
        ({**TOLD, "d_model": "16"}, "'d_model'"),
        ({**TOLD, "num_layers": 0}, "'num_layers'"),
        ({**TOLD, "num_decoder_layers": 10**9}, "'num_decoder_layers'"),
        ({**TOLD, "d_model": 2048, "d_ff": 8192, "num_layers": 48}, "weights; 300,000,000"),
        ({**TOLD, "layer_norm_epsilon": float("nan")}, "'layer_norm_epsilon'"),
        ({**TOLD, "relative_attention_max_distance": 2}, "do not fit"),
        ({**TOLD, "relative_attention_num_buckets": 9}, "do not fit"),
        ({**TOLD, "decoder_start_token_id": 2}, "'decoder_start_token_id'"),
        (with_size({}, input_patch_stride=2), "'input_patch_stride'"),
        (with_size({}, context_length=10**6), "'context_length'"),
        (with_size({}, prediction_length=1), "'prediction_length'"),
        (with_size({}, use_reg_token=1), "'use_reg_token'"),
        (with_size({}, quantiles=[0.1, 0.9]), "a list of 3 to 21"),
        (with_size({}, quantiles=[0.1, 0.2, 0.9]), "with 0.5"),
        (with_size({}, quantiles=[0.5, 0.1, 0.9]), "must ascend"),
        (with_size({}, quantiles=[0.1, 0.5, 2.0]), "'quantiles'"),
    ],
)
def test_configurations_of_other_networks_are_refused(document, told):
    with pytest.raises(ValueError, match=told):
        BoltConfig.from_json(document)
