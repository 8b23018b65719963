"""A Chromium profile with one saved login, as a colleague's browser has."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from playwright.sync_api import BrowserContext, BrowserType

USER, PASSWORD = "somebody@example.com", "saved-by-the-browser"
#: The passwords then have the key below, on every machine.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--password-store=basic"]


@contextmanager
def browser_with_saved_login(
    chromium: BrowserType, executable: str, profile: Path, origin: str, *, javascript: bool = True
) -> Iterator[BrowserContext]:
    """A browser that has saved a login for `origin`, which is without a slash at its end."""

    def launch() -> BrowserContext:
        return chromium.launch_persistent_context(
            str(profile),
            executable_path=executable,
            args=_ARGUMENTS,
            base_url=origin,
            java_script_enabled=javascript,
            locale="en-GB",
        )

    # The first run makes the data base, whose columns differ from version to version.
    with closing(launch()):
        pass
    _save_login(profile / "Default" / "Login Data", origin)
    with closing(launch()) as context:
        context.set_default_timeout(10_000)
        yield context


def _save_login(database: Path, origin: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        row: dict[str, object] = {
            name: "" if "CHAR" in kind else b"" if "BLOB" in kind else 0
            for _, name, kind, required, _, is_key in connection.execute(
                "PRAGMA table_info(logins)"
            )
            if required and not is_key
        }
        row |= {
            "origin_url": f"{origin}/login",
            "action_url": f"{origin}/login",
            "signon_realm": f"{origin}/",
            "username_element": "user",
            "username_value": USER,
            "password_element": "password",
            "password_value": _encrypted(PASSWORD),
            "date_created": 13_300_000_000_000_000,
            "times_used": 1,
        }
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO logins ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - names of columns
            list(row.values()),
        )


def _encrypted(text: str) -> bytes:
    """As Chromium encrypts on Linux without a key ring."""
    key = hashlib.pbkdf2_hmac("sha1", b"peanuts", b"saltysalt", 1, 16)
    missing = 16 - len(text) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(b" " * 16)).encryptor()
    padded = text.encode() + bytes([missing]) * missing
    return b"v10" + encryptor.update(padded) + encryptor.finalize()
