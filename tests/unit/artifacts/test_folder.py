"""A folder as a bucket: its keys in order, and nothing outside of it."""

import os

import pytest

from windvane.artifacts.base import Location
from windvane.artifacts.folder import Folder, FolderArtifacts

FILES = ("a", "p-side", "p/a", "p/b/c", "p.txt", "q/ä b+c", "z")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "samples"
    for key in FILES:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(key)
    (folder / "empty").mkdir()
    (tmp_path / "secret").write_text("secret")
    return folder


def keys(folder, prefix="", after=""):
    return [found.key for found in Folder(folder).objects(prefix, after)]


def test_keys_come_in_order_whatever_the_folders(root):
    assert keys(root) == sorted(FILES)


@pytest.mark.parametrize("prefix", ["", "p", "p/", "p/b", "p/b/c", "q/", "none", "../", "/"])
def test_a_prefix_is_one_of_characters(root, prefix):
    assert keys(root, prefix) == sorted(key for key in FILES if key.startswith(prefix))


@pytest.mark.parametrize("after", ["", "a", "p", "p/a", "p/b/", "p/\U0010ffff", "q/ä b+c", "zz"])
def test_a_listing_goes_on_after_any_text(root, after):
    assert keys(root, after=after) == sorted(key for key in FILES if key > after)


@pytest.mark.parametrize(
    "key",
    ["", "p", "p/", "/a", "./a", "p/../a", "../secret", "p//a", "a\0", "a/x", "x" * 300, "\udcff"],
)
def test_what_is_no_key_is_missing(root, key):
    assert Folder(root).find(key) is None
    with pytest.raises(FileNotFoundError):
        Folder(root).open(key)


def test_links_are_not_followed(root, tmp_path):
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to(tmp_path)
    (root / "inside").symlink_to(root / "a")
    assert keys(root) == sorted(FILES)
    for key in ("out", "up/secret", "inside"):
        assert Folder(root).find(key) is None


def test_only_files_are_objects(root):
    os.mkfifo(root / "pipe")
    (root / os.fsdecode(b"not-\xff-text")).write_text("x")
    assert keys(root) == sorted(FILES)
    assert Folder(root).find("pipe") is None


def test_the_folder_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert keys(tmp_path / "link") == sorted(FILES)
    assert Folder(tmp_path / "link").find("p/a") is not None


def test_an_object_is_told_as_it_is(root):
    found, file = Folder(root).open("q/ä b+c")
    with file:
        assert file.read() == "q/ä b+c".encode()
    assert found == Folder(root).find("q/ä b+c")
    assert found.size == 8
    before = found.etag
    (root / "q/ä b+c").write_text("longer than before")
    assert Folder(root).find("q/ä b+c").etag != before


def test_as_artifacts_it_is_every_bucket(root):
    artifacts = FolderArtifacts(Folder(root))
    assert artifacts.bucket_exists("samples-anywhere")
    listed = [str(info.location) for info in artifacts.list(Location("b", "p/"))]
    assert listed == ["s3://b/p/a", "s3://b/p/b/c"]
    assert artifacts.info(Location("b", "none")) is None
    assert artifacts.info(Location("b", "a")).size == 1
    with artifacts.open(Location("b", "a")) as stream:
        assert stream.read() == b"a"
