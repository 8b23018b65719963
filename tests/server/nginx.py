"""Runs nginx with a configuration out of docs/operating.md."""

import getpass
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.documents import blocks, document
from tests.server.raw_client import connect
from tests.serving import free_port


def documented_blocks() -> list[str]:
    """The configurations in docs/operating.md, in their order."""
    return blocks("nginx", document("docs/operating.md"))


def replaced(text: str, old: str, new: str) -> str:
    """Like `str.replace`, but `old` has to be there."""
    assert old in text, f"docs/operating.md does not have: {old}"
    return text.replace(old, new)


@contextmanager
def running_nginx(folder: Path, portal_url: str, *, in_server: str = "") -> Iterator[str]:
    """An nginx with the first configuration of the docs, but for its certificate.

    Args:
        folder: For its files.
        portal_url: The portal behind it.
        in_server: Further lines in its `server { }`.
    """
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    port = free_port()
    text = re.sub(r" *ssl_certificate.*\n", "", documented_blocks()[0])
    text = replaced(text, "listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = replaced(text, "127.0.0.1:8000", portal_url.removeprefix("http://"))
    text = replaced(text, "    location / {", f"{in_server}\n    location / {{")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; user {getpass.getuser()}; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{ access_log {folder}/access_log; {temporary}\n{text} }}\n"
    )
    command = [program, "-p", str(folder), "-e", str(folder / "log"), "-c", str(configuration)]
    with subprocess.Popen(command) as run:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url, run)
            yield url
        finally:
            run.terminate()
            run.wait(30)


def wait_for(url: str, run: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return connect(url).close()
        except ConnectionRefusedError:
            assert run.poll() is None, "nginx ended"
            assert time.monotonic() < deadline
