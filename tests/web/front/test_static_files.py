"""Static files: which encoding a client gets, for how long, and in which parts."""

import gzip
import hashlib
import shutil
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.compressed_files import compress_folder, compressed_name
from portal.web.front.static_files import StaticAddresses
from tests.serving import ROOT

SHEET = ROOT / "static" / "portal.css"
HASH = hashlib.sha256(SHEET.read_bytes()).hexdigest()[:12]
URL = f"/static/portal.css?v={HASH}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of static files with copies, as a wheel has it, but for the largest files."""
    folder = tmp_path_factory.mktemp("static")
    for name in ("portal.css", "portal.js", "favicon.svg", "favicon.ico", "shell.css"):
        shutil.copy(ROOT / "static" / name, folder)
    (folder / "vendor").mkdir()
    shutil.copy(ROOT / "static/vendor/htmx-2.0.11.min.js", folder / "vendor")
    compress_folder(folder, folder / "compressed")
    return folder


@pytest.fixture
def client(app: Flask, built: Path) -> FlaskClient:
    app.static_folder = str(built)
    return app.test_client()


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("identity;q=1, br;q=0.5", ""),
        ("identity;q=0.5, br;q=0.5", "br"),
        ("identity", ""),
        ("deflate, zstd", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("*;q=0.1, br;q=0", "gzip"),
        ("gzip;q=0.0001, *;q=0", "gzip"),
        ("gzip;q=nonsense", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_each_client_gets_the_encoding_that_it_likes_best(
    client: FlaskClient, accepts: str | None, encoding: str
) -> None:
    headers = {} if accepts is None else {"Accept-Encoding": accepts}
    answer = client.get(URL, headers=headers, buffered=True)
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding", "") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.mimetype == "text/css"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[encoding]
    assert unpacked(answer.data) == SHEET.read_bytes()


def test_it_may_be_kept_for_a_year_under_its_own_hash_alone(client: FlaskClient) -> None:
    own = client.get(URL, buffered=True).headers["Cache-Control"]
    # A page of a newer version asks an older one, while both run.
    other = client.get("/static/portal.css?v=0123456789ab", buffered=True)
    assert set(own.split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert other.headers["Cache-Control"] == "public, max-age=3600"
    assert f'href="{URL}"' in client.get("/sign-up").text


def test_two_encodings_have_two_etags_and_each_is_known_again(client: FlaskClient) -> None:
    etags = set()
    for accepts in ("br", "gzip", "identity"):
        headers = {"Accept-Encoding": accepts}
        etag = client.get(URL, headers=headers, buffered=True).headers["ETag"]
        again = client.get(
            URL, headers={**headers, "If-None-Match": f'"x", W/{etag}'}, buffered=True
        )
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Vary"] == "Accept-Encoding"
        assert "immutable" in again.headers["Cache-Control"]
        etags.add(etag)
    assert len(etags) == 3


@pytest.mark.parametrize("accepts", ["br", "gzip", "identity"])
def test_a_part_is_of_what_was_chosen(client: FlaskClient, accepts: str) -> None:
    headers = {"Accept-Encoding": accepts}
    whole = client.get(URL, headers=headers, buffered=True)
    size, etag = len(whole.data), whole.headers["ETag"]
    for wanted, start, end in [
        ("bytes=0-9", 0, 10), ("bytes=5-5", 5, 6), ("bytes=100-", 100, size),
        ("bytes=-7", size - 7, size),
    ]:  # fmt: skip
        part = client.get(URL, headers={**headers, "Range": wanted}, buffered=True)
        assert (part.status_code, part.data) == (206, whole.data[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers.get("Content-Encoding") == whole.headers.get("Content-Encoding")
    beyond = client.get(URL, headers={**headers, "Range": f"bytes={size}-"}, buffered=True)
    assert beyond.status_code == 416
    same = {**headers, "Range": "bytes=0-9", "If-Range": etag}
    changed = {**headers, "Range": "bytes=0-9", "If-Range": '"of-another-encoding"'}
    assert client.get(URL, headers=same, buffered=True).status_code == 206
    assert client.get(URL, headers=changed, buffered=True).data == whole.data


def test_head_says_what_get_would_send(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "br"}
    got = client.get(URL, headers=headers, buffered=True)
    said = client.head(URL, headers=headers, buffered=True)
    assert said.data == b""
    assert said.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    "name",
    ["nothing.css", "../portal/settings.py", "vendor", "vendor/", "", "compressed/",
     f"compressed/{compressed_name(SHEET.read_bytes(), 'br')}", "%00", "a/%2e%2e/b"],
)  # fmt: skip
def test_nothing_else_is_a_file(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_without_copies_files_are_sent_as_they_are(app: Flask, tmp_path: Path) -> None:
    shutil.copy(SHEET, tmp_path)
    for name in ("portal.js", "favicon.svg", "favicon.ico"):
        shutil.copy(ROOT / "static" / name, tmp_path)
    app.static_folder = str(tmp_path)
    answer = app.test_client().get(URL, headers={"Accept-Encoding": "br"}, buffered=True)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == SHEET.read_bytes()


def test_a_changed_file_is_never_sent_as_its_old_copy(app: Flask, tmp_path: Path) -> None:
    sheet = tmp_path / "portal.css"
    shutil.copy(SHEET, sheet)
    compress_folder(tmp_path, tmp_path / "compressed")
    app.static_folder = str(tmp_path)
    client = app.test_client()
    headers = {"Accept-Encoding": "br"}
    assert "Content-Encoding" in client.get(URL, headers=headers, buffered=True).headers
    sheet.write_text("body { color: red }\n" * 30)
    changed = client.get(URL, headers=headers, buffered=True)
    assert changed.data == sheet.read_bytes()
    # And the next build removes the copy.
    left = compress_folder(tmp_path, tmp_path / "compressed")
    assert sorted(tmp_path.glob("compressed/*")) == left
    assert len(left) == 2


def test_what_becomes_no_shorter_has_no_copy(tmp_path: Path) -> None:
    (tmp_path / "short.css").write_text("a{}")
    (tmp_path / "random.txt").write_bytes(hashlib.shake_256(b"x").digest(1000))
    assert compress_folder(tmp_path, tmp_path / "compressed") == []


def test_an_address_changes_with_the_file_a_second_later_at_most(tmp_path: Path) -> None:
    seconds = 0.0
    addresses = StaticAddresses(str(tmp_path), lambda: seconds)
    sheet, other = tmp_path / "a.css", tmp_path / "b.css"
    sheet.write_text("one")
    other.write_text("other")
    with Flask("test").test_request_context():
        first, version = addresses.url("a.css"), addresses.version()
        addresses.url("b.css")
        seconds = 10.0
        assert (addresses.url("a.css"), addresses.version()) == (first, version)
        sheet.write_text("two words")
        other.unlink()
        seconds = 10.9
        assert (addresses.url("a.css"), addresses.version()) == (first, version)
        seconds = 11.0
        assert addresses.version() != version
        assert addresses.url("a.css") != first
        with pytest.raises(FileNotFoundError):
            addresses.url("b.css")
