"""A program that imports tenants through the API, some every few seconds."""

import json
from collections.abc import Mapping
from typing import Any

from tests.attack.http_client import ask
from tests.attack.tally import LATER
from tests.soak.saw import Saw
from tests.web.import_bodies import body_of, tenant

#: Rows of one import.
ROWS = 20
_FIRST = 200_000


class Importer:
    """Imports new tenants, and now and then the same ones again."""

    def __init__(self, port: int, saw: Saw, token: str) -> None:
        self.port, self.saw = port, saw
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._next = _FIRST
        self._again: list[Mapping[str, Any]] = []

    def step(self) -> None:
        """One import. Rows of one that was not answered are sent once more by the next."""
        rows = self._again or [tenant(self._next + number) for number in range(ROWS)]
        if not self._again:
            self._next += ROWS
        answer = ask(
            self.port, "POST", "/api/imports?policy=skip", body=body_of(*rows),
            headers=self.headers, timeout=60,
        )  # fmt: skip
        try:
            report = json.loads(answer.text) if answer.status == 200 else {}
        except ValueError:
            report = {}
        done = [
            row["tenant"]
            for row in report.get("rows", ())
            if row.get("written") or row["kind"] == "same"
        ]
        whole = answer.status == 200 and len(done) == len(rows)
        honest = answer.status in {0, *LATER}
        self.saw.saw(
            answer, "an import", false="" if whole or honest else f"{answer.status} {answer.text}"
        )
        for each in done:
            self.saw.imported[each] = "Meyer GmbH"
        self._again = [] if whole else rows
