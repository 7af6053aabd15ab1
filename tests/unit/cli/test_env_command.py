"""What `windvane env` exports, before a server was started and beside one."""

import json
import re
import stat

import pytest

from windvane.cli.folder import locked, publish_address
from windvane.cli.main import main


@pytest.fixture
def exports(tmp_path, capsys):
    def ask(*options):
        assert main(["env", "--data-dir", str(tmp_path), *options]) == 0
        return dict(re.findall(r"^export (\w+)='?(.*?)'?$", capsys.readouterr().out, re.MULTILINE))

    return ask


def test_before_a_start_it_tells_where_the_server_would_be(exports, tmp_path):
    said = exports()
    assert said["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8470"
    assert said["WINDVANE_CONSOLE_URL"].startswith("http://127.0.0.1:8470/console/enter?link=")
    assert "AWS_CA_BUNDLE" not in said
    (tmp_path / "w.toml").write_text('[server]\nport = 1234\ntls_cert = "c.pem"\ntls_key = "k"\n')
    said = exports("--config", str(tmp_path / "w.toml"))
    assert said["AWS_ENDPOINT_URL"] == "https://127.0.0.1:1234"
    assert "AWS_CA_BUNDLE" not in said
    (tmp_path / "ca.pem").write_text("x")
    said = exports("--config", str(tmp_path / "w.toml"))
    assert said["AWS_CA_BUNDLE"] == str(tmp_path / "ca.pem")


def test_beside_a_server_it_tells_where_it_is(exports, tmp_path):
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.pem").write_text("x")
    with locked(tmp_path):
        publish_address(tmp_path, "https://127.0.0.1:5", str(tmp_path / "tls" / "cert.pem"))
        said = exports()
        assert said["AWS_ENDPOINT_URL"] == "https://127.0.0.1:5"
        assert said["AWS_CA_BUNDLE"] == str(tmp_path / "tls" / "ca.pem")
        publish_address(tmp_path, "http://127.0.0.1:6")
        said = exports()
        assert said["AWS_ENDPOINT_URL"] == "http://127.0.0.1:6"
        assert "AWS_CA_BUNDLE" not in said


def test_the_sdks_file_names_role_and_bucket_and_follows_the_account(exports, tmp_path):
    said = exports()
    path = tmp_path / "sagemaker-config.yaml"
    assert said["SAGEMAKER_USER_CONFIG_OVERRIDE"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = json.loads(path.read_text())["SageMaker"]
    assert written["AutoMLJob"]["RoleArn"] == said["WINDVANE_ROLE_ARN"]
    session = written["PythonSDK"]["Modules"]["Session"]
    assert session["DefaultS3Bucket"] == said["WINDVANE_BUCKET"]
    first = path.stat().st_ino
    exports()
    assert path.stat().st_ino == first
    (tmp_path / "w.toml").write_text('[server]\naccount = "111111111111"\n')
    exports("--config", str(tmp_path / "w.toml"))
    assert "111111111111" in path.read_text()
