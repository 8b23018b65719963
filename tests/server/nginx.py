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
def running_nginx(
    folder: Path,
    portal_url: str,
    *,
    in_server: str = "",
    second_url: str = "",
    prefix: str = "",
    stripped: bool = False,
    certificate: Path | None = None,
) -> Iterator[str]:
    """An nginx with the first configuration of the docs, but for its certificate.

    Args:
        folder: For its files.
        portal_url: The portal behind it.
        in_server: Further lines in its `server { }`.
        second_url: A second instance behind it.
        prefix: Passes only what is below this path.
        stripped: Takes the prefix off, and says so.
        certificate: A file with a certificate and its key: speaks TLS and HTTP/2 with it.
    """
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    port = free_port()
    text = documented_blocks()[0]
    if certificate is None:
        text = re.sub(r" *ssl_certificate.*\n", "", text)
        text = replaced(text, "    listen 443 ssl http2;", f"    listen 127.0.0.1:{port};")
    else:
        text = re.sub(r"(ssl_certificate(?:_key)?) .*;", rf"\1 {certificate};", text)
        text = replaced(
            text, "    listen 443 ssl http2;", f"    listen 127.0.0.1:{port} ssl http2;"
        )
    text = replaced(text, "127.0.0.1:8000", portal_url.removeprefix("http://"))
    if second_url:
        text = replaced(text, "# A second instance:    server", "server")
        text = replaced(text, "127.0.0.1:8001", second_url.removeprefix("http://"))
    if prefix:
        text = replaced(
            text,
            "    location / {",
            f"    location = {prefix} {{ return 308 {prefix}/; }}\n    location {prefix}/ {{",
        )
        in_server = f"{in_server}\n    location / {{ return 404; }}"
        text = replaced(text, "    if ($http_host", f"{in_server}\n    if ($http_host")
    else:
        text = replaced(text, "    location / {", f"{in_server}\n    location / {{")
    if stripped:
        text = replaced(text, "proxy_pass http://portal;", "proxy_pass http://portal/;")
        said = "X-Forwarded-Prefix"
        text = replaced(text, f'{said} "";', f"{said} {prefix};")
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
        url = f"http{'s' if certificate else ''}://127.0.0.1:{port}"
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
            return connect(url.replace("https:", "http:")).close()
        except ConnectionRefusedError:
            assert run.poll() is None, "nginx ended"
            assert time.monotonic() < deadline
