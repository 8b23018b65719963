"""Brings a table up to the definition: it is looked at, one step is made, and it is looked at
again, until nothing is left to do. Nothing is ever dropped, so it may be repeated and stopped
at any moment."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from migrations_tools import definition
from portal.records import SECRET
from portal.stores.table import INDEXES, KEY, Index

_T = TypeVar("_T")

#: Seconds between two looks at a table that is changing.
PAUSE = 5.0
#: A step is asked for so often before its not being there is called an error: AWS's answers
#: about tags and backups lag behind.
TRIES = 5


class CannotDeployError(Exception):
    """The sentence says what is in the way, and what to do about it."""


@dataclass(frozen=True)
class Step:
    """One change of the table, in words for people, and as a call of AWS."""

    what: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """`problems` cannot be mended without dropping something; `notes` need not be."""

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A table as AWS describes it. `None` where the endpoint does not offer such a thing."""

    table: Mapping[str, Any]
    recovery: str | None
    ttl: Mapping[str, Any] | None
    tags: Mapping[str, str] | None

    def index(self, name: str) -> Mapping[str, Any] | None:
        indexes: list[Mapping[str, Any]] = self.table.get("GlobalSecondaryIndexes", [])
        return next((each for each in indexes if each["IndexName"] == name), None)

    @property
    def changing(self) -> str:
        """What is being made or changed at this moment, in words; empty if nothing is."""
        if self.table["TableStatus"] != "ACTIVE":
            return f"the table is {self.table['TableStatus'].lower()}"
        for index in self.table.get("GlobalSecondaryIndexes", []):
            if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
                return f"the index {index['IndexName']} is {index['IndexStatus'].lower()}"
        return ""


