"""Debian's Firefox ESR, driven by Marionette, which every Firefox has built in.

Playwright drives only a Firefox of its own. Mozilla's client, marionette_driver, imports a module
that Python 3.13 has no more, and needs twenty packages; the protocol is one JSON array after
another over a socket, each with its length in front.
"""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.serving import free_port

#: The member of an answer that holds the reference of an element, as WebDriver has it.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_START_SECONDS = 60
_ANSWER_SECONDS = 60


class FirefoxError(Exception):
    """Firefox refuses a command. `kind`: as WebDriver names it, such as `no such element`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Firefox:
    """A session of Marionette. The names of the commands are those of WebDriver."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self._number = 0
        self._read()  # the greeting
        self.call("WebDriver:NewSession")

    def call(self, command: str, **parameters: Any) -> Any:
        """The answer to a command.

        Raises:
            FirefoxError: Firefox cannot do it.
        """
        self._number += 1
        text = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(text), text))
        _kind, number, error, result = self._read()
        assert number == self._number
        if error:
            raise FirefoxError(error["error"], error["message"])
        # Answers that are one value come in an object, and lists come as they are.
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _read(self) -> Any:
        length = b""
        while (digit := self._file.read(1)) != b":":
            if not digit:
                raise FirefoxError("closed", "Firefox has ended")
            length += digit
        return json.loads(self._file.read(int(length)))

    def script(self, expression: str, *, sandbox: str | None = "tests") -> Any:
        """The value of an expression. `sandbox`: `None` is the page's own world."""
        script = f"return ({expression})"
        return self.call("WebDriver:ExecuteScript", script=script, args=[], sandbox=sandbox)

    def script_with_callback(self, script: str, *, sandbox: str) -> Any:
        """What the script hands to the function that is its argument."""
        return self.call("WebDriver:ExecuteAsyncScript", script=script, args=[], sandbox=sandbox)

    def in_browser(self, expression: str) -> Any:
        """The value of an expression in the browser itself, which sees all that is kept."""
        self.call("Marionette:SetContext", value="chrome")
        try:
            return self.script(expression)
        finally:
            self.call("Marionette:SetContext", value="content")

    def trust(self, ca_file: Path) -> None:
        """Take a certificate authority (PEM) for one that vouches for web sites."""
        lines = ca_file.read_text().splitlines()
        encoded = json.dumps("".join(line for line in lines if "-----" not in line))
        self.in_browser(
            'Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)'
            f'.addCertFromBase64({encoded}, "C,,") && true'
        )

    def element(self, selector: str) -> str:
        found = self.call("WebDriver:FindElement", using="css selector", value=selector)
        return str(found[_ELEMENT])

    def go_to_frame(self, selector: str) -> None:
        self.call("WebDriver:SwitchToFrame", element=self.element(selector))

    def close(self) -> None:
        with suppress(FirefoxError, OSError):
            self.call("Marionette:Quit", flags=["eForceQuit"])
        self._file.close()
        self._connection.close()


@contextmanager
def running(binary: str, folder: Path, preferences: Mapping[str, Any]) -> Iterator[Firefox]:
    """Starts a Firefox with a new profile in `folder`, without a window on a screen."""
    port = free_port()
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in {**preferences, "marionette.port": port}.items()
    ]
    (folder / "user.js").write_text("".join(lines))
    command = [
        binary, "--headless", "--marionette", "--no-remote", "--profile", str(folder),
        # For `Firefox.in_browser`.
        "--remote-allow-system-access",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with closing(Firefox(_connection(port, process))) as firefox:
            yield firefox
        process.wait(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=30)


def _connection(port: int, process: "subprocess.Popen[bytes]") -> socket.socket:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS)
        time.sleep(0.05)
    raise AssertionError("Firefox did not start")
