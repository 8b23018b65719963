"""Runs a real systemd as the first process of new namespaces, with one service."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.deploying.image import PATH, Image
from tests.deploying.namespaces import Box, Mount, Running

SYSTEMD = "/usr/lib/systemd/systemd"
#: What a service needs to be started and stopped; of a whole machine's units nothing else.
UNITS = (
    "basic.target", "dbus.service", "dbus.socket", "network-online.target", "shutdown.target",
    "sockets.target", "sysinit.target",
)  # fmt: skip


def machine(image: Image, folder: Path) -> Box:
    """A machine whose /opt/portal is the environment of an image, with a user `portal`."""
    root, units = folder / "root", folder / "units"
    shutil.copytree(image.folder, root, symlinks=True)
    units.mkdir()
    for name in UNITS:
        shutil.copy(f"/usr/lib/systemd/system/{name}", units / name)
    # systemd-run asks systemd over D-Bus, whose daemon has a user of its own.
    with (root / "etc/passwd").open("a") as users:
        users.write("messagebus:x:100:100::/nonexistent:/usr/sbin/nologin\n")
    with (root / "etc/group").open("a") as groups:
        groups.write("messagebus:x:100:\n")
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/machine-id").write_text("0123456789abcdef" * 2 + "\n")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\n")
    (root / "run").mkdir(exist_ok=True)
    (root / "var/run").symlink_to("/run")
    (folder / "kmsg").touch()
    (local,) = (mount.source for mount in image.mounts if mount.target == "/usr/local")
    mounts = (
        *image.mounts,
        Mount("bind", local, "/opt/portal"),
        Mount("bind", str(units), "/usr/lib/systemd/system"),
        Mount("tmpfs", "tmpfs", "/run", "mode=755"),
        Mount("sysfs", "sysfs", "/sys", "ro"),
        Mount("cgroup2", "cgroup2", "/sys/fs/cgroup"),
        # Where systemd writes its own log.
        Mount("bind", str(folder / "kmsg"), "/dev/kmsg"),
    )
    return Box(root=root, mounts=mounts, environ={"PATH": PATH, "container": "tests"})


@contextmanager
def booted(box: Box, unit: str, log: Path) -> Iterator[Running]:
    """systemd has the rights over a control group of its own."""
    command = [SYSTEMD, f"--unit={unit}", "--log-target=kmsg", "--show-status=no"]
    with _control_group() as group, box.running(*command, log=log, group=group) as running:
        yield running


@contextmanager
def _control_group() -> Iterator[Path]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mounted, _, source = line.partition(" - ")
        if source.startswith("cgroup2 "):
            top = Path(mounted.split(" ")[4])
            break
    else:
        raise AssertionError("This test needs a mounted cgroup2, as every Linux of today has it.")
    group = top / f"portal-tests-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """The kernel takes a moment to forget processes that were killed."""
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        time.sleep(0.02)


def version() -> int:
    """The number of this machine's systemd, such as 252."""
    output = subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(output.split()[1].partition(".")[0])
