"""The progress line of long runs."""

import io

from migrations_tools.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere() -> None:
    terminal, no_terminal, now = Terminal(), io.StringIO(), [1.0]
    for stream in (terminal, no_terminal):
        progress = ProgressLine(stream, clock=lambda: now[0])
        progress.update("1,000 rows")
        progress.update("1,001 rows")
        now[0] += 1
        progress.update("9 rows")
        progress.clear()
    assert terminal.getvalue() == "\r1,000 rows\r9 rows    \r      \r"
    assert no_terminal.getvalue() == ""
