"""Networks: gradients, schedules, and rows that are hard to learn from."""

from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.features.base import Feature
from windvane.engine.learners import mlp, mlp_training
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.mlp import LEARNER
from windvane.engine.learners.mlp_loss import Absolute, Logistic, Softmax, Squared
from windvane.engine.learners.mlp_network import Network, Shape, steps_of
from windvane.engine.learners.mlp_training import CYCLE_ENDS, step_share
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact
from windvane.testing.learner_contract import After, Never, lesson

REGRESSION = Setting(ProblemType.REGRESSION, MetricName.MSE, 0, (), 0)
BINARY = Setting(ProblemType.BINARY, MetricName.AUC, 2, (), 0)


def _setting(setting, n_features):
    return replace(setting, features=tuple(Feature(f"x{j}", f"x{j}") for j in range(n_features)))


def _fit(X, y, setting, valid=None, clock=None, **parameters):
    setting = _setting(setting, X.shape[1])
    parameters = LEARNER.defaults(setting, len(y)) | parameters
    train = Rows(np.asarray(X, np.float32), np.asarray(y, np.float64))
    return LEARNER.fit(train, valid, parameters, setting, clock or Never())


def _losses(loss, outputs, targets):
    """Mean loss of each network, summed, in double precision."""
    outputs = outputs.astype(np.float64)
    if isinstance(loss, Absolute):
        far = np.abs(outputs - targets)
        return np.where(far < 0.1, far**2 / 0.2, far - 0.05).mean(axis=1).sum()
    if isinstance(loss, Squared):
        return ((outputs - targets) ** 2 / 2).mean(axis=1).sum()
    if isinstance(loss, Logistic):
        return (np.logaddexp(0, outputs) - targets * outputs).mean(axis=1).sum()
    logs = outputs - np.log(np.exp(outputs).sum(axis=2, keepdims=True))
    return -(targets * logs).sum(axis=2).mean(axis=1).sum()


@pytest.mark.parametrize(
    ("loss", "n_classes"),
    [(Softmax(3, 0.1), 3), (Logistic(0.1), 2), (Squared(), 0), (Absolute(), 0)],
    ids=["softmax", "logistic", "squared", "absolute"],
)
def test_gradients_are_those_of_the_loss(loss, n_classes):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(20, 5)).astype(np.float32)
    y = generator.integers(0, n_classes, 20) if n_classes else generator.normal(size=20)
    targets = loss.targets(y.astype(np.float64))
    network = Network(Shape(5, (0, 2), (8, 7), loss.n_outputs, 2), 20, 0.0, 1)
    network.start(X)
    network.parameters["weights2"][...] = generator.normal(size=(2, 7, loss.n_outputs))
    network.parameters["scale"][...] *= 1.3
    network.backward(loss.slopes(network.forward(X), targets))
    step = np.float32(2e-3)
    for name, array in network.parameters.by_name.items():
        for flat in generator.integers(0, array.size, 8):
            place = np.unravel_index(flat, array.shape)
            held, values = array[place], []
            for moved in (held + step, held - step):
                array[place] = moved
                values.append(_losses(loss, network.outputs(X), targets))
            array[place] = held
            slope = (values[0] - values[1]) / (2 * step)
            found = network.gradient[name][place]
            assert found == pytest.approx(slope, rel=0.02, abs=2e-3), name


def test_dropout_leaves_the_expected_output_as_it_is():
    network = Network(Shape(3, (), (64,), 1, 2), 8, 0.3, 0)
    X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    network.start(X)
    network.parameters["weights1"][...] = 1
    several = np.mean([network.forward(X).copy() for _ in range(2_000)], axis=0)
    np.testing.assert_allclose(several, network.outputs(X), rtol=0.1, atol=0.5)


def test_steps_fall_to_nothing_at_the_end_of_each_cycle():
    assert [step_share(end) for end in CYCLE_ENDS] == pytest.approx([0, 0, 0, 0], abs=1e-9)
    assert max(step_share(at) for at in np.linspace(0, 1, 500)) > 0.99


def test_a_refit_ends_where_steps_have_fallen_to_nothing():
    parameters = LEARNER.defaults(_setting(BINARY, 5), 1_000)
    whole = parameters["schedule"]
    assert LEARNER.with_rounds(parameters, whole) == parameters
    for rounds in range(1, whole + 20):
        refit = LEARNER.with_rounds(parameters, rounds)
        at = refit["epochs"] / refit["schedule"]
        assert refit["epochs"] == rounds
        assert min(abs(at - end) for end in CYCLE_ENDS) < 0.5 / refit["schedule"] + 0.01


