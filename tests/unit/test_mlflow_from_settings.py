"""What the configuration says of MLflow, and what its file of credentials may say."""

import pytest

from windvane import mlflow_from_settings
from windvane.mlflow_from_settings import experiments_of
from windvane.settings import BadSettings, MlflowSettings, Settings

URI = "https://mlflow.example.org"


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(mlflow_from_settings, "find_spec", lambda _: object())


def settings(tmp_path, **mlflow):
    return Settings(tmp_path, mlflow=MlflowSettings(URI, **mlflow))


def test_without_an_address_nothing_is_logged(tmp_path):
    assert experiments_of(Settings(tmp_path)) is None


def test_jobs_of_the_servers_own_account_are_logged_unless_others_are_named(tmp_path):
    assert experiments_of(settings(tmp_path)).accounts == (Settings(tmp_path).account,)
    named = experiments_of(settings(tmp_path, accounts=("111111111111",)))
    assert named.accounts == ("111111111111",)


def test_without_the_extra_the_server_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_from_settings, "find_spec", lambda _: None)
    with pytest.raises(BadSettings, match=r"pip install 'windvane\[mlflow\]'"):
        experiments_of(settings(tmp_path))


@pytest.mark.parametrize(
    "uri",
    [
        "https://me:secret@mlflow.example.org",
        "https://secret@mlflow.example.org",
        "https://mlflow.example.org/?token=secret",
        "postgresql://me:secret@host/mlflow",
        "mlflow.example.org",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_quoted(uri):
    with pytest.raises(BadSettings, match="without user, password or query") as refusal:
        MlflowSettings(uri)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("wrong", [{"accounts": ("me",)}, {"experiment": " "}, {"give_up_s": 0}])
def test_entries_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadSettings, match=f"\\[mlflow\\] {next(iter(wrong))}"):
        MlflowSettings(URI, **wrong)


def a_file(tmp_path, text, mode=0o600):
    file = tmp_path / "mlflow.env"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_credentials_come_from_the_environment_and_from_a_file_which_is_read_anew(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "old")
    monkeypatch.setenv("WINDVANE_MASTER_KEY", "not for it")
    file = a_file(tmp_path, "# of MLflow\n\nMLFLOW_TRACKING_TOKEN=a=b\n")
    found = experiments_of(settings(tmp_path, credentials_file=file))
    given = found.credentials()
    assert given["MLFLOW_TRACKING_USERNAME"] == "me"
    assert given["MLFLOW_TRACKING_TOKEN"] == "a=b"
    assert "WINDVANE_MASTER_KEY" not in given
    a_file(tmp_path, "MLFLOW_TRACKING_TOKEN=new")
    assert found.credentials()["MLFLOW_TRACKING_TOKEN"] == "new"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("MLFLOW_TRACKING_TOKEN=secret", 0o640),
        ("LD_PRELOAD=secret", 0o600),
        ("PYTHONPATH=secret", 0o600),
        ("export MLFLOW_TRACKING_TOKEN=secret", 0o600),
        ("secret", 0o600),
        ("# secret\n" * 10_000, 0o600),
    ],
)
def test_a_file_that_others_can_read_or_that_says_something_else_is_refused(tmp_path, text, mode):
    with pytest.raises(BadSettings, match="credentials_file cannot be used") as refusal:
        experiments_of(settings(tmp_path, credentials_file=a_file(tmp_path, text, mode)))
    assert "secret" not in str(refusal.value)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(BadSettings, match=r"mlflow\.env"):
        experiments_of(settings(tmp_path, credentials_file=str(tmp_path / "mlflow.env")))
