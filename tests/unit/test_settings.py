import pytest

from windvane.settings import BadSettings, Settings
from windvane.settings_file import read_settings


def read(tmp_path, text):
    (tmp_path / "windvane.toml").write_text(text)
    return read_settings(tmp_path, tmp_path / "windvane.toml")


def test_without_a_file_every_setting_has_its_default(tmp_path):
    assert read_settings(tmp_path) == Settings(tmp_path)


def test_entries_are_laid_over_the_defaults(tmp_path):
    settings = read(tmp_path, "[server]\nport = 1\n[limits]\nconcurrent_jobs = 9\n")
    assert (settings.port, settings.host) == (1, "127.0.0.1")
    assert (settings.limits.concurrent_jobs, settings.limits.instances) == (9, 20)
    settings = read(tmp_path, "[engine]\ntune_threshold = false\n")
    assert (settings.engine.calibrate, settings.engine.tune_threshold) == (True, False)
    settings = read(tmp_path, "[artifacts]\nkept_models = 3\n")
    assert (settings.artifacts.kept_models, settings.artifacts.transformed_rows) == (3, 20_000)
    settings = read(tmp_path, '[exchange]\nkind = "store"\n')
    assert (settings.exchange.is_store, settings.exchange.bucket) == (True, "windvane-exchange")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sever]\nport = 1", ["sever", "server"]),
        ("[server]\nprt = 1", ["[server]", "prt", "port"]),
        ('[server]\nport = "1"', ["[server] port", "a whole number without quotes", "'1'"]),
        ("[work]\nworkers = true", ["[work] workers", "a whole number", "True"]),
        ("[engine]\ncalibrate = 1", ["[engine] calibrate", "true or false"]),
        ("[engine]\ntune = true", ["[engine]", "tune", "tune_threshold"]),
        ("[limits]\nmax_columns = 1.5", ["[limits] max_columns", "a whole number"]),
        ('[[roles]]\narn = "a"\nread = "b"', ["[[roles]] read", "list"]),
        ('[[accounts]]\naccount = "1"', ["[[accounts]]", "access_key"]),
        (
            '[[accounts]]\naccount = "1"\naccess_key = "AK"',
            ["[[accounts]] lacks the entry 'secret_key'."],
        ),
        ("[server]\nport = 65536", ["[server] port", "between 1 and 65535", "not 65536"]),
        ("[server]\nport = -1", ["[server] port", "0 for a free one"]),
        ("[work]\nworkers = 0", ["[work] workers must be 1 or more, not 0"]),
        ("[work]\nmemory_mb = -1", ["[work] memory_mb must be 0 or more"]),
        ("[limits]\nconcurrent_jobs = -1", ["[limits] concurrent_jobs must be 0 or more, not -1"]),
        ("[limits]\nmax_columns = 0", ["[limits] max_columns must be 1 or more, not 0"]),
        (
            '[s3]\nendpoint = "minio.example.org"\naccess_key = "a"\nsecret_key = "b"',
            ["[s3] endpoint is 'minio.example.org'", "https://HOST"],
        ),
        ("[artifacts]\nkept_models = -1", ["[artifacts] kept_models", "0 or more", "-1"]),
        ('[exchange]\nkind = "disk"', ["[exchange] kind", "'folder' or 'store'", "'disk'"]),
        ('[exchange]\nbucket = "win*"', ["[exchange] bucket", "'win*'"]),
        ('[executor]\nkind = "dask"', ["[executor] kind", "'local' or 'ray'", "'dask'"]),
        ("[executor]\ntasks = 0", ["[executor] tasks", "1 or more", "0"]),
        ("[executor]\ndata_parallel_rows = 10", ["[executor] data_parallel_rows", 'kind = "ray"']),
        (
            "[executor]\ndata_parallel_nodes = 1",
            ["[executor] data_parallel_nodes", "2 or more", "1"],
        ),
        ('[executor]\nkind = "ray"', ["[executor] address", "HOST:PORT"]),
        ('[executor]\nkind = "ray"\naddress = "head"', ["[executor] address", "'head'"]),
        (
            '[executor]\nkind = "ray"\naddress = "head:6379"',
            ["[executor] token_file", "windvane cluster up"],
        ),
        (
            '[executor]\nkind = "ray"\naddress = "h:1"\ntoken_file = "t"\ntls_cert = "c"',
            ["[executor] tls_cert, tls_key and tls_ca", "together"],
        ),
        ('[[buckets]]\nname = "*"\nfolder = "f"', ["[[buckets]] name", "'*'", "three"]),
        ('[[buckets]]\nname = "a*b"\nfolder = "f"', ["[[buckets]] name", "'a*b'"]),
        ('[[buckets]]\nname = "samples"', ["samples", "either a folder or an endpoint"]),
        (
            '[[buckets]]\nname = "samples"\nfolder = "f"\nendpoint = "http://h"',
            ["samples", "either a folder or an endpoint"],
        ),
        (
            '[[buckets]]\nname = "samples"\nendpoint = "h:9000"',
            ["samples", "'h:9000'", "https://HOST"],
        ),
        (
            '[[buckets]]\nname = "samples"\nendpoint = "http://h"\naccess_key = "a"',
            ["samples", "access_key and secret_key"],
        ),
        ('[[buckets]]\nfolder = "f"', ["[[buckets]]", "name"]),
        ("[server", ["Cannot read"]),
        ("server = 3", ["[server]", "a section"]),
        ("[accounts]\nsecret_key = 's'", ["[[accounts]]", "double brackets"]),
        ("accounts = ['s']", ["[[accounts]]", "a section"]),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, text, words):
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, text)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_secrets_are_not_shown(tmp_path):
    settings = read(
        tmp_path,
        '[store]\nurl = "postgresql://u:hidden@h/d"\n'
        '[s3]\nendpoint = ""\naccess_key = "a"\nsecret_key = "hidden"\n'
        '[[accounts]]\naccount = "1"\naccess_key = "a"\nsecret_key = "hidden"\n'
        '[[buckets]]\nname = "b-1"\nendpoint = "http://h"\naccess_key = "a"\n'
        'secret_key = "hidden"\n',
    )
    assert "hidden" not in repr(settings)


