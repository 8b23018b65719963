"""Signs mail by DKIM (RFC 6376), if the operator has given it a key.

Most mail servers sign what they send. This is for one that does not. Amazon SES signs by itself and
changes headers that a signature from here would cover, so what leaves by it is not signed here.
"""

import base64
import logging
from pathlib import Path

from portal.folders import others_can_read
from portal.mail.messages.addresses import sender_of
from portal.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

_KEY_FILE = "PORTAL_MAIL_DKIM_KEY_FILE"
#: Receivers ignore signatures of shorter keys (RFC 8301).
_LEAST_BITS = 1024
#: What a signature covers, as far as a mail has it. The library leaves out the last two by itself,
#: and mail programs offer to unsubscribe only if they are covered.
_COVERED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "auto-submitted", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
#: Of these a signature says that there is no other one, which mail programs might show instead.
_ONLY_ONCE = ("from", "to", "subject")


class DkimSigner:
    """Signs mails of one domain.

    Args:
        pem: A private RSA key, as dkimpy reads it: PKCS #1, lines that end with LF.
        public: The public key (DER).
    """

    def __init__(self, *, pem: bytes, public: bytes, selector: str, domain: str) -> None:
        self._pem, self._public = pem, public
        self.selector, self.domain = selector, domain

    @property
    def record_name(self) -> str:
        """Where DNS has the public key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record that DNS needs."""
        return f"v=DKIM1; k=rsa; p={base64.b64encode(self._public).decode('ascii')}"

    def signed(self, content: bytes) -> bytes:
        """A mail with its signature in front."""
        import dkim  # noqa: PLC0415 - an extra of the package

        message = dkim.DKIM(content, linesep=b"\r\n")
        present = {name.decode("ascii").lower() for name, _value in message.headers}
        covered = [name.encode() for name in _COVERED if name in present]
        signature: bytes = message.sign(
            self.selector.encode(),
            self.domain.encode(),
            self._pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*covered, *(name.encode() for name in _ONLY_ONCE)],
        )
        return signature + content


def open_signer(settings: Settings) -> DkimSigner | None:
    """What signs mail, as the settings say; `None`: nothing does.

    Raises:
        SettingsError: The key cannot be used, or something beside it is missing.
    """
    path, selector = settings.mail_dkim_key_file, settings.mail_dkim_selector
    if path is None:
        if selector or settings.mail_dkim_domain:
            raise SettingsError(
                _KEY_FILE,
                "Set it to the file with the private key, or remove PORTAL_MAIL_DKIM_SELECTOR and"
                " PORTAL_MAIL_DKIM_DOMAIN.",
            )
        return None
    if not selector:
        raise SettingsError(
            "PORTAL_MAIL_DKIM_SELECTOR",
            "Set it to the name under which DNS has the key: s1 for s1._domainkey.example.com.",
        )
    domain = settings.mail_dkim_domain or sender_of(settings)[0].domain
    if "." not in domain:
        raise SettingsError(
            "PORTAL_MAIL_DKIM_DOMAIN", "Set it to the domain of the sender, like example.com."
        )
    pem, public = _key(path)
    try:
        import dkim  # noqa: F401, PLC0415 - an extra of the package
    except ImportError as error:
        raise SettingsError(
            _KEY_FILE,
            "Set it only where the extra for it is installed:"
            " pip install 'fsm-onboarding-portal[dkim]'",
        ) from error
    if settings.mail_server.way == "ses":
        return None
    return DkimSigner(pem=pem, public=public, selector=selector, domain=domain)


def _key(path: Path) -> tuple[bytes, bytes]:
    """The private key as dkimpy reads it (it refuses lines that end with CR LF, and says of any
    other key only that it cannot be parsed), and the public one."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - if it is in use
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - as above

    try:
        content = path.read_bytes()
        if others_can_read(path):
            logger.warning("Other users can read the key for DKIM. Run: chmod 600 %s", path)
    except OSError as error:
        raise SettingsError(
            _KEY_FILE,
            f"Set it to a file that the portal can read: {path} cannot be read"
            f" ({type(error).__name__}).",
        ) from error
    unusable = SettingsError(
        _KEY_FILE,
        "Set it to a file with a private RSA key in PEM form, without a password, of 2048 bits:"
        f" {path} holds none. This makes one: openssl genrsa -out dkim.pem 2048",
    )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise unusable from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise unusable
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, public
