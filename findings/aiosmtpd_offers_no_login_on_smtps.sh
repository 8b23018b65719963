#!/usr/bin/env bash
# One would expect: a server with a certificate from the first byte on (SMTPS, port 465) offers `AUTH`,
#   since the connection is encrypted.
# What happens: it does not. `auth_require_tls` is on by default and asks whether STARTTLS was used on
#   this connection; `session.ssl` is `None` although everything runs through TLS. With
#   `auth_require_tls=False` the login is offered, and works.
# Seen with: aiosmtpd 1.4.6, Python 3.11.
# Why it matters: a test of a mail client against it says that the password is refused or unsupported,
#   and a handler that keeps mail of unencrypted senders away keeps all away.
# What the portal does: its test of `smtps://` sends without a login, and asks the transport whether it is
#   encrypted.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check aiosmtpd==1.4.6
cd "$dir"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 \
    -subj /CN=localhost 2> "$dir/log"
"$dir/venv/bin/python" -W ignore - <<'PY'
import smtplib
import socket
import ssl
from importlib.metadata import version

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
own.load_cert_chain("certificate.pem", "key.pem")
trusting = ssl.create_default_context(cafile="certificate.pem")
trusting.check_hostname = False
known = []


class Handler:
    async def handle_DATA(self, server, session, envelope):
        known.append(session.ssl)
        return "250 OK"


def offers(required):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Controller(
        Handler(), hostname="127.0.0.1", port=port, ssl_context=own, auth_require_tls=required,
        authenticator=lambda *_: AuthResult(success=True),
    )
    server.start()
    try:
        with smtplib.SMTP_SSL("127.0.0.1", port, context=trusting) as client:
            client.ehlo()
            print(client.sock.version(), "auth_require_tls", required, end=": ")
            print("AUTH offered" if client.has_extn("auth") else "no AUTH")
            client.sendmail("a@a.example", ["b@b.example"], b"Subject: Hello\r\n\r\nHello.\r\n")
            return client.has_extn("auth")
    finally:
        server.stop()


print("aiosmtpd", version("aiosmtpd"))
assert not offers(True)
assert offers(False)
print("session.ssl:", *known)
assert known == [None, None]
PY
