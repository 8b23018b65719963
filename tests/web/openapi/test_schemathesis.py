"""schemathesis reads the document, and sends what it allows and what it forbids: its examples, the
edges of each parameter and field, random requests, and calls that follow each other by their links.
All its checks are on, and find nothing."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal import records
from portal.auth.api_tokens import Scope, create_api_token
from portal.settings import Settings
from portal.stores.contract import Add
from portal.stores.factory import open_store
from portal.tenants import Status
from tests.serving import ROOT, serving
from tests.web.api.api_calls import stored_tenant

HERE = Path(__file__).parent
#: Random requests for each call, beside some hundred that are not random.
EXAMPLES = "8"
#: It takes about 25 seconds.
TIMEOUT = 300


def seeded(environ: dict[str, str]) -> str:
    """A token for everything, in a store that holds the tenant of the examples and another one."""
    store = open_store(Settings.from_environment(environ))
    tenants = [stored_tenant(), stored_tenant(id="1_2", status=Status.SUSPENDED)]
    store.write([Add(records.item_of(tenant)) for tenant in tenants])
    token = create_api_token(
        store,
        name="schemathesis",
        scopes=list(Scope),
        life=timedelta(days=2),
        now=datetime.now(UTC),
        per_hour=1_000_000,
    )
    store.close()
    return token


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    # Its requests come from one network, many of them with wrong tokens.
    with serving(tmp_path, settings={"PORTAL_SIGN_UPS_PER_HOUR": "0"}) as portal:
        token = seeded(portal.environ)
        result = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(HERE / "schemathesis.toml")),
                *("run", f"{portal.url}/api/openapi.json"),
                *("--header", f"Authorization: Bearer {token}"),
                *("--checks", "all", "--max-examples", EXAMPLES),
                *("--generation-deterministic", "--continue-on-failure", "--no-color"),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.web.openapi.schemathesis_formats",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅  {phase} (in" in result.stdout
