"""A deployment may be stopped, delayed and refused; run again, it does the rest."""

from collections.abc import Callable
from typing import Any

import pytest

from migrations_tools import table_definition
from migrations_tools.table.deploy import MAX_ATTEMPTS, DeployError
from tests.migrations_tools.aws_tables import (
    TABLE,
    RecordingClient,
    client_error,
    create_old_table,
    expected_state,
    ignore_report,
    never_fail,
    new_deployment,
    table_state,
)


class InterruptedClient:
    """A client that is interrupted at its change number `number`, counted from 0: before the
    change is made or, with `after_change`, after it."""

    def __init__(self, client: Any, number: int, *, after_change: bool) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.remaining = number
        self.after_change = after_change

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith(("describe_", "list_")):
            reading: Callable[..., Any] = getattr(self.client, operation)
            return reading
        self.remaining -= 1

        def change(**parameters: Any) -> Any:
            if self.remaining == -1 and not self.after_change:
                raise KeyboardInterrupt
            answer = getattr(self.client, operation)(**parameters)
            if self.remaining == -1:
                raise KeyboardInterrupt
            return answer

        return change


@pytest.mark.parametrize("after_change", [False, True])
def test_stopped_at_any_change_and_run_again_it_completes(aws: Any, after_change: bool) -> None:
    interrupts = 0
    while True:
        create_old_table(aws)
        try:
            new_deployment(InterruptedClient(aws, interrupts, after_change=after_change)).run(
                ignore_report
            )
        except KeyboardInterrupt:
            interrupts += 1
        else:
            break
        new_deployment(aws).run(ignore_report)
        assert table_state(aws) == expected_state("prod", CostCentre="42")
        aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        aws.delete_table(TableName=TABLE)
    # Three indexes, encryption, protection, recovery, TTL, tags.
    assert interrupts == 8


class SlowClient:
    """Describes the table with each of `statuses` in turn (table, index), then as it is."""

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
    create_old_table(aws)
    statuses = [("UPDATING", "ACTIVE")] * 2 + [("ACTIVE", "CREATING")] * 3
    sentences: list[str] = []
    pauses: list[float] = []
    new_deployment(SlowClient(aws, statuses), pause=pauses.append).run(sentences.append)
    assert sentences[:3] == [
        "Waiting: the table is updating.",
        "Waiting: the index GSI1 is creating.",
        "Add the index GSI2.",
    ]
    assert len(pauses) == 5


def test_it_does_not_wait_for_a_status_that_does_not_pass(aws: Any) -> None:
    create_old_table(aws)
    statuses = [("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ACTIVE")] * 2
    with pytest.raises(DeployError, match="is INACCESSIBLE_ENCRYPTION_CREDENTIALS"):
        new_deployment(SlowClient(aws, statuses)).run(ignore_report)


@pytest.mark.parametrize(
    "code",
    ["ResourceInUseException", "LimitExceededException", "ContinuousBackupsUnavailableException"],
)
def test_a_change_that_aws_refuses_for_the_moment_is_retried(aws: Any, code: str) -> None:
    create_old_table(aws)
    failures = iter([True, True, True])

    def not_yet(_number: int, operation: str) -> Exception | None:
        changes = operation.startswith(("update_", "tag_"))
        return client_error(code, operation) if changes and next(failures, False) else None

    sentences: list[str] = []
    new_deployment(RecordingClient(aws, not_yet)).run(sentences.append)
    assert table_state(aws) == expected_state("prod", CostCentre="42")
    assert len(sentences) == len(set(sentences))


def test_a_step_that_never_takes_effect_is_an_error(aws: Any) -> None:
    create_old_table(aws)

    def refused(_number: int, operation: str) -> Exception | None:
        changes = operation == "update_continuous_backups"
        return client_error("ContinuousBackupsUnavailableException", operation) if changes else None

    recording = RecordingClient(aws, refused)
    with pytest.raises(DeployError, match=r"attempts: Switch point-in-time recovery on\."):
        new_deployment(recording).run(ignore_report)
    assert recording.changes.count("update_continuous_backups") == MAX_ATTEMPTS


def test_a_deployment_uses_exactly_the_operations_of_its_policy(aws: Any) -> None:
    recording = RecordingClient(aws, never_fail)
    new_deployment(recording).run(ignore_report)
    aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    aws.delete_table(TableName=TABLE)
    create_old_table(aws)
    new_deployment(recording).run(ignore_report)
    used = {operation.title().replace("_", "") for operation, _ in recording.calls}
    assert {f"dynamodb:{name}" for name in used} == set(table_definition.DEPLOY_ACTIONS)
