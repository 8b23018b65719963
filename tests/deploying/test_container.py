"""The Dockerfile's steps make a container that runs as Docker and Kubernetes run it."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploying.dockerfile import context, exec_form, stages
from tests.deploying.image import ROOT, Image
from tests.deploying.namespaces import Mount, Running, User

ADDRESS = "http://127.0.0.1:8000"
VISITOR = str(Path(__file__).with_name("visitor.py"))
STAGES = stages((ROOT / "Dockerfile").read_text())
FINAL = STAGES[-1]
TMP = Mount("tmpfs", "tmpfs", "/tmp", "mode=1777")  # noqa: S108 - inside
#: The group that Kubernetes gives a volume, and a user that OpenShift makes up.
FS_GROUP = 2000
MADE_UP = User(user=1_000_680_000, group=0, groups=(FS_GROUP,))


@pytest.fixture
def data(image: Image, tmp_path: Path) -> Mount:
    """A volume as Docker makes it: with the owner that the folder has in the image."""
    folder = tmp_path / "volume"
    folder.mkdir(mode=0o700)
    made = (image.folder / "data").stat()
    os.chown(folder, made.st_uid, made.st_gid)
    return Mount("bind", str(folder), "/data")


@pytest.fixture
def shared(tmp_path: Path) -> Mount:
    """A volume as Kubernetes makes it for `fsGroup`: of root, and the group may write."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, 0, FS_GROUP)
    folder.chmod(0o2770)
    return Mount("bind", str(folder), "/data")


@contextmanager
def container(
    image: Image, tmp_path: Path, *volumes: Mount, user: User | None = None, **environ: str
) -> Iterator[Running]:
    """A container that is healthy. Forms need no waiting."""
    box = image.box(*volumes, user=user, PORTAL_SIGN_UP_MIN_SECONDS="0", **environ)
    with box.running(*image.command, log=tmp_path / "log") as running:
        deadline = time.monotonic() + 60
        while not running.succeeds(*image.health_check):
            assert running.process.poll() is None, running.said()
            assert time.monotonic() < deadline, running.said()
        yield running


def sign_up(running: Running, company: str) -> str:
    return running.visit(VISITOR, ADDRESS, company)


def test_a_container_keeps_what_it_was_told_and_writes_nowhere_else(
    image: Image, data: Mount, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "portal_secret_key").write_text("k" * 40 + "\n")
    os.chown(secrets / "portal_secret_key", 0, 10001)
    (secrets / "portal_secret_key").chmod(0o440)
    files = Mount("bind", str(secrets), "/run/secrets", "ro")
    with container(
        image, tmp_path, data, TMP, files, CREDENTIALS_DIRECTORY="/run/secrets"
    ) as running:
        assert "/status/" in sign_up(running, "Meyer AG")
        link = running.execute("portal", "staff-link", "anna@example.com", "--role", "admin")
        assert f"{ADDRESS}/staff/" in link
        for folder in ("/", "/usr/local/lib", "/etc", "/home", "/run/secrets"):
            running.execute("touch", f"{folder}/x", status=1)
        status = running.execute("cat", "/proc/1/status")
        assert len(re.findall(r"^Cap(?:Prm|Eff|Bnd):\t0+$", status, re.MULTILINE)) == 3
        assert "NoNewPrivs:\t1" in status
        assert running.stop() == 0
        assert "WARNING" not in running.said()
    file = Path(data.source, "tenants.jsonl")
    assert "Meyer AG" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not Path(data.source, "secret-key").exists()


def test_a_volume_of_root_with_fs_group_is_used_without_a_warning(
    image: Image, shared: Mount, tmp_path: Path
) -> None:
    """With a user of whom /etc/passwd says nothing, and without /tmp: nothing but the volume can
    be written to."""
    for company in ("Erste AG", "Zweite AG"):
        with container(image, tmp_path, shared, user=MADE_UP) as running:
            sign_up(running, company)
            assert running.stop() == 0
            assert "WARNING" not in running.said()
        let_the_group_read_everything(Path(shared.source))
    text = Path(shared.source, "tenants.jsonl").read_text()
    assert "Erste AG" in text
    assert "Zweite AG" in text


def let_the_group_read_everything(folder: Path) -> None:
    """As Kubernetes does before each start (`fsGroupChangePolicy: Always`)."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, -1, FS_GROUP)
        path.chmod(path.stat().st_mode | (0o2070 if path.is_dir() else 0o060))


def test_the_image_has_no_sources_and_no_tests(image: Image) -> None:
    local = Path(image.mounts[1].source)
    (packages,) = local.glob("lib/python*/site-packages")
    ours = {path.name for path in packages.iterdir() if not path.is_symlink()}
    assert {name for name in ours if "." not in name} == {"portal", "migrations_tools"}
    assert (packages / "portal/templates/layout.html").is_file()
    assert (packages / "portal/static/portal.css").is_file()
    assert not (image.folder / "source").exists()
    assert not list((image.folder / "tmp").iterdir())
    assert {path.name for path in (image.folder / "data").iterdir()} == set()


def test_only_what_is_needed_gets_to_the_builder() -> None:
    tops = {path.partition("/")[0] for path in context(ROOT)}
    assert tops == {
        "README.md", "migrations_tools", "portal", "pyproject.toml", "requirements.lock", "static",
        "templates",
    }  # fmt: skip
    assert not [path for path in context(ROOT) if "__pycache__" in path]


def test_what_docker_and_kubernetes_look_at() -> None:
    assert FINAL.value("USER") == "10001:10001"
    assert FINAL.value("STOPSIGNAL") == "SIGTERM"
    assert FINAL.value("VOLUME") == FINAL.pairs("ENV")["PORTAL_DATA_DIR"] == "/data"
    assert exec_form(FINAL.value("CMD"))[0] == "portal"
    assert {stage.base for stage in STAGES} == {"python:3.11-slim-bookworm"}
    assert set(FINAL.pairs("LABEL")) == {
        f"org.opencontainers.image.{name}" for name in ("title", "description")
    }
    assert not [name for name in FINAL.pairs("ENV") if "SECRET" in name or "KEY" in name]
