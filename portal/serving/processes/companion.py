"""A command that runs beside the workers, and is started again when it ends or does not go on.

It is a process of its own, so whatever it waits for, requests do not wait for it.
"""

import logging
import socket
import subprocess
import time
from collections.abc import Callable, Sequence

from portal.serving.limits import Limits

logger = logging.getLogger(__name__)

#: Whoever looks after it usually does so each second.
_STOPPED_SECONDS = 3.0


class Companion:
    """A command whose standard input ends with this process, however this process ends.

    That is a socket. If it ever writes a sign of life there, it has to go on doing so.

    Args:
        command: The program and its arguments.
        on_death: Learns the process id of each process that ended without being asked to.
    """

    def __init__(
        self,
        command: Sequence[str],
        limits: Limits,
        on_death: Callable[[int], None] = lambda _pid: None,
    ) -> None:
        self._command = command
        self._on_death = on_death
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._last_beat: float | None = None
        self._ends_by: float | None = None
        """Until when it has to end, once it is to be renewed."""
        self._started = self._looked = 0.0
        self._start_at = 0.0
        self._early_ends = 0

    @property
    def process_id(self) -> int | None:
        """None if it does not run."""
        return self._process.pid if self._process else None

    @property
    def has_beaten(self) -> bool:
        """Whether it has given a sign of life since its start."""
        return self._last_beat is not None

    def look_after(self) -> None:
        """Start it if it does not run: at once, and after a growing pause if it keeps ending."""
        now = time.monotonic()
        process = self._process
        if process is not None and process.poll() is not None and self._ends_by:
            self._start_at = now
            self._forget()
        elif process is not None and process.poll() is not None:
            steady = now - self._started >= self._limits.steady_seconds
            self._early_ends = 0 if steady else self._early_ends + 1
            pause = self._pause()
            logger.error(
                "The process for mail (%d) ended with status %d. The next one starts in %g"
                " seconds.",
                process.pid,
                process.returncode,
                pause,
            )
            self._start_at = now + pause
            self._on_death(process.pid)
            self._forget()
        elif process is not None and self._ends_by and now > self._ends_by:
            # It waits for a mail server. What it was delivering is delivered again later.
            process.kill()
        elif process is not None:
            self._kill_if_frozen(process, now)
        if self._process is None and now >= self._start_at:
            self._start(now)

    def renew(self) -> None:
        """It ends when it may, and the next one loads the code that is on the disk now."""
        if self._process is not None:
            self._ends_by = time.monotonic() + self._limits.companion_stop_seconds
        self.ask_to_end()

    def _kill_if_frozen(self, process: "subprocess.Popen[bytes]", now: float) -> None:
        try:
            has_beaten = bool(self._line and self._line.recv(4096))
        except BlockingIOError:
            has_beaten = False
        except OSError:
            # It has closed the line, so it is about to end.
            return
        # As long as this process was stopped itself, it saw no sign.
        was_stopped = now - self._looked > _STOPPED_SECONDS
        self._looked = now
        if has_beaten or (was_stopped and self._last_beat is not None):
            self._last_beat = now
        elif self._last_beat is not None:
            silent = now - self._last_beat
            if silent > self._limits.frozen_seconds:
                logger.error(
                    "The process for mail (%d) gave no sign of life for %.0f seconds."
                    " It is killed.",
                    process.pid,
                    silent,
                )
                process.kill()
                self._last_beat = now

    def _start(self, now: float) -> None:
        self._started = self._looked = now
        self._ends_by = self._last_beat = None
        try:
            ours, theirs = socket.socketpair()
            self._line = ours
            ours.setblocking(False)
            with theirs:
                # Its own session: Ctrl-C is for the parent, which ends it.
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    self._command, stdin=theirs.fileno(), start_new_session=True
                )
        except OSError as error:
            self._forget()
            # No memory or too many processes, say. The workers go on without it.
            self._early_ends = max(2, self._early_ends + 1)
            pause = self._pause()
            logger.error(  # noqa: TRY400 - where it happened says nothing
                "The process for mail could not be started: %s. It is tried again in %g seconds.",
                error.strerror,
                pause,
            )
            self._start_at = now + pause

    def ask_to_end(self) -> None:
        """It ends as soon as it may."""
        if self._process is not None:
            self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait until it has ended, and kill it after so many seconds: what it was delivering is
        delivered again later."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._line is not None:
            self._line.close()
        self._process = self._line = None

    def _pause(self) -> float:
        if self._early_ends <= 1:
            return 0.0
        return float(min(self._limits.longest_pause_seconds, 2.0 ** (self._early_ends - 2)))
