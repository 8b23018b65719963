"""Failures of DynamoDB: the right error, the right sentences, no partial write."""

import socket
from dataclasses import replace

import pytest
from botocore.exceptions import SSLError

from portal.stores.contract import (
    Add,
    BusyError,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    Replace,
    VersionConflictError,
)
from portal.stores.dynamodb.client import DynamoDbError, TableLocation, Timeouts
from portal.stores.dynamodb.errors import classify_error
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2, GSI3
from portal.stores.waiting.retrying import STAFF_ATTEMPTS
from tests.fault_proxy import Cut, Dated, Refuse, always
from tests.stores.dynamodb.calls import (
    CALLS,
    READS,
    each_call,
    each_write,
    item,
    nothing_in,
    text_of,
)


@each_call
def test_a_refused_connection_is_unreached(operation, location, pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_socket:
        port = closed_socket.getsockname()[1]
    unreachable = replace(location, endpoint=f"http://127.0.0.1:{port}")
    store = DynamoDbStore(unreachable, waiting=Timeouts(pause=pauses.append))
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert caught.value.name == "unreached"
    assert len(pauses) == STAFF_ATTEMPTS - 1
    assert "AWS_REGION" in caught.value.remedy
    assert ("Nothing was saved" in caught.value.reason) == (operation not in READS)
    assert not caught.value.outcome_unknown
    store.close()


def test_a_tls_failure_may_come_after_the_request() -> None:
    for text, name in (
        ("[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]", "lost"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "unreached"),
    ):
        failure = classify_error(SSLError(endpoint_url="https://x", error=text))
        assert failure is not None
        assert failure.name == name


@each_call
def test_access_denied_names_the_missing_permission(operation, store, direct, proxy) -> None:
    proxy.plan = always(Refuse("AccessDeniedException", message="User arn:aws:x is not hush"))
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert len(proxy.operations) == 1
    assert caught.value.name == "denied"
    allowed = {
        "TransactWriteItems": "PutItem, UpdateItem and DeleteItem",
        "TransactGetItems": "GetItem",
    }.get(operation, operation)
    assert f"AWS denied {allowed}" in caught.value.reason
    assert "REQUEST-OF-TEST" in caught.value.reason
    assert "IAM policy" in caught.value.remedy
    assert "credentials" in caught.value.remedy
    assert "the table is in" in caught.value.remedy
    assert "hush" not in text_of(caught.value)
    assert nothing_in(direct)


@each_call
def test_a_missing_table_is_named(operation, engine) -> None:
    location = TableLocation(table="fsm-elsewhere", region="eu-central-1", endpoint=engine.url)
    store = DynamoDbStore(location)
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert caught.value.name == "no-table"
    assert "no table fsm-elsewhere in eu-central-1" in caught.value.reason
    for advice in ("TENANT_TABLE_NAME", "AWS_REGION", "migrations_tools table deploy"):
        assert advice in caught.value.remedy
    store.close()


def test_a_missing_index_is_named(engine) -> None:
    store = DynamoDbStore(engine.new_table(without="GSI3"))
    store.write([Add(item("a", gsi2pk="P", gsi2sk="1", gsi3pk="COMPANY#a", gsi3sk="a#a"))])
    assert [row["tenantId"] for row in store.query(GSI2, "P").items] == ["a"]
    with pytest.raises(DynamoDbError) as caught:
        store.query(GSI3, "COMPANY#a")
    assert caught.value.name == "no-index"
    assert "lacks an index" in caught.value.reason
    assert "migrations_tools table deploy" in caught.value.remedy
    store.close()


@pytest.mark.parametrize(
    ("refuse", "name", "advice"),
    [
        (Refuse("ExpiredTokenException"), "expired", "Sign in again"),
        (Refuse("UnrecognizedClientException"), "bad-credentials", "access key"),
        (Refuse("InvalidSignatureException"), "bad-credentials", "access key"),
        (Refuse("InvalidSignatureException", message="Signature expired: x"), "clock", "NTP"),
        (Refuse("InvalidSignatureException", message="Signature not yet current"), "clock", "NTP"),
        (Refuse("InaccessibleEncryptionCredentialsException"), "table-key", "KMS"),
    ],
)
def test_credentials_clock_and_key_are_told_apart(refuse, name, advice, store, proxy) -> None:
    proxy.plan = always(refuse)
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert len(proxy.operations) == 1
    assert (caught.value.name, advice in caught.value.remedy) == (name, True)


def test_a_missing_region_is_named(location, monkeypatch, tmp_path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    store = DynamoDbStore(TableLocation(table=location.table))
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert caught.value.name == "no-region"
    assert "AWS_REGION" in caught.value.remedy


@each_write
def test_too_large_an_item_is_reported(write, store, direct) -> None:
    del write
    large = "x" * 450_000
    for changes in ([Add(item("a", x=large))], [Add(item("b")), Add(item("a", x=large))]):
        with pytest.raises(ItemTooLargeError, match="400 KB"):
            store.write(changes)
    assert nothing_in(direct)


@each_call
@pytest.mark.parametrize(
    ("code", "status"), [("ValidationException", 400), ("BrandNewException", 400)]
)
def test_an_error_in_no_list_has_its_code_and_its_request(
    operation, code, status, store, proxy
) -> None:
    proxy.plan = always(Refuse(code, status, message="something new about hush"))
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert (caught.value.name, caught.value.code) == ("unexpected", code)
    assert f"({code}, request REQUEST-OF-TEST)" in caught.value.reason
    assert not caught.value.outcome_unknown
    assert "hush" not in text_of(caught.value)


@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems"])
def test_an_error_of_python_after_sending_leaves_the_outcome_open(operation, location) -> None:
    store = DynamoDbStore(location)
    store.check()
    client = store.connection._opener.opened

    def fail(**_arguments: object) -> None:
        raise KeyError("hush")

    client.meta.events.register("before-parse.dynamodb", fail)
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert (caught.value.name, caught.value.code) == ("lost", "KeyError")
    assert caught.value.outcome_unknown
    assert "hush" not in text_of(caught.value)
    store.close()


def test_an_index_that_is_being_made_is_waited_for(store, proxy) -> None:
    text = "Cannot read from backfilling global secondary index: GSI4"
    proxy.plan = always(Refuse("ValidationException", message=text), "Query")
    with pytest.raises(DynamoDbError) as caught:
        store.query(GSI2, "STATUS#pending")
    assert caught.value.name == "index-not-ready"
    assert "still making an index" in caught.value.reason
    assert caught.value.remedy.startswith("Wait")
    # The index is read again when it is there.
    proxy.plan = always(Refuse("Other"), "Scan")
    assert store.query(GSI2, "STATUS#pending").items == []


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required", "AWS_ACCOUNT_ID": "123456789012",
         "AWS_USE_FIPS_ENDPOINT": "true"},
    ],
    ids=["no account", "FIPS"],
)  # fmt: skip
def test_an_endpoint_that_needs_an_account_is_no_missing_region(
    variables, location, monkeypatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store = DynamoDbStore(TableLocation(table=location.table, region="eu-central-1"))
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert caught.value.name == "configuration"
    assert "AWS_ACCOUNT_ID_ENDPOINT_MODE" in caught.value.reason
    assert "Set AWS_ACCOUNT_ID" in caught.value.remedy
    store.close()


def test_two_dates_of_an_answer_are_no_error(store, direct, proxy) -> None:
    direct.write([Add(item("a"))])
    proxy.plan = always(Dated("Mon, 23 Nov 2026 10:00:00 GMT", twice=True))
    assert store.get("a") == item("a")


def test_the_item_is_read_if_a_failed_condition_does_not_bring_it(store, direct, proxy) -> None:
    direct.write([Add(item("a", 3))])
    refused = Refuse("ConditionalCheckFailedException")
    proxy.plan = always(refused, "PutItem")
    with pytest.raises(ItemExistsError) as there:
        store.write([Add(item("a"))])
    assert there.value.item == item("a", 3)
    with pytest.raises(VersionConflictError) as gone:
        store.write([Replace(item("b"), 1)])
    assert gone.value.item is None
    with pytest.raises(BusyError, match="removed"):
        store.write([Add(item("b"))])


def test_check_fails_while_a_write_would_be_refused(store, direct, proxy) -> None:
    store.check()
    proxy.plan = always(Refuse("AccessDeniedException"), "DeleteItem")
    with pytest.raises(DynamoDbError):
        store.check()
    proxy.plan = always(Cut(), "DeleteItem")
    with pytest.raises(DynamoDbError) as caught:
        store.check()
    assert "saved" not in caught.value.reason
    assert not caught.value.outcome_unknown
    assert nothing_in(direct)


@pytest.mark.parametrize("invalid_id", ["", "x" * 2049, "\ud800"], ids=["empty", "long", "half"])
def test_an_impossible_id_is_not_found_without_a_request(invalid_id, store, proxy) -> None:
    with pytest.raises(ItemNotFoundError):
        store.get(invalid_id)
    assert store.query(GSI2, invalid_id).items == []
    assert proxy.operations == []
