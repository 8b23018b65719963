#!/usr/bin/env bash
# One would expect: `Webhook.sign` takes a time with its zone and signs the instant that it names.
# What happens: it replaces the zone by UTC without converting. A time in Berlin is signed one or two
#   hours in the future, and `verify` of the same package refuses the message. The JavaScript package
#   signs the same instant right.
# Seen with: standardwebhooks 1.1.0 (PyPI), standardwebhooks 1.0.0 (npm), Python 3.11, Node.js 20.
# Why it matters: a sender that works in UTC on a developer's machine loses every message where times
#   carry another zone, and only receivers see why.
# What the portal does: all times inside are in UTC; whoever adds webhooks has to keep it so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
npm install --silent --no-audit --no-fund --prefix "$dir" standardwebhooks@1.0.0 >/dev/null
"$dir/venv/bin/python" - >"$dir/seen" <<'PY'
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_" + "QUFB" * 8)
now = datetime.now(UTC).replace(microsecond=0)
same_instant = now.astimezone(timezone(timedelta(hours=2)))
assert now == same_instant
in_utc, elsewhere = (webhook.sign("msg_1", at, "{}") for at in (now, same_instant))
later = webhook.sign("msg_1", now + timedelta(hours=2), "{}")
print("python", version("standardwebhooks"), "- the same instant, the same signature:", in_utc == elsewhere)
assert elsewhere == later != in_utc


def verified(signature):
    headers = {
        "webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    try:
        webhook.verify("{}", headers)
    except WebhookVerificationError as error:
        return str(error)
    return "verified"


print("in UTC:", verified(in_utc), "- in +02:00:", verified(elsewhere))
assert verified(in_utc) == "verified"
assert verified(elsewhere) == "No matching signature found"
print("instant", int(now.timestamp()), in_utc)
PY
grep -v '^instant' "$dir/seen"
read -r _ instant signature < <(grep '^instant' "$dir/seen")
cd "$dir" && INSTANT=$instant SIGNATURE=$signature node - <<'JS'
const { Webhook } = require("standardwebhooks");
const webhook = new Webhook("whsec_" + "QUFB".repeat(8));
const signature = webhook.sign("msg_1", new Date(Number(process.env.INSTANT) * 1000), "{}");
console.log("javascript 1.0.0 - signs the instant as Python does in UTC:", signature === process.env.SIGNATURE);
if (signature !== process.env.SIGNATURE) process.exit(1);
JS
