"""Configurations of AWS as they stand on a machine, and endpoints that keep silent or drip."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from portal.timestamps import format_timestamp, utc_now


class Machine:
    """The AWS configuration of a machine, which a test changes while the portal runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        self.set(
            AWS_CONFIG_FILE=str(folder / "config"),
            AWS_SHARED_CREDENTIALS_FILE=str(folder / "credentials"),
            AWS_EC2_METADATA_DISABLED="true",
            AWS_REGION="eu-central-1",
        )

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def configure(self, *lines: str) -> None:
        """Write the file `config`: its default profile."""
        self.folder.joinpath("config").write_text("\n".join(["[default]", *lines, ""]))

    def configure_keys(self, access_key: str) -> None:
        """Write the file `credentials`: its default profile."""
        self.folder.joinpath("credentials").write_text(
            f"[default]\naws_access_key_id={access_key}\naws_secret_access_key=x\n"
        )


def process_answer(access_key: str, *, minutes: float) -> str:
    """What a `credential_process` prints for credentials that expire in so many minutes."""
    return json.dumps({
        "Version": 1,
        "AccessKeyId": access_key,
        "SecretAccessKey": "x",
        "SessionToken": "x",
        "Expiration": format_timestamp(utc_now() + timedelta(minutes=minutes)),
    })  # fmt: skip


@contextmanager
def answering_slowly(start: bytes, pause_seconds: float) -> Iterator[str]:
    """An endpoint that sends `start`, and then a byte after each pause, for ever."""
    stopped = threading.Event()

    def drip(client: socket.socket) -> None:
        with client:
            try:
                client.recv(65_536)
                client.sendall(start)
                while not stopped.wait(pause_seconds):
                    client.sendall(b" ")
            except OSError:
                return

    def accept() -> None:
        while not stopped.is_set():
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stopped.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def reading_slowly(pause_seconds: float) -> Iterator[str]:
    """An endpoint that reads 8 KB after each pause, and never answers."""
    stopped = threading.Event()

    def read() -> None:
        clients = []
        try:
            while not stopped.is_set():
                client, _ = server.accept()
                clients.append(client)
                while not stopped.wait(pause_seconds) and client.recv(8192):
                    pass
        except OSError:
            pass
        for client in clients:
            client.close()

    with socket.socket() as server:
        # Otherwise the buffers of the operating system take in megabytes.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        server.bind(("127.0.0.1", 0))
        server.listen()
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stopped.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """An endpoint that accepts connections, and never sends a byte."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


#: Lines of the file `config`, variables, and the error that names the cause.
UNUSABLE: dict[str, tuple[list[str], dict[str, str], str]] = {
    "a program that is missing": (["credential_process = /none/x"], {}, "FileNotFoundError"),
    "a program that talks": (["credential_process = echo hello"], {}, "JSONDecodeError"),
    "a program that fails": (["credential_process = false"], {}, "CredentialRetrievalError"),
    "a command with half a quote": (["credential_process = echo '"], {}, "ValueError"),
    "a program with expired keys": (
        [f"credential_process = echo '{process_answer('OLD', minutes=-60)}'"], {}, "RuntimeError",
    ),
    "expired keys": (
        [],
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
         "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
        "RuntimeError",
    ),
    "half of the keys": ([], {"AWS_ACCESS_KEY_ID": "a"}, "PartialCredentialsError"),
    "a token file that is missing": (
        [],
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/none/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"},
        "FileNotFoundError",
    ),
    "another token file that is missing": (
        [],
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
         "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/none/t"},
        "FileNotFoundError",
    ),
    "a host that may not be asked": (
        [], {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "ValueError",
    ),
    "a login without its dependency": (
        ["login_session = arn:aws:iam::1:user/x"], {}, "MissingDependencyException",
    ),
    "an unknown mode of defaults": (
        [],
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULTS_MODE": "nonsense"},
        "InvalidDefaultsMode",
    ),
    "an unknown mode of retries": (
        [],
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
         "AWS_ACCOUNT_ID_ENDPOINT_MODE": "sometimes"},
        "InvalidConfigError",
    ),
    "a file that is no configuration": (["= ="], {}, "ConfigParseError"),
    "a profile that is missing": ([], {"AWS_PROFILE": "none"}, "ProfileNotFound"),
}  # fmt: skip