def test_wide_and_long_tables_get_fewer_epochs():
    def epochs(n_features, n_rows):
        return LEARNER.defaults(_setting(BINARY, n_features), n_rows)["epochs"]

    assert epochs(10, 500) >= epochs(10, 20_000) > epochs(10, 500_000) >= 1
    assert epochs(10, 20_000) > epochs(400, 20_000)


def test_as_many_epochs_are_planned_from_raw_columns_as_from_the_features_they_become():
    raw = (Feature("a", "a"), Feature("b", "b", 3))
    made = (
        Feature("a", "a"),
        Feature("a (rank)", "a"),
        Feature("b (mean target)", "b"),
        *(Feature(f"b = {i}", "b") for i in range(3)),
    )
    planned = [
        LEARNER.defaults(replace(REGRESSION, features=features), 30_000) for features in (raw, made)
    ]
    assert planned[0] == planned[1]


def test_a_curve_that_lines_cannot_follow_is_learnt():
    generator = np.random.default_rng(1)
    X = generator.uniform(-2, 2, size=(1_500, 2)).astype(np.float32)
    y = np.sin(3 * X[:, 0]) * X[:, 1]
    model = _fit(X[:1_000], y[:1_000], REGRESSION)
    errors = model.predict(X[1_000:]) - y[1_000:]
    assert (errors**2).mean() < 0.05 * y.var()


def test_noise_is_given_up_early():
    posed = lesson(ProblemType.BINARY, seed=0, has_missing=False)
    posed.train.y[:] = np.random.default_rng(0).permutation(posed.train.y)
    parameters = LEARNER.defaults(posed.setting, 300)
    model = LEARNER.fit(posed.train, posed.valid, parameters, posed.setting, Never())
    assert model.rounds < parameters["epochs"] / 2


def test_the_absolute_error_is_learnt_as_a_median():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 2))
    y = generator.exponential(size=600) * 1e3
    answers = {
        metric: _fit(X, y, replace(REGRESSION, objective=metric), epochs=15, schedule=15).predict(
            X.astype(np.float32)
        )
        for metric in (MetricName.MAE, MetricName.MSE)
    }
    assert np.mean(answers[MetricName.MAE]) < 0.9 * np.mean(answers[MetricName.MSE])


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_targets_of_any_scale_are_answered_within_their_range(scale):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(200, 3))
    y = (X[:, 0] + 5) * scale
    answers = _fit(X, y, REGRESSION, epochs=30, schedule=30).predict((X * 100).astype(np.float32))
    assert (answers >= y.min()).all()
    assert (answers <= y.max()).all()
    near = _fit(X, y, REGRESSION, epochs=60, schedule=60).predict(X.astype(np.float32))
    assert ((near - y) ** 2).mean() < 0.1 * y.var()


@pytest.mark.parametrize(
    ("X", "y", "setting"),
    [
        (np.ones((30, 4)), np.arange(30) % 2, BINARY),
        (np.random.default_rng(0).normal(size=(30, 4)), np.ones(30), BINARY),
        (np.random.default_rng(0).normal(size=(30, 4)), np.full(30, 7.0), REGRESSION),
        (np.random.default_rng(0).normal(size=(1, 4)), np.zeros(1), BINARY),
        (np.random.default_rng(0).normal(size=(30, 4)) * 1e30, np.arange(30) % 2, BINARY),
        (np.random.default_rng(0).poisson(0.02, (80, 300)), np.arange(80) % 2, BINARY),
    ],
    ids=["constant features", "one class", "one value", "one row", "huge", "sparse and wide"],
)
def test_poor_rows_give_finite_answers(X, y, setting):
    model = _fit(X, y, setting)
    assert np.isfinite(model.predict(X.astype(np.float32))).all()
    far = np.full((2, X.shape[1]), 1e30, np.float32)
    assert np.isfinite(model.predict(far)).all()


@pytest.mark.parametrize("spoilt", ["X", "y"])
def test_rows_that_are_not_finite_are_the_candidates_fault(spoilt):
    rows = {"X": np.ones((20, 2)), "y": np.arange(20.0)}
    rows[spoilt][3] = np.nan
    with pytest.raises(CandidateFault, match="missing or infinite"):
        _fit(**rows, setting=REGRESSION)