def test_a_bucket_is_a_folder_beside_the_file_or_another_endpoint(tmp_path):
    text = (
        '[[buckets]]\nname = "samples-*"\nfolder = "samples"\n'
        '[[buckets]]\nname = "far"\nendpoint = "http://h:9000"\naccounts = ["1"]\n'
    )
    near, far = read(tmp_path, text).buckets
    assert (near.name, near.folder) == ("samples-*", str(tmp_path / "samples"))
    assert (far.endpoint, far.access_key, far.accounts) == ("http://h:9000", "", ("1",))


def test_tasks_run_here_or_on_a_cluster(tmp_path):
    here = read(tmp_path, "[work]\nworkers = 3\n")
    assert not here.executor.is_ray
    assert here.tasks_at_once == 3
    text = '[executor]\nkind = "ray"\naddress = "h:6379"\ntoken_file = "token"\ntasks = 20\n'
    there = read(tmp_path, text)
    assert there.tasks_at_once == 20
    assert there.executor.token_file == str(tmp_path / "token")
    assert there.executor.tls_cert == ""


def test_serving_has_bounds(tmp_path):
    config = tmp_path / "windvane.toml"
    config.write_text("[serving]\nidle_s = 5\nqueue = 7\n")
    serving = read_settings(tmp_path, config).serving
    assert (serving.idle_s, serving.queue, serving.memory_mb) == (5, 7, 4096)
    config.write_text("[serving]\nqueue = 0\n")
    with pytest.raises(BadSettings, match=r"\[serving\] queue must be 1 or more, not 0"):
        read_settings(tmp_path, config)


def test_scaling_has_a_period(tmp_path):
    assert read(tmp_path, "").scaling.period_s == 60
    assert read(tmp_path, "[scaling]\nperiod_s = 10\n").scaling.period_s == 10
    assert read(tmp_path, "[scaling]\nperiod_s = 0.5\n").scaling.period_s == 0.5
    for wrong in ("0", "3601", "nan", "'60'", "true"):
        with pytest.raises(BadSettings, match=r"\[scaling\] period_s must be"):
            read(tmp_path, f"[scaling]\nperiod_s = {wrong}\n")


WEBHOOK = '[[webhooks]]\nurl = "https://example.org/hook"\nsecret = "0123456789abcdef"\n'


def test_webhooks_logs_and_events_are_read(tmp_path):
    text = f"[logs]\nretention_days = 3\n[events]\nstreams = 2\n{WEBHOOK}jobs = ['churn']\n"
    settings = read(tmp_path, text)
    assert settings.logs.retention_days == 3
    assert (settings.events.retention_days, settings.events.streams) == (7, 2)
    [hook] = settings.webhooks
    assert (hook.url, hook.jobs, hook.detail_types) == ("https://example.org/hook", ("churn",), ())
    assert "0123456789abcdef" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (WEBHOOK.replace("https", "ftp"), "url must be of the form"),
        (WEBHOOK.replace("example.org", "user@example.org"), "without a user's name"),
        (WEBHOOK.replace("example.org", "example.org:x"), "url must be of the form"),
        (WEBHOOK.replace("0123456789abcdef", "short"), "secret must have at least 16"),
        (f"{WEBHOOK}give_up_s = 0\n", "give_up_s must be 1 or more"),
        (f"{WEBHOOK}name = 'a b'\n", "name 'a b' must have at most 63 characters"),
        (f"{WEBHOOK}name = 'chat'\njobs = ['a']\n", "it has neither detail_types nor jobs"),
        (f"{WEBHOOK}accounts = ['111111111111']\n", "by its name, which is missing"),
        ("[logs]\nretention_days = -1\n", "must be 0 or more"),
        ("[events]\nstreams = 0\n", "must be 1 or more"),
    ],
)
def test_bad_webhooks_logs_and_events_are_refused(tmp_path, text, says):
    with pytest.raises(BadSettings, match=says):
        read(tmp_path, text)
