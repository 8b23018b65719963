"""`appconfig.json`, by which an administrator adds the page to the shell."""

from flask.testing import FlaskClient

SHELL = {"Origin": "https://eu.fsm.cloud.sap"}


def test_it_describes_the_extension(client: FlaskClient) -> None:
    answer = client.get("/shell/appconfig.json")
    assert answer.json == {
        "name": "appointment-manager-access",
        "provider": "Appointment Manager",
        "description": "Ask for access to the Appointment Manager, and see whether your company"
        " has it.",
        "version": "1.0.0",
        "icon": "http://127.0.0.1:8000/static/favicon.svg",
        "useShellSDK": True,
        "outletPositions": [],
        "shellNavigation": {
            "title": "Access to the Appointment Manager",
            "url": "http://127.0.0.1:8000/shell",
        },
        "extensionPolicies": [
            "allow-scripts", "allow-same-origin", "allow-forms", "allow-popups",
            "allow-popups-to-escape-sandbox",
        ],
        "parameters": [],
        "translations": {
            "de": {
                "name": "Zugang zum Appointment Manager",
                "description": "Zugang zum Appointment Manager anfordern und sehen, ob Ihre Firma"
                " ihn hat.",
            },
            "en": {
                "name": "Access to the Appointment Manager",
                "description": "Ask for access to the Appointment Manager, and see whether your"
                " company has it.",
            },
        },
    }  # fmt: skip


def test_only_pages_of_the_shell_may_read_it(client: FlaskClient) -> None:
    allowed = client.get("/shell/appconfig.json", headers=SHELL)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://eu.fsm.cloud.sap"
    for origin in ("https://evil.example", "https://eu.fsm.cloud.sap.evil.example", "null"):
        refused = client.get("/shell/appconfig.json", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in refused.headers
        assert "Origin" in refused.headers["Vary"]
