"""A command that runs beside the workers, and is started again when it ends.

It is a process of its own, so whatever it waits for, requests do not wait for it.
"""

import logging
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from portal.serving.limits import Limits

logger = logging.getLogger(__name__)


class Companion:
    """A command whose standard input ends with this process, however this process ends.

    Args:
        command: The program and its arguments.
    """

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self._command = command
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._early_ends = 0

    def look_after(self) -> None:
        """Start it if it does not run: at once, and after a growing pause if it keeps ending."""
        now = time.monotonic()
        process = self._process
        if process is not None and process.poll() is not None:
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
            self._forget(process)
        if self._process is None and now >= self._start_at:
            self._start(now)

    def _start(self, now: float) -> None:
        self._started = now
        try:
            # Its own session: Ctrl-C is for the parent, which ends it.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, stdin=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
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
        self._forget(process)

    def _forget(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        self._process = None

    def _pause(self) -> float:
        if self._early_ends <= 1:
            return 0.0
        return float(min(self._limits.longest_pause_seconds, 2.0 ** (self._early_ends - 2)))
