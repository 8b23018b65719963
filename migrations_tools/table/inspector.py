"""What AWS says about the existing table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from portal.stores.aws import IncompleteAnswerError

_T = TypeVar("_T")


@dataclass(frozen=True)
class TableDescription:
    """A table as AWS describes it. `None` for what the endpoint does not offer."""

    table: Mapping[str, Any]
    recovery: str | None
    ttl: Mapping[str, Any] | None
    tags: Mapping[str, str] | None

    def index(self, name: str) -> Mapping[str, Any] | None:
        indexes: list[Mapping[str, Any]] = self.table.get("GlobalSecondaryIndexes", [])
        return next((index for index in indexes if index["IndexName"] == name), None)

    @property
    def ongoing_change(self) -> str:
        """What AWS is creating or changing now, in words; empty if nothing."""
        if self.table["TableStatus"] != "ACTIVE":
            return f"the table is {self.table['TableStatus'].lower()}"
        for index in self.table.get("GlobalSecondaryIndexes", []):
            if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
                return f"the index {index['IndexName']} is {index['IndexStatus'].lower()}"
        return ""


class TableInspector:
    """Describes one table. `client` is boto3's client for DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def describe(self) -> TableDescription | None:
        """The table as it is now, or `None` if it does not exist."""
        try:
            table = _part(self._client.describe_table(TableName=self._table), "Table")
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return TableDescription(
            table=table,
            recovery=self._if_offered(self._recovery),
            ttl=self._if_offered(self._ttl),
            tags=self._if_offered(lambda: self._tags(table["TableArn"])),
        )

    def _recovery(self) -> str:
        answer = self._client.describe_continuous_backups(TableName=self._table)
        backups = _part(answer, "ContinuousBackupsDescription")
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        return str(recovery.get("PointInTimeRecoveryStatus", "DISABLED"))

    def _ttl(self) -> Mapping[str, Any]:
        answer = self._client.describe_time_to_live(TableName=self._table)
        description: Mapping[str, Any] = _part(answer, "TimeToLiveDescription")
        return description

    def _tags(self, arn: str) -> Mapping[str, str]:
        tags: dict[str, str] = {}
        next_page: dict[str, str] = {}
        while True:
            answer = self._client.list_tags_of_resource(ResourceArn=arn, **next_page)
            tags |= {tag["Key"]: tag["Value"] for tag in _part(answer, "Tags")}
            if not answer.get("NextToken"):
                return tags
            next_page = {"NextToken": answer["NextToken"]}

    def _if_offered(self, call: Callable[[], _T]) -> _T | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        try:
            return call()
        except ClientError as error:
            # A local engine in place of AWS.
            if error_code(error) == "UnknownOperationException":
                return None
            raise


def _part(answer: Mapping[str, Any], name: str) -> Any:
    """What the answer to a description must have: the SDK reads a web page as an empty answer.

    Raises:
        IncompleteAnswerError: It is missing.
    """
    if name not in answer:
        raise IncompleteAnswerError(f"no {name}")
    return answer[name]


def error_code(error: Any) -> str:
    """AWS's code of a `ClientError`."""
    return str(error.response.get("Error", {}).get("Code", ""))
