"""The current code stores data in the format of 1.0, so that 1.0 and other programs can read it.

These tests run the scenario with the current code and compare the result with the files of 1.0.
The names of attributes and keys are in `stored_names.py`.
"""

import base64
import hmac
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from portal import onboarding
from portal.stores import Add, Replace
from portal.stores.schema import GSI3, GSI4
from tests.compatibility.conftest import (
    WRITTEN,
    environ_of,
    environ_of_table,
    items_of_table,
    strict,
)
from tests.compatibility.driver import Clock, Portal, closing_portal, form_fields, pending_id
from tests.compatibility.sample_records import OLD_ROWS, made_up_secret
from tests.compatibility.scenario import run_scenario
from tests.compatibility.stored_names import (
    ADDED_SINCE_1_0,
    KEYS_OF_CHANGES,
    KEYS_OF_DECIDED,
    KEYS_OF_ENDED,
    KEYS_OF_IMPORT,
    KEYS_OF_IMPORT_SINCE_1_0,
    KEYS_OF_PEOPLE,
    KEYS_OF_SECURITY_CHANGES,
    NAMES,
    PARTITIONS,
    PARTITIONS_SINCE_1_0,
    SINCE_1_0,
)
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import ANN
from tests.unseal import opened

Item = Mapping[str, Any]
OPEN_ENDED = ("openEnded", "bool")


# ---- The scenario with the current code


class Result:
    """The data folder after the scenario, and the texts that people keep."""

    def __init__(self, folder: Path, texts: Mapping[str, str], form_token: str) -> None:
        self.folder = folder
        self.texts = texts
        self.form_token = form_token
        self.secret_key = (folder / "secret-key").read_text("ascii").strip()


@pytest.fixture(scope="module")
def current(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("current") / "data"
    table = engine.new_table().table
    for row in OLD_ROWS:
        engine.client.put_item(TableName=table, Item=row)
    with closing_portal(Portal(environ_of(folder), Clock())) as office:
        strict(office)
        office.environ |= {
            "TENANT_TABLE_NAME": table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
            **CREDENTIALS,
        }
        office.tool("copy", "--from", "dynamodb", "--to", "json")
        # In 1.0, a row of the old application without an end never ended.
        endless = office.store.get("90002_1")
        kept, event = onboarding.kept(endless, ANN)
        office.store.write([Replace(kept, None, read=endless), Add(event)])
        run_scenario(office)
        token = form_fields(office.browser().get("/sign-up"), "/sign-up")["form_token"]
    return Result(folder, office.texts, token)


@pytest.fixture(scope="module")
def current_table(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, dict[str, Any]]]:
    table = engine.new_table().table
    for row in OLD_ROWS:
        engine.client.put_item(TableName=table, Item=row)
    folder = tmp_path_factory.mktemp("table") / "data"
    with closing_portal(Portal(environ_of_table(folder, engine, table), Clock())) as office:
        strict(office)
        run_scenario(office)
    items: list[dict[str, dict[str, Any]]] = engine.client.scan(TableName=table)["Items"]
    return items


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "tenants.jsonl").read_bytes().splitlines()]


def items_in_journal(folder: Path) -> Iterator[Item]:
    """All items in the journal, including those that a later commit replaces."""
    for line in lines_of(folder):
        yield from [line["row"]] if "row" in line else line.get("put", [])


def kind_of(item: Item) -> str:
    """The kind of the item; empty for a row of the old application."""
    name = str(item["tenantId"])
    first = name.partition("-")[0]
    if "forwardTo" in item:
        return "forward"
    if name.startswith("event-security-"):
        return "security event"
    if first in ("mail", "desk"):
        return first
    if first == "import":
        others = "rows of an import" if "rows" in item else "import that is being saved"
        return "import" if "text" in item else others
    return first if first in NAMES and first != "pending" else str(item.get("status", ""))


