"""The examples in docs/api.md, run as they stand there against a portal of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.tenants import Validity
from portal.timestamps import utc_now
from tests.documents import blocks, document, section
from tests.examples import CONTACT, IDS, PlainSealer, activate, sign_up
from tests.serving import Portal, free_port, serving

API = document("docs/api.md")
ASKING = "May this tenant use the application?"
VALID, EXPIRED, PENDING, UNKNOWN = "104348", "104349", "104350", "104351"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with serving(tmp_path_factory.mktemp("portal")) as portal:
        store = open_store(Settings.from_environment(portal.environ))
        add_tenants(store)
        store.close()
        yield portal


def add_tenants(store: Store) -> None:
    now = utc_now()
    for number, (company, last) in enumerate(((VALID, 300), (EXPIRED, -1))):
        pending = sign_up(store, number, contact=replace(CONTACT, email=f"kim@{company}.example"))
        window = Validity(valid_from=now - timedelta(days=300), valid_to=now + timedelta(days=last))
        ids = replace(IDS, company_id=company)
        activate(store, PlainSealer(), pending, ids=ids, validity=window)
    sign_up(store, 2, claims=replace(IDS, company_id=PENDING))


@pytest.fixture
def example(portal: Portal) -> Callable[..., str]:
    """`example("js", "Extend a licence")`: the code below that heading, with the address of this
    portal."""

    def find(language: str, heading: str = ASKING) -> str:
        (text,) = blocks(language, section(f"### {heading}", section("## Examples", API)))
        assert "https://portal.example.com" in text
        return text.replace("https://portal.example.com", portal.url)

    return find


def run(*command: str | Path, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        input=given,
        env={"PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


# ---- Whether a tenant may use the application


def test_the_shell_asks(example: Callable[..., str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    done = run("sh", "-eu", given=example("sh"))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["isValid"] is True


def test_the_shell_fails_where_the_portal_does(example: Callable[..., str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    done = run("sh", "-eu", given=example("sh").replace("companyId=104348", "companyId="))
    assert done.returncode == 22
    assert json.loads(done.stdout)["error"]


#: A company -> what the example returns, and the sentence that it shows.
SAID = {
    VALID: (True, ""),
    EXPIRED: (False, "The licence of this tenant has ended."),
    PENDING: (False, "This tenant is waiting for approval."),
    UNKNOWN: (False, "This tenant is not known. Please ask for access."),
}


@pytest.mark.parametrize("company", SAID)
def test_javascript_asks(example: Callable[..., str], tmp_path: Path, company: str) -> None:
    done = javascript(tmp_path, example("js"), f'await mayUse("86810", "{company}")')
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout), done.stderr.strip()) == SAID[company]


@pytest.mark.parametrize("company", SAID)
def test_python_asks(example: Callable[..., str], company: str) -> None:
    done = python(example("python"), f'may_use("86810", "{company}")')
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout), done.stderr.strip()) == SAID[company]


def test_neither_takes_an_error_for_a_no(example: Callable[..., str], tmp_path: Path) -> None:
    done = javascript(tmp_path, example("js"), 'await mayUse("86810", "")')
    assert done.returncode != 0
    assert "Missing required parameters: accountId, companyId" in done.stderr
    done = python(example("python"), 'may_use("86810", "")')
    assert done.returncode != 0
    assert "HTTP Error 400" in done.stderr


def test_neither_takes_silence_for_a_no(
    example: Callable[..., str], portal: Portal, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    ask = 'await mayUse("86810", "104348")'
    assert javascript(tmp_path, example("js").replace(portal.url, nobody), ask).returncode != 0
    done = python(example("python").replace(portal.url, nobody), 'may_use("86810", "104348")')
    assert done.returncode != 0
    assert "URLError" in done.stderr


def javascript(folder: Path, module: str, expression: str) -> "subprocess.CompletedProcess[str]":
    """Prints the value of an expression, as JSON, at the end of a module."""
    path = folder / "example.mjs"
    path.write_text(f"{module}\nconsole.log(JSON.stringify({expression}));\n")
    return run("node", "--no-warnings", path)


def python(source: str, expression: str) -> "subprocess.CompletedProcess[str]":
    return run(sys.executable, "-", given=f"{source}\nprint(json.dumps({expression}))\n")


# ---- Calls that change something, or need a token


@pytest.fixture(scope="module")
def token(portal: Portal) -> str:
    scopes = ("--scope", "tenants:read", "--scope", "tenants:write")
    return portal.command("token", "create", "examples", *scopes).splitlines()[-1]


def test_the_shell_asks_for_access_once(
    example: Callable[..., str], page_for: Callable[..., object]
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    script = example("sh", "Ask for access")
    done = run("sh", "-eu", given=script)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["success"], answer["tenant"]["isActive"]) == (True, False)
    assert "the secret of this client" not in done.stdout
    assert page_for("accountId=86810&companyId=104352") == {
        "page": "waiting",
        "text": "This tenant is waiting for approval.",
    }
    again = run("sh", "-eu", given=script)
    assert again.returncode == 22
    assert json.loads(again.stdout)["error"] == "conflict"


def test_python_lists_all_active_tenants(example: Callable[..., str], token: str) -> None:
    # Before any is changed: one that changes in between moves to the beginning.
    source = example("python", "List all active tenants")
    # Two pages, however many tenants there are.
    assert '"limit": 100' in source
    source = source.replace('"limit": 100', '"limit": 1')
    done = python(source, f"[each['tenantId'] for each in active_tenants('{token}')]")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {f"86810_{VALID}", f"86810_{EXPIRED}"}


def test_javascript_extends_a_licence(
    example: Callable[..., str], token: str, page_for: Callable[..., object], tmp_path: Path
) -> None:
    module = example("js", "Extend a licence")
    end = "2199-06-30T21:59:59.999Z"
    done = javascript(tmp_path, module, f'await extend("86810_{VALID}", "{end}", "{token}")')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["validTo"] == end
    page = page_for(f"accountId=86810&companyId={VALID}")
    assert isinstance(page, dict)
    assert page["tenant"]["validTo"] == end


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f'"86810_{UNKNOWN}", "2199-06-30T21:59:59.999Z"', "No tenant has this id."),
        (f'"86810_{VALID}", "next summer"', "validTo"),
    ],
)
def test_javascript_says_why_a_licence_was_not_extended(
    example: Callable[..., str], token: str, tmp_path: Path, given: str, said: str
) -> None:
    module = example("js", "Extend a licence")
    done = javascript(tmp_path, module, f'await extend({given}, "{token}")')
    assert done.returncode != 0
    assert said in done.stderr


# ---- Ten lines for the owner of the old application


@pytest.fixture
def page_for(portal: Portal, tmp_path: Path) -> Callable[[str], object]:
    """`page_for(query)`: what the ten lines make of the answer to this question."""
    (module,) = blocks("js", section("## Ten lines for its owner", API))

    def run_it(query: str, url: str = portal.url) -> object:
        ask = (
            f"await fetch('{url}/api/validate?{query}')"
            ".then((response) => response.json(), () => null)"
        )
        done = javascript(tmp_path, module, f"pageFor({ask})")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_it


def test_the_ten_lines_are_ten() -> None:
    (module,) = blocks("js", section("## Ten lines for its owner", API))
    assert len(module.splitlines()) == 10


def test_the_ten_lines_tell_each_answer_apart(page_for: Callable[..., object]) -> None:
    def page(company: str) -> object:
        return page_for(f"accountId=86810&companyId={company}")

    valid, expired = page(VALID), page(EXPIRED)
    assert isinstance(valid, dict)
    assert isinstance(expired, dict)
    assert (valid["page"], valid["tenant"]["cluster"]) == ("application", "eu")
    assert (expired["page"], expired["tenant"]["companyId"]) == ("expired", EXPIRED)
    assert page(UNKNOWN) == {"page": "set-up form"}
    waiting = "This tenant is waiting for approval."
    assert page(PENDING) == {"page": "waiting", "text": waiting}


def test_the_ten_lines_never_take_an_error_for_an_unknown_tenant(
    page_for: Callable[..., object],
) -> None:
    missing = "Missing required parameters: accountId, companyId"
    assert page_for("accountId=86810") == {"page": "message", "text": missing}
    assert page_for("", url=f"http://127.0.0.1:{free_port()}") == {
        "page": "message",
        "text": "The portal cannot be reached. Try again later.",
    }
