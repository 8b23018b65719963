"""A real provider of OpenID Connect for tests: oidc-provider from npm, fetched once, run by
Node."""

import fcntl
import html
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

CACHE = Path(__file__).parent.parent / ".cache"
SCRIPT = Path(__file__).with_suffix(".mjs")
PACKAGE, VERSION = "oidc-provider", "9.13.3"

CLIENT_ID, CLIENT_SECRET = "portal", "a-secret-that-only-tests-use"


class NoProviderError(Exception):
    """The provider cannot run on this machine. The text says why."""


def fetched() -> Path:
    """The folder with the package. Of several processes, one downloads it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NoProviderError("npm and node, which run a provider of OpenID Connect, are missing")
    folder = CACHE / f"{PACKAGE}-{VERSION}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{PACKAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
            command = [npm, "install", *options, "--prefix", str(folder), f"{PACKAGE}@{VERSION}"]
            done = subprocess.run(command, check=False, capture_output=True, timeout=180)
            if done.returncode:
                raise NoProviderError(f"npm could not fetch {PACKAGE} {VERSION}")
            (folder / "complete").touch()
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Provider:
    """A provider that runs, and the browsers of people who sign in there."""

    issuer: str

    def set(self, **change: Any) -> list[str]:
        """Change what it does, see the script. Returns the requests since the last change."""
        answer = requests.post(f"{self.issuer}/test-control", json=change, timeout=10)
        seen: list[str] = answer.json()
        return seen

    def sign_in(self, url: str, *, login: str = "anna-1", declines: bool = False) -> str:
        """What a person does there with a browser of their own: sign in, and consent or decline.
        Returns the address to which the provider sends the browser in the end."""
        with requests.Session() as browser:
            return self.walk(browser, url, login=login, declines=declines)

    def walk(
        self, browser: requests.Session, url: str, *, login: str = "anna-1", declines: bool = False
    ) -> str:
        """As `sign_in`, in a browser that may know the person already."""
        answer = browser.get(url, allow_redirects=False, timeout=10)
        for _step in range(12):
            if answer.status_code in (302, 303):
                location = urljoin(answer.url, answer.headers["Location"])
                if urlsplit(location).netloc != urlsplit(self.issuer).netloc:
                    return str(location)
                answer = browser.get(location, allow_redirects=False, timeout=10)
                continue
            assert answer.status_code == 200, answer.text
            action = html.unescape(re.findall(r'<form[^>]* action="([^"]+)"', answer.text)[0])
            if declines and 'value="consent"' in answer.text:
                answer = browser.get(f"{action}/abort", allow_redirects=False, timeout=10)
                continue
            fields = dict(re.findall(r'name="(\w+)" value="(\w+)"', answer.text))
            if fields.get("prompt") == "login":
                fields |= {"login": login, "password": "any"}
            if "xsrf" in fields:
                fields["logout"] = "yes"
            answer = browser.post(action, data=fields, allow_redirects=False, timeout=10)
        raise AssertionError("the provider sends the browser round in circles")


@contextmanager
def running(redirect_uri: str, signed_out_uri: str, port: int = 0) -> Iterator[Provider]:
    """Start a provider, and yield it. It is killed in the end."""
    folder = fetched()
    port = port or free_port()
    process = subprocess.Popen(
        ["node", SCRIPT, folder, str(port), redirect_uri, signed_out_uri],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        if process.stdout.readline() != "listens\n":
            raise RuntimeError("the provider of OpenID Connect did not start")
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
