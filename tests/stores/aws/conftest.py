"""A machine's AWS configuration, and both clients of AWS: the store's and the sealer's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.sealing import Secret
from portal.sealing.kms import KmsSealer, kms_client_maker
from portal.stores import ItemNotFoundError, clear_deadline
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.dynamodb.client import Timeouts
from tests.dynamodb_engine import REGION, Engine
from tests.fault_proxy import Between, between
from tests.stores.aws.surroundings import Machine


@pytest.fixture
def machine(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    del engine  # It sets credentials for all tests; this machine begins without.
    return Machine(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def no_deadline() -> Iterator[None]:
    yield
    clear_deadline()


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@dataclass
class Caller:
    """One call to AWS, by the store or by the sealer. Raises `UnavailableError`, or succeeds."""

    call: Callable[[], object]
    service: str


@pytest.fixture(params=["store", "kms"])
def caller(
    request: pytest.FixtureRequest, machine: Machine, engine: Engine, proxy: Between
) -> Iterator[Caller]:
    if request.param == "kms":
        machine.set(AWS_ENDPOINT_URL_KMS=proxy.url)
        sealer = KmsSealer("alias/portal", kms_client_maker(REGION))
        yield Caller(lambda: sealer.seal(Secret("s3cr3t"), "1_2"), "kms")
        return
    table = engine.new_table().table
    store = DynamoDbStore(
        TableLocation(table=table, region=REGION, endpoint=proxy.url),
        waiting=Timeouts(pause=lambda _seconds: None),
    )

    def get() -> None:
        with pytest.raises(ItemNotFoundError):
            store.get("a")

    yield Caller(get, "dynamodb")
    store.close()
