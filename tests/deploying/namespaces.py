"""Runs programs as a container does: with a root folder, processes and a network of their own.

Whoever runs the tests must be root, or may make namespaces; else the tests that need it fail.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ENTER = Path(__file__).with_name("enter.py")
UNSHARE = [
    "unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child",
]  # fmt: skip

REFUSED = (
    "This test needs to make namespaces and to mount folders in them, which this machine refuses."
    " Run it as root and, inside a container, with the capability SYS_ADMIN. It said: "
)


@dataclass(frozen=True)
class Mount:
    """`kind` is `bind` or a file system; `options` of a bind are set by mounting it again."""

    kind: str
    source: str
    target: str
    options: str = ""


#: As Docker and Kubernetes mount them.
DEVICES = (
    Mount("tmpfs", "tmpfs", "/dev", "mode=755"),
    *(
        Mount("bind", f"/dev/{name}", f"/dev/{name}")
        for name in ("null", "zero", "full", "random", "urandom", "tty")
    ),
    Mount("tmpfs", "tmpfs", "/dev/shm"),  # noqa: S108 - inside
    Mount("devpts", "devpts", "/dev/pts", "newinstance,ptmxmode=0666"),
    Mount("proc", "proc", "/proc"),
)
LINKS = {"/dev/ptmx": "pts/ptmx", "/dev/fd": "/proc/self/fd"}


@dataclass(frozen=True, kw_only=True)
class User:
    """Who a program runs as. Without capabilities, and without a way to get any."""

    user: int
    group: int
    groups: tuple[int, ...] = ()

    def command(self) -> list[str]:
        others = f"--groups={','.join(map(str, self.groups))}" if self.groups else "--clear-groups"
        return [
            "setpriv", f"--reuid={self.user}", f"--regid={self.group}", others,
            "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--",
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """What programs inside see."""

    root: Path
    mounts: tuple[Mount, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: User | None = None
    """`None`: root."""
    read_only: bool = False

    def plan(self, command: Sequence[str]) -> list[str]:
        """The command that runs `command` inside new namespaces."""
        plan = {
            "root": str(self.root),
            "mounts": [
                (one.kind, one.source, one.target, one.options) for one in (*DEVICES, *self.mounts)
            ],
            "links": LINKS,
            "read_only": self.read_only,
            "folder": self.folder,
            "command": [*(self.user.command() if self.user else []), *command],
            "environ": dict(self.environ),
        }
        return [*UNSHARE, "--", sys.executable, "-I", str(ENTER), json.dumps(plan)]

    def run(self, *command: str, seconds: float = 60) -> str:
        """What a command prints that runs alone."""
        done = subprocess.run(
            self.plan(command), capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, *command: str, log: Path, group: Path | None = None) -> Iterator["Running"]:
        """Runs a command in the background; whatever is left at the end is killed.

        Args:
            group: The control group that the program takes for the top one.
        """
        plan = self.plan(command)
        if group:
            enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
            plan = ["sh", "-c", enter, str(group), *plan]
        with log.open("wb") as output:
            process = subprocess.Popen(plan, stdout=output, stderr=output)
        try:
            running = Running(self, process, _only_child(process, log), log)
            try:
                yield running
            finally:
                # Changing its user took from it what --kill-child has set.
                if process.poll() is None:
                    os.kill(running.first, signal.SIGKILL)
        finally:
            process.kill()
            process.wait(timeout=30)


@dataclass(frozen=True)
class Running:
    """A program that runs inside; its process id as this machine sees it."""

    box: Box
    process: "subprocess.Popen[bytes]"
    first: int
    log: Path

    def execute(self, *command: str, as_root: bool = False, status: int = 0) -> str:
        """What a command prints that is started beside it, as by `docker exec`."""
        done = self._beside(command, as_root=as_root)
        assert done.returncode == status, f"{command}: {done.stdout}{done.stderr}\n{self.said()}"
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Whether a command ends with 0."""
        return self._beside(command, as_root=False).returncode == 0

    def _beside(
        self, command: Sequence[str], *, as_root: bool
    ) -> "subprocess.CompletedProcess[str]":
        user = self.box.user.command() if self.box.user and not as_root else []
        environ = [f"{name}={value}" for name, value in self.box.environ.items()]
        enter = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--root", "--wd"]
        return subprocess.run(
            ["nsenter", f"--target={self.first}", *enter, "--",
             *user, "env", "--ignore-environment", *environ, *command],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def visit(self, program: str, *arguments: str) -> str:
        """What a Python program prints that has this machine's files, and the network inside."""
        done = subprocess.run(
            ["nsenter", f"--target={self.first}", "--net", "--", sys.executable, program,
             *arguments],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.said()}"
        return done.stdout

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """The status with which the first program ends after a signal."""
        os.kill(self.first, sent)
        return self.process.wait(timeout=60)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def refuse_without_namespaces() -> None:
    """Fails, with a sentence, where no namespaces can be made."""
    done = subprocess.run(
        [*UNSHARE, "mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, REFUSED + done.stderr


def _only_child(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The program that unshare has started, when it has become what it shall be."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for child in children.read_text().split():
            if str(ENTER) not in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        time.sleep(0.02)
    raise AssertionError(f"Nothing was started: {log.read_text(errors='replace')}")
