"""Does what a Dockerfile says in folders of this machine, without Docker and without a network.

What the base image has is imitated: this machine's programs, this Python under /usr/local, and what
the network would give, which is what the tests' own environment has installed.
"""

import os
import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from portal.settings import SETTINGS
from tests.deploying.dockerfile import Stage, context, exec_form, stages
from tests.deploying.namespaces import Box, Mount, User

ROOT = Path(__file__).parent.parent.parent
#: How many seconds requests under way get if nothing else is set.
STOP_SECONDS = int(next(each.default for each in SETTINGS if each.name == "PORTAL_STOP_SECONDS"))
#: Where the packages of the tests' environment are inside.
PACKAGES = "/machine"
#: Where this machine's Python is inside, unless it is below /usr.
PYTHON = Path("/opt/python")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: pip finds everything that is locked already there, or fails; and builds with what is there.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
_PIP = """#!/usr/local/bin/python
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Image:
    """What a build has made. `folder` is its root, without /usr."""

    folder: Path
    mounts: tuple[Mount, ...]
    stage: Stage

    @property
    def command(self) -> list[str]:
        return exec_form(self.stage.value("CMD"))

    @property
    def health_check(self) -> list[str]:
        return exec_form(self.stage.value("HEALTHCHECK").partition(" CMD ")[2])

    @property
    def user(self) -> User:
        user, group = self.stage.value("USER").split(":")
        return User(user=int(user), group=int(group))

    @property
    def environ(self) -> dict[str, str]:
        """Without HOME."""
        return {"PATH": PATH, **self.stage.pairs("ENV")}

    def box(self, *volumes: Mount, user: User | None = None, **environ: str) -> Box:
        """A container of this image: nothing but the volumes can be written to."""
        read_only = tuple(Mount(one.kind, one.source, one.target, "ro") for one in self.mounts)
        return Box(
            root=self.folder,
            mounts=(*read_only, *volumes),
            environ={**self.environ, **environ},
            folder=self.stage.values("WORKDIR")[-1],
            user=user or self.user,
            read_only=True,
        )


def build(folder: Path) -> Image:
    """Builds the image of the Dockerfile in `folder`."""
    made: dict[str, Image] = {}
    for number, stage in enumerate(stages((ROOT / "Dockerfile").read_text())):
        image = _base(folder / str(number), stage)
        _take(image, made)
        made[stage.name] = image
    return image


def _base(folder: Path, stage: Stage) -> Image:
    assert stage.base.startswith("python:")
    root, local = folder / "root", folder / "local"
    for name in ("dev", "etc", "proc", "tmp", "usr", "var/tmp", "root", "machine"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/shadow").write_text("root:*:20000:0:99999:7:::\n")
    (root / "etc/gshadow").write_text("root:*::\n")
    shutil.copy("/etc/login.defs", root / "etc/login.defs")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = local / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (local / "bin").mkdir()
    mounts = [
        Mount("bind", "/usr", "/usr", "ro"),
        Mount("bind", str(local), "/usr/local"),
        Mount("bind", sysconfig.get_path("purelib"), PACKAGES, "ro"),
    ]
    program = Path(os.path.realpath(sys.executable))
    if not program.is_relative_to("/usr"):
        # Not where it is: that may be a home, which services do not see.
        mounts.append(Mount("bind", sys.base_prefix, str(PYTHON), "ro"))
        program = PYTHON / program.relative_to(os.path.realpath(sys.base_prefix))
    for name in ("python", "python3", version):
        (local / "bin" / name).symlink_to(program)
    (local / "pyvenv.cfg").write_text(f"home = {program.parent}\n")
    (local / "bin/pip").write_text(_PIP)
    (local / "bin/pip").chmod(0o755)
    # Several distributions may share a folder, as those of OpenTelemetry do.
    for top in sorted(set().union(*map(_tops_of, ["pip", *_locked()]))):
        (packages / top).symlink_to(f"{PACKAGES}/{top}")
    shutil.copytree("/etc/ld.so.conf.d", root / "etc/ld.so.conf.d")
    # First of all: Debian's own Python has a library of the same name.
    (root / "etc/ld.so.conf").write_text(f"{PYTHON}/lib\ninclude /etc/ld.so.conf.d/*.conf\n")
    Box(root=root, mounts=tuple(mounts), environ={"PATH": PATH}).run("ldconfig")
    return Image(root, tuple(mounts), stage)


def _locked() -> list[str]:
    lock = (ROOT / "requirements.lock").read_text()
    return re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE)


def _tops_of(name: str) -> set[str]:
    """The folders and modules of an installed distribution, beside all others."""
    files = distribution(name).files or []
    return {file.parts[0] for file in files} - {"..", "__pycache__"}


def _take(image: Image, made: dict[str, Image]) -> None:
    """Take the steps of a stage."""
    folder = "/"
    builds = any("pip wheel" in step for step in image.stage.values("RUN"))
    environ = {"PATH": PATH, "HOME": "/root", **OFFLINE}
    if builds:
        environ["PYTHONPATH"] = PACKAGES
    for name, rest in image.stage.steps:
        match name:
            case "ENV":
                environ |= image.stage.pairs("ENV")
            case "WORKDIR":
                folder = rest
                (image.folder / folder[1:]).mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(image, folder, rest.split())
            case "RUN":
                command, mounts = _mounts_of(rest, made)
                box = Box(
                    root=image.folder,
                    mounts=(*image.mounts, *mounts),
                    environ=environ,
                    folder=folder,
                )
                box.run("/bin/sh", "-c", command)


def _mounts_of(rest: str, made: dict[str, Image]) -> tuple[str, list[Mount]]:
    """The command of a `RUN`, and what is mounted while it runs."""
    mounts = []
    while found := re.match(r"--mount=(\S+)\s+", rest):
        rest = rest[found.end() :]
        options = dict(option.split("=", 1) for option in found[1].split(","))
        assert options.pop("type") == "bind"
        source, stage = options["source"], options.get("from")
        if stage:
            path = made[stage].folder / source[1:]
        else:
            assert source in context(ROOT), f"{source}: .dockerignore leaves it out"
            path = ROOT / source
        mounts.append(Mount("bind", str(path), options["target"], "ro"))
    return rest, mounts


def _copy(image: Image, folder: str, words: list[str]) -> None:
    source, target = words
    place = image.folder / (Path(folder) / target).as_posix()[1:]
    files = [path for path in context(ROOT) if source in (".", path)]
    assert files, f"COPY {source}: .dockerignore leaves it out"
    for path in files:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, place / path)
