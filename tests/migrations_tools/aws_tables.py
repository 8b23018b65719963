"""Tables in an AWS account: as the old application made them, as they are, as they should be."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from migrations_tools import table_definition
from migrations_tools.table.deploy import Deployment
from portal.stores import GSI1, INDEXES, KEY

TABLE = "fsm-appointment-tenants"


class Account:
    """moto's client. It adds what moto forgets: that a table was encrypted after its creation."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.encrypted = False

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def update_table(self, **parameters: Any) -> Any:
        self.encrypted = self.encrypted or "SSESpecification" in parameters
        return self.client.update_table(**parameters)

    def delete_table(self, **parameters: Any) -> Any:
        self.encrypted = False
        return self.client.delete_table(**parameters)

    def describe_table(self, **parameters: Any) -> Any:
        answer = self.client.describe_table(**parameters)
        if self.encrypted:
            answer["Table"].setdefault("SSEDescription", {})["Status"] = "ENABLED"
        return answer


class RecordingClient:
    """A client that records its calls and fails where `fail` returns an error."""

    def __init__(self, client: Any, fail: Callable[[int, str], Exception | None]) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._fail = fail

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            error = self._fail(len(self.calls), operation)
            self.calls.append((operation, parameters))
            if error:
                raise error
            return getattr(self.client, operation)(**parameters)

        return call

    @property
    def changes(self) -> list[str]:
        reads = ("describe_", "list_")
        return [operation for operation, _ in self.calls if not operation.startswith(reads)]


def never_fail(_number: int, _operation: str) -> None:
    return None


def client_error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def new_deployment(client: Any, environment: str = "prod", **options: Any) -> Deployment:
    return Deployment(
        client,
        table=TABLE,
        environment=environment,
        pause=options.pop("pause", no_pause),
        **options,
    )


def no_pause(_seconds: float) -> None:
    """Does not wait."""


def create_old_table(client: Any, **other: Any) -> None:
    """A table as the script of the old application made it: with GSI1 and nothing newer."""
    names = [KEY, GSI1.partition, GSI1.sort]
    parameters = {
        "TableName": TABLE,
        "KeySchema": table_definition.key_schema(),
        "AttributeDefinitions": table_definition.attribute_definitions(names),
        "GlobalSecondaryIndexes": [table_definition.index_parameters(GSI1)],
        "BillingMode": "PAY_PER_REQUEST",
        "Tags": [{"Key": "CostCentre", "Value": "42"}],
        **other,
    }
    client.create_table(**parameters)


def table_state(client: Any) -> dict[str, Any]:
    """All properties of the table that are part of the definition."""
    table = client.describe_table(TableName=TABLE)["Table"]
    recovery = client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    return {
        "keys": table["KeySchema"],
        "indexes": {
            index["IndexName"]: (index["KeySchema"], index["Projection"])
            for index in table.get("GlobalSecondaryIndexes", [])
        },
        "billing": table["BillingModeSummary"]["BillingMode"],
        "encryption": table.get("SSEDescription", {}).get("Status"),
        "protected": table.get("DeletionProtectionEnabled", False),
        "recovery": recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        "ttl": client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def expected_state(environment: str, **more_tags: str) -> dict[str, Any]:
    return {
        "keys": table_definition.key_schema(),
        "indexes": {
            index.name: (
                table_definition.index_key_schema(index),
                table_definition.projection(index),
            )
            for index in INDEXES
        },
        "billing": "PAY_PER_REQUEST",
        "encryption": "ENABLED",
        "protected": environment == "prod",
        "recovery": "ENABLED",
        "ttl": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
        "tags": {
            "Environment": environment,
            "Application": "FSMAppointmentManager",
            "Purpose": "TenantData",
            **more_tags,
        },
    }


def ignore_report(_sentence: str) -> None:
    """Prints nothing."""
