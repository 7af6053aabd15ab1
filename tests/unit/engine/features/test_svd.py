import numpy as np
from scipy.sparse import csr_matrix

from windvane.engine.features.svd import right_singular_vectors


def _matrix(rank, n_rows=300, n_columns=40):
    generator = np.random.default_rng(1)
    left = generator.standard_normal((n_rows, rank)) * 0.7 ** np.arange(rank)
    return left @ generator.standard_normal((rank, n_columns))


def test_they_are_those_of_the_exact_decomposition():
    dense = _matrix(30)
    made = right_singular_vectors(csr_matrix(dense), 5, np.random.default_rng(0))
    exact = np.linalg.svd(dense, full_matrices=False)[2][:5]
    assert np.abs(np.sum(made.T * exact, axis=1)).min() > 1 - 1e-6
    np.testing.assert_allclose(made.T @ made, np.eye(5), atol=1e-10)


def test_a_matrix_of_low_rank_has_no_more_directions_than_that():
    made = right_singular_vectors(csr_matrix(_matrix(3)), 20, np.random.default_rng(0))
    assert made.shape == (40, 3)


def test_a_matrix_of_zeros_has_none():
    made = right_singular_vectors(csr_matrix((50, 20)), 5, np.random.default_rng(0))
    assert made.shape == (20, 0)