class Deployment:
    """`client` is boto3's for DynamoDB. `pause` waits so many seconds."""

    def __init__(
        self,
        client: Any,
        *,
        table: str,
        environment: str,
        keep_capacity_mode: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._environment = environment
        self._keep_capacity_mode = keep_capacity_mode
        self._pause = pause

    def plan(self) -> Plan:
        """What is left to do now. Changes nothing."""
        found = self.look()
        if found is None:
            return self._plan_of_new()
        return self._plan_of(found)

    def run(self, tell: Callable[[str], None]) -> Plan:
        """Does it, and answers the plan that is left: without steps. `CannotDeployError`."""
        tried: dict[str, int] = {}
        while True:
            self._wait(tell)
            plan = self.plan()
            if not plan.steps:
                return plan
            step = plan.steps[0]
            tried[step.what] = tried.get(step.what, 0) + 1
            if tried[step.what] > TRIES:
                raise CannotDeployError(
                    f"AWS was asked for it, and it is not there: {step.what} Look at the table in"
                    " the console, and run this again."
                )
            if tried[step.what] == 1:
                tell(step.what)
            else:
                self._pause(PAUSE)
            self._make(step)

    def look(self) -> Found | None:
        """The table as it is now, or `None` if there is none."""
        try:
            table = self._client.describe_table(TableName=self._table)["Table"]
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return Found(
            table=table,
            recovery=self._if_offered(self._recovery),
            ttl=self._if_offered(self._ttl),
            tags=self._if_offered(lambda: self._tags(table["TableArn"])),
        )

    def _recovery(self) -> str:
        answer = self._client.describe_continuous_backups(TableName=self._table)
        backups = answer["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        return str(recovery.get("PointInTimeRecoveryStatus", "DISABLED"))

    def _ttl(self) -> Mapping[str, Any]:
        answer = self._client.describe_time_to_live(TableName=self._table)
        described: Mapping[str, Any] = answer["TimeToLiveDescription"]
        return described

    def _tags(self, arn: str) -> Mapping[str, str]:
        tags: dict[str, str] = {}
        more: dict[str, str] = {}
        while True:
            answer = self._client.list_tags_of_resource(ResourceArn=arn, **more)
            tags |= {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
            if not answer.get("NextToken"):
                return tags
            more = {"NextToken": answer["NextToken"]}

    def _if_offered(self, ask: Callable[[], _T]) -> _T | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        try:
            return ask()
        except ClientError as error:
            # A local engine that stands for AWS.
            if _code(error) == "UnknownOperationException":
                return None
            raise

    def _wait(self, tell: Callable[[str], None]) -> None:
        told = ""
        while (found := self.look()) and found.changing:
            if found.table["TableStatus"] not in _PASSING:
                raise CannotDeployError(
                    f"AWS says that the table is {found.table['TableStatus']}. Look at it in the"
                    " console, mend that, and run this again."
                )
            if found.changing != told:
                told = found.changing
                tell(f"Waiting: {told}.")
            self._pause(PAUSE)

    def _make(self, step: Step) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        try:
            getattr(self._client, step.operation)(**step.parameters)
        except ClientError as error:
            # Somebody else changes the table, or it is not quite ready: look again.
            if _code(error) not in _NOT_YET:
                raise

    # ---- What is left to do

    def _plan_of_new(self) -> Plan:
        names = ", ".join(index.name for index in INDEXES)
        create = Step(
            f"Create the table {self._table} with {names}, on demand, encrypted at rest"
            + (", protected against deletion." if self._is_protected else "."),
            "create_table",
            definition.create_parameters(self._table, self._environment),
        )
        return Plan(steps=[create, self._switch_recovery_on(), self._switch_ttl_on()])

    def _plan_of(self, found: Found) -> Plan:
        plan = Plan()
        if found.table["KeySchema"] != definition.key_schema():
            plan.problems.append(
                f"The table {self._table} has another key than {KEY}. A key cannot be"
                " changed: choose another name with TENANT_TABLE_NAME."
            )
            return plan
        plan.steps.extend(self._of_capacity_mode(found))
        for index in INDEXES:
            self._of_index(index, found, plan)
        plan.steps.extend(self._of_the_table(found))
        self._of_recovery(found, plan)
        self._of_ttl(found, plan)
        self._of_tags(found, plan)
        return plan

    def _of_capacity_mode(self, found: Found) -> Iterator[Step]:
        summary = found.table.get("BillingModeSummary", {})
        if summary.get("BillingMode") != "PAY_PER_REQUEST" and not self._keep_capacity_mode:
            yield self._update("Switch to capacity on demand.", BillingMode="PAY_PER_REQUEST")

    def _of_index(self, index: Index, found: Found, plan: Plan) -> None:
        indexes = {
            each["IndexName"]: each for each in found.table.get("GlobalSecondaryIndexes", [])
        }
        there = indexes.get(index.name)
        if there is None:
            # What is defined already is repeated as it is: AWS wants every key of every index.
            defined = found.table["AttributeDefinitions"]
            names = {index.partition, index.sort} - {each["AttributeName"] for each in defined}
            create: dict[str, Any] = definition.index_parameters(index)
            throughput = found.table.get("ProvisionedThroughput", {})
            if self._keep_capacity_mode and throughput.get("WriteCapacityUnits"):
                create["ProvisionedThroughput"] = {
                    name: throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
                }
            plan.steps.append(
                self._update(
                    f"Add the index {index.name}.",
                    AttributeDefinitions=[*defined, *definition.attribute_definitions(names)],
                    GlobalSecondaryIndexUpdates=[{"Create": create}],
                )
            )
            return
        by_hand = (
            "An index cannot be changed, and this command removes nothing: remove it by hand while"
            " no portal is running, and run this again."
        )
        if there["KeySchema"] != definition.index_key_schema(index):
            plan.problems.append(f"The index {index.name} has other keys. {by_hand}")
            return
        missing, more = _carried(there["Projection"], index)
        if missing:
            plan.problems.append(
                f"The index {index.name} does not carry {', '.join(missing)}. {by_hand}"
            )
        if more:
            plan.notes.append(
                f"The index {index.name} carries more than the portal needs: {more}. It was left"
                " as it is."
            )

    def _of_the_table(self, found: Found) -> Iterator[Step]:
        encryption = found.table.get("SSEDescription", {})
        if encryption.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
            yield self._update(
                "Encrypt at rest with a key in KMS.",
                SSESpecification={"Enabled": True, "SSEType": "KMS"},
            )
        if self._is_protected and not found.table.get("DeletionProtectionEnabled"):
            yield self._update(
                "Protect the table against deletion.", DeletionProtectionEnabled=True
            )

    def _of_recovery(self, found: Found, plan: Plan) -> None:
        if found.recovery is None:
            plan.notes.append(_not_offered("point-in-time recovery"))
        elif found.recovery != "ENABLED":
            plan.steps.append(self._switch_recovery_on())

    def _of_ttl(self, found: Found, plan: Plan) -> None:
        if found.ttl is None:
            plan.notes.append(_not_offered("time to live"))
            return
        status, name = found.ttl.get("TimeToLiveStatus"), found.ttl.get("AttributeName")
        if status in ("ENABLED", "ENABLING"):
            if name != definition.TTL:
                plan.problems.append(
                    f"The table puts items away by the attribute {name}, not by {definition.TTL}."
                    " Switch that off by hand, and run this again an hour later."
                )
        elif status == "DISABLING":
            plan.problems.append("Time to live is being switched off. Run this again in an hour.")
        else:
            plan.steps.append(self._switch_ttl_on())

    def _of_tags(self, found: Found, plan: Plan) -> None:
        if found.tags is None:
            plan.notes.append(_not_offered("tags"))
            return
        wanted = definition.tags(self._environment)
        missing = {name: value for name, value in wanted.items() if found.tags.get(name) != value}
        if missing:
            listed = ", ".join(f"{name}={value}" for name, value in missing.items())
            plan.steps.append(
                Step(
                    f"Tag the table: {listed}.",
                    "tag_resource",
                    {
                        "ResourceArn": found.table["TableArn"],
                        "Tags": definition.as_list(missing),
                    },
                )
            )

    def _switch_recovery_on(self) -> Step:
        return Step(
            "Switch point-in-time recovery on.",
            "update_continuous_backups",
            {
                "TableName": self._table,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        )

    def _switch_ttl_on(self) -> Step:
        return Step(
            f"Put items away by the attribute {definition.TTL}.",
            "update_time_to_live",
            {
                "TableName": self._table,
                "TimeToLiveSpecification": {"Enabled": True, "AttributeName": definition.TTL},
            },
        )

    def _update(self, what: str, **parameters: Any) -> Step:
        return Step(what, "update_table", {"TableName": self._table, **parameters})

    @property
    def _is_protected(self) -> bool:
        return definition.is_protected(self._environment)


#: What a table is for a while, and then no more.
_PASSING = frozenset({"ACTIVE", "CREATING", "UPDATING", "DELETING"})
#: Codes of "not at this moment".
_NOT_YET = frozenset({
    "ContinuousBackupsUnavailableException", "LimitExceededException", "ResourceInUseException",
})  # fmt: skip


def _carried(there: Mapping[str, Any], index: Index) -> tuple[list[str], str]:
    """The attributes that the index lacks, and in words those that it has besides."""
    if there["ProjectionType"] == "ALL":
        more = f"all attributes, {SECRET} too" if index.carries is not None else ""
        return [], more
    carried = set(there.get("NonKeyAttributes", []))
    if index.carries is None:
        return ["all attributes"], ""
    return sorted(index.carries - carried), ", ".join(sorted(carried - index.carries))


def _not_offered(what: str) -> str:
    return f"This endpoint does not offer {what}, so it was left out. AWS does offer it."


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
