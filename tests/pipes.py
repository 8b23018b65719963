"""A pipe whose reader has stopped reading."""

import os


def full_pipe() -> tuple[int, int]:
    """Both ends of a pipe that takes nothing more. Whoever writes waits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(writer, b"x" * size)
        except BlockingIOError:
            continue
    os.set_blocking(writer, True)
    return reader, writer
