"""`portal answers`: compares two versions by a file, and two time zones."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Add, Remove, Replace, Store
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore
from portal.timestamps import format_timestamp, utc_now
from tests.answer_diff.answer_rows import row
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.strict_client import StrictClient

#: Commands have the real clock.
ENDS = format_timestamp(utc_now() + timedelta(days=400))
SOONER = format_timestamp(utc_now() + timedelta(days=100))


class Place:
    """A store, and the command on it."""

    def __init__(self, folder: Path, location: TableLocation | None) -> None:
        self.folder = folder
        self._location = location

    def open(self) -> Store:
        return DynamoDbStore(self._location) if self._location else JsonFileStore(self.folder)

    def write(self, *changes: Add | Replace | Remove) -> None:
        store = self.open()
        store.write(changes)
        store.close()

    def answers(self, *arguments: str, **environ: str) -> Result:
        if self._location:
            environ |= {
                "USE_DYNAMODB": "true",
                "TENANT_TABLE_NAME": self._location.table,
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL_DYNAMODB": str(self._location.endpoint),
                **CREDENTIALS,
            }
        return run(self.folder, "answers", *arguments, **environ)


@pytest.fixture(params=["json", "dynamodb"])
def place(request: pytest.FixtureRequest, folder: Path) -> Place:
    location = None
    if request.param == "dynamodb":
        engine: Engine = request.getfixturevalue("engine")
        location = engine.new_table()
    here = Place(folder, location)
    here.write(
        *(Add(row(number, validTo=ENDS)) for number in range(1, 6)),
        Add(row(6, tenantId="pending-abcdefghijklmnopqrstuvwxyz", status="pending")),
    )
    return here


def test_a_file_of_one_version_is_compared_by_another(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "before.jsonl"
    saved = place.answers("--save", str(file))
    assert saved.exit_code == 0, saved.output
    assert saved.stdout == "Answers about 5 tenants are saved.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "muster" not in file.read_text().lower()
    same = place.answers("--compare", str(file), "--most-losing", "0")
    assert (same.exit_code, same.stdout) == (0, "Answers to the application: 5 the same.\n")
    place.write(
        Replace(row(1, validTo=ENDS, status="suspended", version=2), 1),
        Replace(row(2, validTo=SOONER, version=2), 1),
        Remove("86810_3", 1),
        Add(row(7, validTo=ENDS)),
        Replace(row(4, validTo=ENDS, contactFullName="Kim", version=2), 1),
    )
    changed = place.answers("--compare", str(file), "--json", "--most-losing", "3")
    assert changed.exit_code == 0, changed.output
    diff = json.loads(changed.stdout)["answerDiff"]
    assert [diff[name] for name in ("same", "loseNow", "loseLater", "gainNow", "otherwise")] == [
        2, 2, 1, 1, 0,
    ]  # fmt: skip
    assert [each["tenant"] for each in diff["lose"]] == ["86810_1", "86810_3", "86810_2"]
    refused = place.answers("--compare", str(file), "--most-losing", "2")
    assert refused.exit_code == 1
    assert "86810_1 loses access now." in refused.stdout
    assert "3 tenants would lose access, and at most 2 may." in refused.stderr


def test_another_rule_of_the_version_before_is_seen(place: Place, tmp_path: Path) -> None:
    """The file holds answers and not rows: here the version before let one in that this one does
    not, and one of its answers has a name that this version does not know."""
    file = tmp_path / "before.jsonl"
    place.write(Replace(row(1, status="suspended", version=2), 1))
    place.answers("--save", str(file))
    text = file.read_text()
    file.write_text(text.replace('"suspended"', '"valid"'))
    result = place.answers("--compare", str(file))
    assert result.stdout.startswith("Answers to the application: 4 the same, 1 loses access now.")
    file.write_text(text.replace('"suspended"', '"paused"'))
    result = place.answers("--compare", str(file))
    assert "4 the same, 1 with the same access" in result.stdout


def test_a_time_zone_changes_no_answer_but_days(place: Place, tmp_path: Path) -> None:
    place.write(Add(row(8)), Add(row(9, validTo="2027-12-31T12:00:00.000Z")))
    same = place.answers("--time-zone", "UTC")
    assert ", 0 would be shown" in same.stdout
    result = place.answers("--time-zone", "Europe/Berlin", "--most-losing", "0")
    assert result.exit_code == 0, result.output
    assert "Answers to the application: 7 the same.\n" in result.stdout
    # All of them start at midnight in UTC.
    assert "Of 7 licences with dates, 7 would be shown with another first or last day" in (
        result.stdout
    )
    wrong = place.answers("--time-zone", "Mars/Olympus")
    assert wrong.exit_code == 2
    assert "Europe/Berlin" in wrong.stderr


def test_validate_itself_answers_alike_in_any_time_zone(tmp_path: Path) -> None:
    """What the command says is so: the same store, asked under both settings."""
    store = JsonFileStore(tmp_path / "data")
    items = [row(1), row(2, validTo=ENDS), row(3, validTo="2026-01-02T00:00:00.000Z"),
             row(4, validTo="2026-12-31"), row(5, validTo=None)]  # fmt: skip
    store.write([Add(item) for item in items])
    for seconds in (0, 86_400 * 365):
        now = utc_now() + timedelta(seconds=seconds)
        answers = []
        for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
            settings = Settings.from_environment(
                {
                    "PORTAL_DATA_DIR": str(tmp_path / "data"),
                    "PORTAL_SECRET_KEY": SECRET_KEY,
                    "PORTAL_TIME_ZONE": zone,
                }
            )
            app = create_app(settings, store=store, clock=lambda now=now: now)  # type: ignore[misc]
            app.test_client_class = StrictClient
            client = app.test_client()
            answers.append([
                client.get(f"/api/validate?accountId=86810&companyId={number}").get_json()
                for number in range(1, 6)
            ])  # fmt: skip
        assert answers[0] == answers[1] == answers[2]
    store.close()


@pytest.mark.parametrize("arguments", [(), ("--save", "a", "--compare", "b")])
def test_one_thing_is_asked_for(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, "answers", *arguments)
    assert result.exit_code == 2
    assert "Say one of --save, --compare and --time-zone." in result.stderr


def test_a_file_that_is_there_stays(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "before.jsonl"
    file.write_text("mine")
    result = run(folder, "answers", "--save", str(file))
    assert result.exit_code == 1
    assert "before.jsonl cannot be made (File exists)." in result.stderr
    assert file.read_text() == "mine"
    compared = run(folder, "answers", "--compare", str(file))
    assert compared.exit_code == 1
    assert "It is not a file of portal answers --save." in compared.stderr
    missing = run(folder, "answers", "--compare", str(tmp_path / "none"))
    assert "none cannot be read (No such file or directory)." in missing.stderr
