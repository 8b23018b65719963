"""The documented unit: what systemd says of it, and a real systemd that runs it."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.deploying.image import ROOT, STOP_SECONDS, Image
from tests.deploying.namespaces import Box, Running
from tests.deploying.systemd import booted, machine

UNIT = ROOT / "docs/deploying/portal.service"
COMMAND = ROOT / "docs/deploying/portal-command"
VISITOR = str(Path(__file__).with_name("visitor.py"))
ADDRESS = "http://127.0.0.1:8000"
#: What systemd 252 calls the exposure, times ten. It ignores words that it does not know.
MOST_EXPOSED = 11

ENVIRONMENT = """PORTAL_SIGN_UP_MIN_SECONDS=0
PORTAL_MAIL_FROM=service@example.com
PORTAL_MAIL_DKIM_KEY_FILE=/run/credentials/portal.service/portal_dkim.pem
PORTAL_MAIL_DKIM_SELECTOR=s1
"""

#: There is no journal in the namespaces.
TO_A_FILE = """[Service]
StandardOutput=append:/var/log/portal
StandardError=append:/var/log/portal
LoadCredentialEncrypted=portal_secret_key_fallbacks:/etc/portal/fallbacks.cred
"""


def test_the_unit_exposes_little() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}",
         "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_stops_later_than_the_portal_does() -> None:
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert int(seconds) > STOP_SECONDS


@pytest.fixture(scope="module")
def installed(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A machine on which the unit was installed as docs/deploying.md says."""
    box = machine(image, tmp_path_factory.mktemp("machine"))
    etc = box.root / "etc"
    shutil.copy(UNIT, etc / "systemd/system/portal.service")
    (etc / "portal/credentials").mkdir(parents=True)
    (etc / "portal").chmod(0o700)
    (etc / "portal/environment").write_text(ENVIRONMENT)
    (etc / "portal/credentials/secret_key").write_text("k" * 40 + "\n")
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    (etc / "portal/credentials/dkim.pem").write_bytes(key)
    shutil.copy(COMMAND, etc / "portal/portal-command")
    return box


def test_systemd_understands_all_of_the_unit(installed: Box) -> None:
    said = installed.run("systemd-analyze", "verify", "/etc/systemd/system/portal.service")
    assert said == ""


def test_systemd_runs_the_portal(installed: Box, tmp_path: Path) -> None:
    root = installed.root
    encrypt = "echo {} | systemd-creds encrypt --name=portal_secret_key_fallbacks - {}"
    installed.run("sh", "-c", encrypt.format("f" * 40, "/etc/portal/fallbacks.cred"))
    assert "f" * 40 not in (root / "etc/portal/fallbacks.cred").read_text()
    (root / "etc/systemd/system/portal.service.d").mkdir()
    (root / "etc/systemd/system/portal.service.d/log.conf").write_text(TO_A_FILE)
    (root / "var/log").mkdir()
    with booted(installed, "portal.service", tmp_path / "log") as running:
        wait_until_healthy(running, root)
        assert "/status/" in running.visit(VISITOR, ADDRESS, "Meyer AG")
        parent = main_process(running)
        status = running.execute("cat", f"/proc/{parent}/status", as_root=True)
        assert len(re.findall(r"^Cap(?:Prm|Eff|Bnd|Amb):\t0+$", status, re.MULTILINE)) == 4
        assert "Seccomp:\t2" in status
        names = running.execute("ls", "/run/credentials/portal.service", as_root=True).split()
        assert names == ["portal_dkim.pem", "portal_secret_key", "portal_secret_key_fallbacks"]
        running.execute("systemctl", "start", "dbus.service", as_root=True)
        link = running.execute(
            "sh", "/etc/portal/portal-command", "staff-link", "anna@example.com",
            "--role", "admin", as_root=True,
        )  # fmt: skip
        assert f"{ADDRESS}/staff/" in link
        running.execute("systemctl", "reload", "portal", as_root=True)
        wait_until_renewed(root)
        wait_until_healthy(running, root)
        assert main_process(running) == parent
        # Signed with the key that the service was handed.
        assert "DKIM-Signature: " in first_mail(root / "var/lib/portal")
        running.execute("systemctl", "stop", "portal", as_root=True)
        # Said only if its status was 0.
        assert "portal.service: Deactivated successfully" in root.with_name("kmsg").read_text()
    data = root / "var/lib/portal"
    assert "Meyer AG" in (data / "tenants.jsonl").read_text()
    assert not (data / "secret-key").exists()
    said = (root / "var/log/portal").read_text()
    assert "WARNING" not in said
    assert "ERROR" not in said


def main_process(running: Running) -> str:
    """Its process id, as systemd sees it."""
    return running.execute(
        "systemctl", "show", "portal", "--property=MainPID", "--value", as_root=True
    ).strip()


def first_mail(data: Path) -> str:
    deadline = time.monotonic() + 60
    while not (mails := list((data / "mail").glob("*.eml"))):
        assert time.monotonic() < deadline, "no mail was written"
        time.sleep(0.1)
    return mails[0].read_text()


def wait_until_renewed(root: Path) -> None:
    log = root / "var/log/portal"
    deadline = time.monotonic() + 60
    while "The workers are renewed. The earlier ones" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def wait_until_healthy(running: Running, root: Path) -> None:
    check = f"import urllib.request as h; h.urlopen('{ADDRESS}/health', timeout=5)"
    logs = (root.with_name("kmsg"), root / "var/log/portal")
    deadline = time.monotonic() + 60
    while not running.succeeds("/opt/portal/bin/python", "-c", check):
        said = "".join(path.read_text() for path in logs if path.exists())
        assert time.monotonic() < deadline, said
        assert "Failed with result" not in said, said
