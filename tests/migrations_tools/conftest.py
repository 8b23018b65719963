"""An AWS account for whatever reaches it in this process."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.engine import CREDENTIALS, REGION
from tests.migrations_tools.tables import Account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A client of an AWS account with nothing in it; the commands reach the same one."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account(boto3.client("dynamodb", region_name=REGION))
