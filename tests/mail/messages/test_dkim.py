"""Mail is signed by DKIM if the operator has given the portal a key, and a wrong key is said."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from portal.mail import Post, open_signer
from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.dkim_signer import DkimSigner
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import OutgoingMail, compose, message_id_of
from portal.mail.messages.words import Words
from portal.mail.ways.smtp import SmtpServer
from portal.settings import Settings, SettingsError
from tests.conftest import SECRET_KEY, START
from tests.mail.letters_and_facts import Kept
from tests.mail_server import mail_server

SENDER = Mailbox(local="service", domain="example.com", name="Kundendienst für Außendienst")
Save = Callable[..., Path]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def pem(
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
        password: bytes = b"",
    ) -> Path:
        lock = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        path = tmp_path / "dkim.pem"
        path.touch(0o600)
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))
        return path

    return pem


def signing(settings: Settings, path: Path | None, **changed: object) -> Settings:
    values = {
        "mail_from": "service@example.com",
        "mail_dkim_key_file": path,
        "mail_dkim_selector": "s1",
        **changed,
    }
    return replace(settings, **values)  # type: ignore[arg-type] # its fields


def signer_of(settings: Settings) -> DkimSigner:
    signer = open_signer(settings)
    assert signer
    return signer


def a_mail(recipient: Mailbox | None = None) -> OutgoingMail:
    letter = Letter(
        subject="Ihr Zugang endet bald",
        greeting="Guten Tag Jörg,",
        # Lines that begin with a dot are changed on the way, and back.
        paragraphs=("x" * 3000, ".\n..\n.hidden", "Größe: 12 Zoll"),
    )
    return compose(
        letter,
        Words("de"),
        message_id=message_id_of("mail-1", SENDER),
        reference="ref",
        sender=SENDER,
        recipient=recipient or Mailbox(local="kim", domain="meyer.example"),
        contact_url="",
        at=START,
    )


def is_valid(content: bytes, signer: DkimSigner) -> bool:
    """As a receiver sees it, who asks DNS for the record that the doctor prints."""

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        assert name.decode().rstrip(".") == signer.record_name
        return signer.record.encode()

    return bool(dkim.verify(content, dnsfunc=dns))


@pytest.mark.parametrize("local", ["kim", "jörg"])
def test_what_a_mail_server_gets_has_a_valid_signature(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save, local: str
) -> None:
    settings = signing(settings, save(key))
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        there = Settings.from_environment({"PORTAL_MAIL_URL": address}).mail_server
        post = Post(settings, [SECRET_KEY], SmtpServer(there, own_name="portal.example.com"))
        post.send(a_mail(Mailbox(local=local, domain="meyer.example")), seconds=20)
    (received,) = server.received
    signer = signer_of(settings)
    assert signer.record_name == "s1._domainkey.example.com"
    assert is_valid(received.content, signer)
    # Nothing of it can be exchanged, and no second sender or subject be put in front.
    changed = received.content.replace(b"Gr=C3=B6=C3=9Fe", b"Kleinheit")
    assert changed != received.content
    for forged in (
        changed,
        received.content.replace(b"To: ", b"To: a@b.example, "),
        b"From: other@example.com\r\n" + received.content,
        b"Subject: Other\r\n" + received.content,
    ):
        assert not is_valid(forged, signer)


def test_what_lets_people_unsubscribe_is_signed(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save
) -> None:
    signer = signer_of(signing(settings, save(key)))
    unsubscribe = (
        b"List-Unsubscribe: <https://portal.example.com/stop/" + b"a" * 200 + b">\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    signed = signer.signed(unsubscribe + a_mail().content)
    assert is_valid(signed, signer)
    assert not is_valid(signed.replace(b"One-Click", b"Two-Click"), signer)
    assert not is_valid(signed.replace(b"/stop/a", b"/stop/b"), signer)


def test_nothing_is_signed_without_a_key_nor_for_amazon_ses(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save
) -> None:
    ses = Settings.from_environment({"PORTAL_MAIL_URL": "ses://eu-central-1"}).mail_server
    for unsigned in (settings, signing(settings, save(key), mail_server=ses)):
        assert open_signer(unsigned) is None
        mail, way = a_mail(), Kept()
        Post(unsigned, [SECRET_KEY], way).send(mail, seconds=1)
        assert way.mails == [mail]


def test_keys_are_read_however_openssl_wrote_them(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save
) -> None:
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        path = save(key, form)
        # As an editor on Windows saves it.
        path.write_bytes(b"of example.com\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
        signer = signer_of(signing(settings, path, mail_dkim_domain="example.org"))
        assert is_valid(signer.signed(a_mail().content), signer)
        assert signer.record_name == "s1._domainkey.example.org"


def test_a_key_that_cannot_be_used_is_said_and_not_shown(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save, tmp_path: Path
) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_text("-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n")
    for path in (
        tmp_path / "missing",
        tmp_path,
        garbage,
        save(ec.generate_private_key(ec.SECP256R1())),
        save(key, password=b"secret"),
    ):
        with pytest.raises(SettingsError) as refused:
            open_signer(signing(settings, path))
        assert refused.value.name == "PORTAL_MAIL_DKIM_KEY_FILE"
        assert str(path) in str(refused.value)
        assert "bm8ga2V5" not in str(refused.value)
        assert "BEGIN" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"mail_dkim_selector": ""}, "PORTAL_MAIL_DKIM_SELECTOR"),
        ({"mail_dkim_key_file": None}, "PORTAL_MAIL_DKIM_KEY_FILE"),
        ({"mail_from": "", "base_url": "http://127.0.0.1:8000"}, "PORTAL_MAIL_DKIM_DOMAIN"),
    ],
)
def test_what_is_missing_beside_the_key_is_said(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save, changed: dict[str, object], name: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        open_signer(signing(settings, save(key), **changed))
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_MAIL_DKIM_SELECTOR", "s1._domainkey"),
        ("PORTAL_MAIL_DKIM_SELECTOR", "s1; p=x"),
        ("PORTAL_MAIL_DKIM_DOMAIN", "müller.example"),
        ("PORTAL_MAIL_DKIM_DOMAIN", "example.com."),
    ],
)
def test_a_name_that_dns_cannot_have_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: value})
    assert refused.value.name == name


def test_a_signature_says_when_it_was_made_and_has_short_lines(
    settings: Settings, key: rsa.RSAPrivateKey, save: Save
) -> None:
    signed = signer_of(signing(settings, save(key))).signed(a_mail().content)
    stamp = int(signed.partition(b" t=")[2].partition(b";")[0])
    assert abs(datetime.now(UTC).timestamp() - stamp) < 60
    lines = signed.split(b"\r\n")
    assert max(len(line) for line in lines) <= 998
    assert not [line for line in lines if b"\n" in line]


def test_without_the_extra_it_says_what_to_install(
    key: rsa.RSAPrivateKey, save: Save, tmp_path: Path
) -> None:
    # As on a machine where nobody has installed it.
    program = (
        "import sys; sys.modules['dkim'] = None; sys.argv = ['portal', 'doctor'];"
        " from portal.cli import main; main()"
    )
    environ = {
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_MAIL_FROM": "service@example.com",
        "PORTAL_MAIL_DKIM_KEY_FILE": str(save(key)),
        "PORTAL_MAIL_DKIM_SELECTOR": "s1",
    }
    result = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "pip install 'fsm-onboarding-portal[dkim]'" in result.stdout
