"""The receivers of docs/webhooks.md verify what the portal sends, and nothing else."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from portal.settings import Settings
from portal.timestamps import utc_now
from portal.webhooks import TYPES, AnnouncingStore, rotate
from tests.documents import ROOT, blocks, rows_of
from tests.examples import sign_up
from tests.webhooks.node_package import fetched
from tests.webhooks.receivers import ADMIN, SECRETS, Got, Receiver, now_of, seen, sender, subscribe

TEXT = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")

Receive = Callable[[str, Got, bytes], Any]


def in_python(secret: str, got: Got, body: bytes) -> Any:
    (example,) = blocks("python", TEXT)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - it is the document's
    return names["receive"](secret, dict(got.headers), body)


def in_javascript(secret: str, got: Got, body: bytes) -> Any:
    (example,) = blocks("js", TEXT)
    folder = fetched()
    Path(folder, "receive.mjs").write_text(example, encoding="utf-8")
    call = """
        import { receive } from "./receive.mjs";
        const given = JSON.parse(process.argv[2]);
        try {
          console.log(JSON.stringify(receive(given.secret, given.headers, given.body)));
        } catch (error) {
          console.log(JSON.stringify({ refused: error.name }));
        }
    """
    Path(folder, "call.mjs").write_text(call, encoding="utf-8")
    given = {"secret": secret, "headers": dict(got.headers), "body": body.decode()}
    command = ["node", "call.mjs", json.dumps(given)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30)
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise WebhookVerificationError(answer["refused"])
    return answer


@pytest.mark.parametrize("receive", [in_python, in_javascript])
def test_they_verify_what_is_sent_also_while_a_secret_is_replaced(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, receive: Receive
) -> None:
    subscription = subscribe(store, receiver.address)
    first = SECRETS.shown(subscription.secret, subscription.id)
    rotate(store, SECRETS, seen(subscription), ADMIN, utc_now())
    second = SECRETS.shown(now_of(store, subscription).secret, subscription.id)
    pending = sign_up(store, now=utc_now())
    assert sender(store, allowed).send_due().sent == 1
    (got,) = receiver.got
    for secret in (first, second):
        said = receive(secret, got, got.body)
        assert (said["type"], said["data"]["id"]) == ("tenant.pending", pending.id)
    other = SECRETS.shown(SECRETS.new("0" * 16), "0" * 16)
    for secret, body in ((other, got.body), (second, got.body.replace(b"pending", b"PENDING"))):
        with pytest.raises(WebhookVerificationError):
            receive(secret, got, body)


def test_each_type_is_described() -> None:
    assert sorted(row[0].strip("`") for row in rows_of("Type", TEXT)) == sorted(TYPES)
