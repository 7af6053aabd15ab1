"""Running means are those of all samples at once."""

import numpy as np

from windvane.engine.explain.running_mean import RunningMean


def test_mean_and_error_are_those_of_all_samples():
    samples = np.random.default_rng(0).normal(1e6, 1, (50, 3, 2))
    running = RunningMean((3, 2))
    for sample in samples:
        running.add(sample)
    np.testing.assert_allclose(running.mean, samples.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(running.error(), samples.std(axis=0, ddof=1) / 50**0.5, rtol=1e-8)


def test_one_sample_tells_nothing_of_its_error():
    running = RunningMean((2,))
    running.add(np.ones(2))
    assert np.isinf(running.error()).all()
