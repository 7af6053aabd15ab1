"""From members' answers to the model's: as the pool says, and the same for a row alone and among others."""

import numpy as np
import pytest

from windvane.engine.ensembles import mixing
from windvane.engine.ensembles.mixing import Mixing
from windvane.engine.ensembles.pool import Pool, pooled
from windvane.engine.scoring.calibration import NO_CHANGE, at_temperature

N_ROWS = 300


def _told(n_members, n_classes):
    random = np.random.default_rng(n_members * n_classes)
    told = [random.dirichlet(np.full(n_classes, 0.2), N_ROWS) for _ in range(n_members)]
    temperatures = [NO_CHANGE, *random.uniform(0.5, 2, n_members - 1)]
    return told, random.dirichlet(np.ones(n_members)).tolist(), temperatures


@pytest.mark.parametrize("pool", Pool)
@pytest.mark.parametrize("n_members", [1, 2, 9, 32])
@pytest.mark.parametrize("n_classes", [2, 3, 26])
def test_members_are_tempered_and_pooled(pool, n_members, n_classes, monkeypatch):
    told, weights, temperatures = _told(n_members, n_classes)
    mix = Mixing(weights, temperatures, pool, 1.3, None)
    tempered = map(at_temperature, told, temperatures)
    expected = at_temperature(pooled(zip(weights, tempered, strict=True), pool), 1.3)
    found = mix(told)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    for row in range(0, N_ROWS, 17):
        np.testing.assert_array_equal(mix([one[row : row + 1] for one in told])[0], found[row])
    monkeypatch.setattr(mixing, "_BLOCK_ROWS", 77)
    np.testing.assert_array_equal(mix(told), found)


def test_members_may_all_have_a_temperature_of_their_own():
    told, weights, _ = _told(2, 3)
    softened = [at_temperature(one, 2.0) for one in told]
    expected = pooled(zip(weights, softened, strict=True), Pool.GEOMETRIC)
    mix = Mixing(weights, [2.0, 2.0], Pool.GEOMETRIC, NO_CHANGE, None)
    np.testing.assert_allclose(mix(told), expected, rtol=1e-11)


@pytest.mark.parametrize("n_members", [1, 3, 12])
def test_values_are_averaged_the_same_for_a_row_alone(n_members):
    random = np.random.default_rng(n_members)
    told, weights = random.normal(size=(n_members, N_ROWS)), random.dirichlet(np.ones(n_members))
    mix = Mixing(weights.tolist(), [NO_CHANGE] * n_members, Pool.ARITHMETIC, NO_CHANGE, None)
    found = mix(list(told))
    assert found == pytest.approx(weights @ told)
    for row in range(N_ROWS):
        assert mix([one[row : row + 1] for one in told])[0] == found[row]