def by_kind(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        if kind_of(item):
            found.setdefault(kind_of(item), []).append(item)
    return found


# ---- The file store


@pytest.fixture(params=["1.0", "current"])
def folder(request: pytest.FixtureRequest) -> Path:
    if request.param == "1.0":
        return WRITTEN / "folder"
    result: Result = request.getfixturevalue("current")
    return result.folder


def test_items_of_each_kind_have_these_names(folder: Path) -> None:
    found = {
        kind: frozenset().union(*items) for kind, items in by_kind(items_in_journal(folder)).items()
    }
    mails, desks = (found.pop(kind, frozenset()) for kind in ("mail", "desk"))
    since = {kind: each for kind, each in SINCE_1_0.items() if kind not in ("mail", "desk")}
    expected = NAMES if folder == WRITTEN / "folder" else NAMES | since
    assert {kind: names - ADDED_SINCE_1_0 for kind, names in found.items()} == expected
    assert found["active"] >= {"adoptAnswer", "undo"} or folder == WRITTEN / "folder"
    # The scenario sends none again, and no mail server refuses any.
    assert mails <= SINCE_1_0["mail"]
    # Nobody is given a tenant there.
    assert desks <= SINCE_1_0["desk"]
    assert bool(mails) == (folder != WRITTEN / "folder")


def test_json_in_attributes_has_these_keys(folder: Path) -> None:
    items = by_kind(items_in_journal(folder))
    for each in items["import"]:
        # The names of its files, and whose answers it changes, are new since 1.0; 1.0 reads an
        # import without looking at them.
        assert json.loads(each["text"]).keys() - KEYS_OF_IMPORT_SINCE_1_0 == KEYS_OF_IMPORT
    changes = [json.loads(each["changes"]) for each in items["event"]]
    assert frozenset().union(*changes) == KEYS_OF_CHANGES
    of_security = [json.loads(each["changes"]) for each in items.get("security event", ())]
    assert frozenset().union(*of_security) <= KEYS_OF_SECURITY_CHANGES
    kinds = {kind for each in items["import"] for kind in json.loads(each["text"])["counts"]}
    assert kinds == {"new", "same", "update", "conflict", "duplicate", "invalid"}


def test_index_partitions_have_these_names(folder: Path) -> None:
    items = list(items_in_journal(folder))
    for name, expected in PARTITIONS.items():
        found = {str(item[name]) for item in items if name in item}
        # New since 1.0, which never asks for it.
        found.discard("ENDED")
        # Without the id, the address or the letter behind the "#"; a status stays.
        heads = {re.sub(r"^(ACCOUNT|DECIDED|EVENTS|NOTES|ACCESS|COMPANY|EMAIL)#.+", r"\1#", each)
                 for each in found}  # fmt: skip
        if name == "gsi2pk":
            heads = {re.sub(r"^OUTBOX#.+", "OUTBOX#", each) for each in heads}
        since = frozenset() if folder == WRITTEN / "folder" else PARTITIONS_SINCE_1_0.get(name, ())
        assert expected <= heads <= expected | frozenset(since)


def test_an_item_has_the_same_attributes_of_the_same_types(current: Result) -> None:
    def shapes(folder: Path) -> dict[str, set[frozenset[tuple[str, str]]]]:
        return {
            kind: {frozenset((name, type(item[name]).__name__) for name in item) for item in items}
            for kind, items in by_kind(items_in_journal(folder)).items()
        }

    def without_search_keys(
        found: set[frozenset[tuple[str, str]]],
    ) -> set[frozenset[tuple[str, str]]]:
        # 1.0 gave those to no sign-up that it set aside.
        keys = {(index.partition, "str") for index in (GSI3, GSI4)}
        keys |= {(index.sort, "str") for index in (GSI3, GSI4)}
        return {each - keys if ("setAside", "bool") in each else each for each in found}

    now, added = shapes(current.folder), {(name, "str") for name in ADDED_SINCE_1_0}
    for kind, before in shapes(WRITTEN / "folder").items():
        # The current code applied all rows of an import that 1.0 left half applied. It activates
        # no tenant without a cluster.
        present = {shape - added for shape in without_search_keys(now[kind])}
        # That a row of the old application never ends is an operator's decision now, no import's.
        present |= {shape | {("importedState", "str")} for shape in present if OPEN_ENDED in shape}
        if kind == "staff":
            present = {shape - {(name, "str") for name in KEYS_OF_PEOPLE} for shape in present}
        if kind == "event":
            present |= {shape - {(name, "str") for name in KEYS_OF_DECIDED} for shape in present}
        others = {shape | {("cluster", "str")} for shape in before - present}
        assert others <= present, kind


def test_the_folder_has_these_files_and_modes(current: Result) -> None:
    files = {path.name: path.stat().st_mode & 0o777 for path in current.folder.iterdir()}
    assert files == dict.fromkeys(
        ["tenants.jsonl", "tenants.previous.jsonl", "tenants.lock", "secret-key",
         "sealing-keys.json", "last-known.sqlite"], 0o600
    )  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}\n", (current.folder / "secret-key").read_text())
    keys = json.loads((current.folder / "sealing-keys.json").read_text())
    assert [len(each) for each in keys.values()] == [43, 43]
    assert all(re.fullmatch("[0-9a-f]{8}", each) for each in keys)