def test_the_clock_is_asked_within_an_epoch():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(5_000, 3))
    model = _fit(X, generator.normal(size=5_000), REGRESSION, clock=After(3))
    assert model.rounds == 1
    assert np.isfinite(model.predict(X.astype(np.float32))).all()


def test_weights_that_do_not_fit_together_are_refused(tmp_path):
    model = _fit(np.eye(20), np.arange(20.0), REGRESSION, epochs=2)
    model.save(tmp_path)
    about = check_manifest(tmp_path, "mlp")
    arrays = read_arrays(tmp_path / "weights.npz")
    for name in arrays:
        if arrays[name].size:
            write_arrays(tmp_path / "weights.npz", arrays | {name: arrays[name][:-1]})
            write_manifest(tmp_path, "mlp", about)
            with pytest.raises(CorruptArtifact, match=r"fit together|complete"):
                LEARNER.load(tmp_path)


def test_weights_step_less_the_more_inputs_they_add_up():
    steps = steps_of(Shape(100, (), (25,), 1, 1))
    assert steps[0] == pytest.approx(0.1)
    assert steps[100 * 25] == pytest.approx(0.2)


@pytest.mark.parametrize("n_outputs", [0, 2, 5])
def test_a_row_is_answered_the_same_wherever_it_stands_among_however_many(n_outputs):
    generator = np.random.default_rng(n_outputs)
    X = generator.normal(size=(1_100, 6)).astype(np.float32)
    y = generator.integers(0, n_outputs, 1_100) if n_outputs else X[:, 0] + X[:, 1] ** 2
    posed = {0: REGRESSION, 2: BINARY}.get(n_outputs, replace(BINARY, n_classes=5))
    if n_outputs == 5:
        posed = replace(posed, problem_type=ProblemType.MULTICLASS, objective=MetricName.ACCURACY)
    model = _fit(X, y, posed, epochs=2, schedule=2)
    whole = model.predict(X)
    for first, last in [(0, 1), (1, 4), (2, 7), (3, 515), (511, 1_100), (1_099, 1_100)]:
        np.testing.assert_array_equal(model.predict(X[first:last]), whole[first:last])


class Streamed(Rows):
    """Rows whose matrix must not be copied."""

    @property
    def X(self):  # noqa: N802 - as of Rows
        raise AssertionError("All rows were taken into memory.")


def test_many_rows_are_read_as_they_are_needed_and_learnt_as_well(monkeypatch):
    for module in (mlp, mlp_training):
        monkeypatch.setattr(module, "MANY_ROWS", 500)
    monkeypatch.setattr(mlp_training, "_STRETCH", 16)
    generator = np.random.default_rng(1)
    X = generator.uniform(-2, 2, size=(2_500, 2)).astype(np.float32)
    y = np.sin(3 * X[:, 0]) * X[:, 1]
    chosen = np.arange(2_500) % 5 < 2
    X[2_000:2_400][~chosen[2_000:2_400]] = np.nan  # of rows that are not learnt from
    train = Streamed(X, y[chosen], None, chosen)
    setting = _setting(REGRESSION, 2)
    model = LEARNER.fit(train, None, LEARNER.defaults(setting, 1_000), setting, Never())
    test = slice(1_000, 2_000)
    errors = (model.predict(X[test]) - y[test])[~chosen[test]]
    assert (errors**2).mean() < 0.05 * y.var()


def test_many_rows_that_are_not_finite_are_found_in_whatever_block(monkeypatch):
    monkeypatch.setattr(mlp, "MANY_ROWS", 10)
    monkeypatch.setattr(mlp, "_BLOCK_CELLS", 32)
    X = np.zeros((100, 2), np.float32)
    X[90, 1] = np.inf
    with pytest.raises(CandidateFault):
        LEARNER.fit(
            Streamed(X, np.arange(100.0)),
            None,
            LEARNER.defaults(REGRESSION, 100),
            REGRESSION,
            Never(),
        )


def test_the_order_of_many_rows_mixes_stretches_and_leaves_none_out(monkeypatch):
    monkeypatch.setattr(mlp_training, "MANY_ROWS", 100)
    monkeypatch.setattr(mlp_training, "_STRETCH", 8)
    monkeypatch.setattr(mlp_training, "_MIXED", 64)
    order = mlp_training.random_order(500, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(500))
    assert len({place // 8 for place in order[:64].tolist()}) <= 9
    assert abs(np.corrcoef(np.arange(500), order)[0, 1]) < 0.3
