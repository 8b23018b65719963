"""Seals with a key file in the data folder, for portals without a KMS key."""

import base64
import json
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.atomic_files import create_exclusive, file_lock, replace_atomically
from portal.sealing.contract import Secret, base64url_encode, encryption_context
from portal.stores import UnavailableError

SEALING_KEYS_FILE = "sealing-keys.json"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class KeyFileError(UnavailableError):
    """The key file cannot be read or created, or is damaged."""


class KeyFileSealer:
    """Seals with the newest key of a file (mode 0600).

    The file is JSON, `{"<key id>": "<base64url of 32 bytes>", …}`, with the newest key last.

    Args:
        make_folder: Whether the folder of the file is made as well if it is missing.
        make_file: Whether the file is made on first use, with a first key.
    """

    def __init__(self, path: Path, *, make_folder: bool = True, make_file: bool = True) -> None:
        self._path, self._make_folder, self._make_file = path, make_folder, make_file
        self._path_text = os.fspath(path)
        self._newest: tuple[object, str, AESGCM | None] = (None, "", None)

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """As in `Sealer`. `KeyFileError` if the file cannot be used."""
        key_id, cipher = self._newest_key()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, secret.reveal().encode(), additional_data(tenant_id))
        return f"v1.loc.{key_id}.{base64url_encode(nonce + sealed)}"

    def check(self, secret: Secret) -> None:
        """A key of a file seals secrets of any length."""

    def _newest_key(self) -> tuple[str, AESGCM]:
        """Id and cipher of the newest key.

        Looks for a new file on every call, so that a new key is used at once in every process.
        Reads the file only if it is another one: an import seals many secrets.
        """
        try:
            status = os.stat(self._path_text)  # noqa: PTH116 - half the time; an import asks often
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            state = None
        read_state, key_id, cipher = self._newest
        if cipher is None or state is None or read_state != state:
            key_id, key = list(self._keys().items())[-1]
            cipher = AESGCM(key)
            # The state from before reading: a file that came meanwhile is read next time.
            self._newest = (state, key_id, cipher)
        return key_id, cipher

    def rotate(self) -> str:
        """Add a key, which seals from now on. Returns its id.

        The earlier keys stay, since other programs need them to open what they sealed.

        Raises:
            KeyFileError: The file cannot be used.
        """
        try:
            with file_lock(self._path):
                keys = {key_id: base64url_encode(key) for key_id, key in self._keys().items()}
                newest = _new_key_id(keys)
                keys[newest] = base64url_encode(secrets.token_bytes(_KEY_BYTES))
                replace_atomically(self._path, json.dumps(keys) + "\n")
        except OSError as error:
            raise self._inaccessible(error) from error
        return newest

    def key_ids(self) -> list[str]:
        """The ids of all keys, the oldest first. `KeyFileError` if the file cannot be used."""
        return list(self._keys())

    def _keys(self) -> dict[str, bytes]:
        # Asked before reading: another thread may make the file and read it meanwhile.
        was_there = bool(self._newest[1])
        try:
            try:
                raw = self._path.read_bytes()
            except FileNotFoundError:
                # Who has read it knows that there was one: it may come back with its folder.
                if was_there or not self._make_file:
                    raise
                key = {_new_key_id(()): base64url_encode(secrets.token_bytes(_KEY_BYTES))}
                create_exclusive(self._path, json.dumps(key) + "\n", make_folder=self._make_folder)
                raw = self._path.read_bytes()
        except OSError as error:
            raise self._inaccessible(error) from error
        try:
            text = raw.decode("ascii")
            keys = {key_id: _base64url_decode(key) for key_id, key in json.loads(text).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise self._invalid("is not a key file") from error
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise self._invalid("holds no usable key")
        return keys

    def _invalid(self, problem: str) -> KeyFileError:
        return KeyFileError(reason=f"{self._path} {problem}.", remedy="Restore it from a backup.")

    def _inaccessible(self, error: OSError) -> KeyFileError:
        return KeyFileError(
            reason=f"{self._path} cannot be read or created ({error.strerror}).",
            remedy="Let the portal read and write its data folder.",
        )


def additional_data(tenant_id: str) -> bytes:
    """The encryption context as compact, sorted JSON."""
    return f"{_BEFORE_ID}{json.dumps(tenant_id)}{_AFTER_ID}".encode()


def _around_id() -> tuple[str, str]:
    """The JSON of a context before and after the id. Made once: an import seals many secrets."""
    context = encryption_context("\0")
    text = json.dumps(context, separators=(",", ":"), sort_keys=True)
    before, _, after = text.partition(json.dumps("\0"))
    return before, after


_BEFORE_ID, _AFTER_ID = _around_id()


def _new_key_id(existing: "dict[str, str] | tuple[()]") -> str:
    while (key_id := secrets.token_hex(4)) in existing:
        pass
    return key_id


def _base64url_decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