def test_the_journal_has_this_format(folder: Path) -> None:
    raw = (folder / "tenants.jsonl").read_bytes().splitlines()
    for line in raw:
        assert line[:18] == b'{"crc":"%08x",' % zlib.crc32(line[18:])
    header, *others = lines_of(folder)
    assert [*header] == [
        "crc", "format", "needs", "generation", "continues", "seq", "rows", "size",
    ]  # fmt: skip
    assert (header["format"], header["needs"]) == (1, "1.0")
    rows, commits = others[: header["rows"]], others[header["rows"] :]
    assert {(*row,) for row in rows} == {("crc", "row")}
    assert sum(len(line) + 1 for line in raw[1 : len(rows) + 1]) == header["size"]
    assert [each["seq"] for each in commits] == [
        *range(header["seq"] + 1, header["seq"] + 1 + len(commits))
    ]
    begin = ("crc", "seq", "durable")
    assert {(*commit,) for commit in commits} <= {
        (*begin, "put"), (*begin, "remove"), (*begin, "put", "remove"),
    }  # fmt: skip


def test_the_lock_file_has_this_format(folder: Path) -> None:
    text = (folder / "tenants.lock").read_bytes()
    assert (len(text), text[-1:]) == (160, b"\n")
    line = text.rstrip()
    assert line[:18] == b'{"crc":"%08x",' % zlib.crc32(line[18:])
    last = lines_of(folder)[-1]
    size = (folder / "tenants.jsonl").stat().st_size
    content = json.loads(line)
    assert [*content] == ["crc", "generation", "seq", "size", "spoilt"]
    assert (content["seq"], content["size"], content["spoilt"]) == (last["seq"], size, False)


# ---- The rows of an import: lists, whose positions have a meaning


def rows_of(folder: Path, plan: str) -> dict[str, list[Any]]:
    """The rows of each kind as they were planned: of each item the first version. What the tenants
    were before is new since 1.0, which never asks for it."""
    found: dict[str, list[Any]] = {}
    for item in items_in_journal(folder):
        name = str(item["tenantId"])
        if "rows" in item and name.startswith(plan.rpartition("/")[2]):
            rows = json.loads(zlib.decompress(base64.b64decode(item["rows"])))
            found.setdefault(name.split("-")[2], rows)
    found.pop("former", None)
    return found


def test_import_rows_have_the_same_positions(current: Result) -> None:
    texts = json.loads((WRITTEN / "texts" / "texts.json").read_text("utf-8"))
    # The sealed secret, its fingerprint, and the digest of the item to replace.
    random_values = (15, 16, 18)
    # Reasons and repairs. Their wording may change.
    messages = (7, 8)
    for name in ("late", "half", "planned"):
        before = rows_of(WRITTEN / "folder", texts[f"import {name}"])
        now = rows_of(current.folder, current.texts[f"import {name}"])
        assert before.keys() == now.keys()
        for kind in before:
            for one, other in zip(before[kind], now[kind], strict=True):
                assert len(one) == len(other) == 19
                for position, (old, new) in enumerate(zip(one, other, strict=True)):
                    if position in random_values:
                        assert (type(old), len(old)) == (type(new), len(new))
                    elif position in messages:
                        assert [structure(each) for each in old] == [
                            structure(each) for each in new
                        ]
                    else:
                        assert old == new


def structure(reason: list[Any]) -> tuple[str, type, object]:
    """The field of a reason, and the names of the values in its message."""
    field, packed = reason
    return field, type(packed), [*packed[1]] if isinstance(packed, list) else None


# ---- The table


