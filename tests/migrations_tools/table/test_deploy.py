"""A deployment may be stopped, delayed and refused, and goes on as often as it is run."""

from collections.abc import Callable
from typing import Any

import pytest

from migrations_tools import table_definition
from migrations_tools.table.deploy import TRIES, DeployError
from tests.migrations_tools.tables import (
    TABLE,
    Recording,
    as_it_is,
    deployment,
    never,
    old_table,
    refusal,
    skip_words,
    wanted,
)


class Stopping:
    """A client whose program is killed at one of its changes: before it is done, or after."""

    def __init__(self, client: Any, at: int, *, late: bool) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.left = at
        self.late = late

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith(("describe_", "list_")):
            return getattr(self.client, operation)
        self.left -= 1

        def change(**parameters: Any) -> Any:
            if self.left == -1 and not self.late:
                raise KeyboardInterrupt
            answer = getattr(self.client, operation)(**parameters)
            if self.left == -1:
                raise KeyboardInterrupt
            return answer

        return change


@pytest.mark.parametrize("late", [False, True])
def test_stopped_at_any_change_and_run_again_it_is_all_there(aws: Any, late: bool) -> None:
    stops = 0
    while True:
        old_table(aws)
        try:
            deployment(Stopping(aws, stops, late=late)).run(skip_words)
        except KeyboardInterrupt:
            stops += 1
        else:
            break
        deployment(aws).run(skip_words)
        assert as_it_is(aws) == wanted("prod", CostCentre="42")
        aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        aws.delete_table(TableName=TABLE)
    # Three indexes, encryption, protection, recovery, TTL, tags.
    assert stops == 8


class Slow:
    """Describes the table as still changing, for so many looks."""

    def __init__(self, client: Any, statuses: list[tuple[str, str]]) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.statuses = statuses

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def describe_table(self, **parameters: Any) -> Any:
        answer = self.client.describe_table(**parameters)
        if self.statuses:
            table, index = self.statuses.pop(0)
            answer["Table"]["TableStatus"] = table
            answer["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = index
        return answer


def test_it_waits_while_the_table_or_an_index_is_changing(aws: Any) -> None:
    old_table(aws)
    looks = [("UPDATING", "ACTIVE")] * 2 + [("ACTIVE", "CREATING")] * 3
    told: list[str] = []
    pauses: list[float] = []
    deployment(Slow(aws, looks), pause=pauses.append).run(told.append)
    assert told[:3] == [
        "Waiting: the table is updating.",
        "Waiting: the index GSI1 is creating.",
        "Add the index GSI2.",
    ]
    assert len(pauses) == 5


def test_a_table_that_will_not_come_back_by_itself_is_not_waited_for(aws: Any) -> None:
    old_table(aws)
    looks = [("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ACTIVE")] * 2
    with pytest.raises(DeployError, match="is INACCESSIBLE_ENCRYPTION_CREDENTIALS"):
        deployment(Slow(aws, looks)).run(skip_words)


@pytest.mark.parametrize(
    "code",
    ["ResourceInUseException", "LimitExceededException", "ContinuousBackupsUnavailableException"],
)
def test_what_aws_does_not_take_at_this_moment_is_asked_for_again(aws: Any, code: str) -> None:
    old_table(aws)
    failures = iter([True, True, True])

    def not_yet(_number: int, operation: str) -> Exception | None:
        changes = operation.startswith(("update_", "tag_"))
        return refusal(code, operation) if changes and next(failures, False) else None

    told: list[str] = []
    deployment(Recording(aws, not_yet)).run(told.append)
    assert as_it_is(aws) == wanted("prod", CostCentre="42")
    assert len(told) == len(set(told))


def test_a_step_that_never_takes_effect_ends_in_words(aws: Any) -> None:
    old_table(aws)

    def refused(_number: int, operation: str) -> Exception | None:
        changes = operation == "update_continuous_backups"
        return refusal("ContinuousBackupsUnavailableException", operation) if changes else None

    recording = Recording(aws, refused)
    with pytest.raises(DeployError, match=r"not there: Switch point-in-time recovery on\."):
        deployment(recording).run(skip_words)
    assert recording.changes.count("update_continuous_backups") == TRIES


def test_no_operation_is_used_that_the_policy_does_not_name(aws: Any) -> None:
    recording = Recording(aws, never)
    deployment(recording).run(skip_words)
    aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    aws.delete_table(TableName=TABLE)
    old_table(aws)
    deployment(recording).run(skip_words)
    used = {operation.title().replace("_", "") for operation, _ in recording.calls}
    assert {f"dynamodb:{name}" for name in used} == set(table_definition.DEPLOY_ACTIONS)