def test_table_items_have_the_same_names_and_types(
    current_table: list[dict[str, dict[str, Any]]],
) -> None:
    def shapes(items: Iterable[Item]) -> dict[str, frozenset[tuple[str, str]]]:
        kinds: dict[str, frozenset[tuple[str, str]]] = {}
        for item in items:
            plain = {name: next(iter(each.values())) for name, each in item.items()}
            pairs = frozenset((name, next(iter(each))) for name, each in item.items())
            kinds[kind_of(plain)] = kinds.get(kind_of(plain), frozenset()) | pairs
        return kinds

    before, now = shapes(items_of_table()), shapes(current_table)
    # The scenario alone interrupts no import, and adopts no rows of the old application.
    del before["import that is being saved"], before[""], now[""]
    assert (
        frozenset(name for name, _type in now.pop("security event"))
        == (SINCE_1_0["security event"])
    )
    now["event"] -= {(name, "S") for name in KEYS_OF_ENDED | KEYS_OF_DECIDED}
    now["staff"] -= {(name, "S") for name in KEYS_OF_PEOPLE}
    added = {(name, "S") for name in ADDED_SINCE_1_0}
    now = {kind: pairs - added for kind, pairs in now.items()}
    for kind in ("mail", "desk"):
        assert frozenset(name for name, _type in now.pop(kind)) <= SINCE_1_0[kind]
    assert now == before


# ---- Signed texts and hashes, read without the portal


def test_form_tokens_have_the_same_salt(current: Result) -> None:
    found = URLSafeSerializer(current.secret_key, salt="sign-up form").loads(current.form_token)
    reference, secret, shown_at = found
    assert re.fullmatch("[a-z0-9]{26}", reference)
    assert re.fullmatch("[A-Za-z0-9_-]{32}", secret)
    assert shown_at == "2025-06-02T09:55:00.000Z"


def test_sessions_and_csrf_tokens_have_the_same_salts(current: Result) -> None:
    key = current.secret_key
    signer = URLSafeTimedSerializer(
        key, salt="cookie-session", signer_kwargs={"key_derivation": "hmac", "digest_method": sha1}
    )
    session = signer.loads(current.texts["session"])
    assert session.keys() == {"sid", "csrf_token", "decided"}
    csrf_key = hmac.digest(key.encode(), b"csrf", "sha256").hex()
    signed = URLSafeTimedSerializer(csrf_key, salt="wtf-csrf-token")
    assert signed.loads(current.texts["CSRF token"]) == session["csrf_token"]
    stored = f"session-{sha256(session['sid'].encode()).hexdigest()}"
    assert stored in {item["tenantId"] for item in items_in_journal(current.folder)}


def test_hashes_of_links_and_tokens_are_the_same(current: Result) -> None:
    items = {str(item["tenantId"]): item for item in items_in_journal(current.folder)}
    waiting = current.texts["status link of the waiting"]
    secret = waiting.rpartition("/")[2][26:]
    assert items[pending_id(waiting)]["statusLink"] == sha256(secret.encode()).hexdigest()
    link = current.texts["sign-in link"].rpartition("/")[2]
    assert f"link-{sha256(link.encode()).hexdigest()}" in items
    kid, _, secret = current.texts["API token"].partition(".")
    assert items[f"token-{kid}"]["hash"] == sha256(secret.encode()).hexdigest()
    anna = sha256(b"anna@staff.example.com").hexdigest()[:32]
    assert items[f"staff-{anna}"]["name"] == "Anna Approver"


def test_secrets_are_sealed_and_fingerprinted_the_same_way(current: Result) -> None:
    keys = json.loads((current.folder / "sealing-keys.json").read_text())
    items = {str(item["tenantId"]): item for item in items_in_journal(current.folder)}
    for tenant_id in ("20001_1", "20002_1", "50001_1", "73001_3"):
        sealed = str(items[tenant_id]["clientSecret"])
        assert opened(sealed, keys, tenant_id) == made_up_secret(tenant_id)
    sealed = str(items["50001_1"]["clientSecret"])
    text = "\0".join(("client-secret", "50001_1", sealed, made_up_secret("50001_1")))
    fingerprint = hmac.digest(current.secret_key.encode(), text.encode(), sha256).hex()[:40]
    assert items["50001_1"]["clientSecretMark"] == fingerprint
