"""`appconfig.json`: how an administrator adds the page to the shell by its address."""

from flask import Response, jsonify, request

from portal.web.http import settings, shell_origins
from portal.web.i18n import LANGUAGES, N_, translated
from portal.web.shell.page import bp

_NAME = N_("Access to the Appointment Manager")
_DESCRIPTION = N_("Ask for access to the Appointment Manager, and see whether your company has it.")
#: Of this description, and not of the portal: the shell reads it again when this changes.
_VERSION = "1.0.0"
#: What the frame must be allowed. Without its own origin the form is nobody's, and is refused. A
#: new tab that inherits the sandbox shows no page of ours, so tabs have to escape from it.
_SANDBOX = (
    "allow-scripts",
    "allow-same-origin",
    "allow-forms",
    "allow-popups",
    "allow-popups-to-escape-sandbox",
)


@bp.get("/shell/appconfig.json")
def app_config() -> Response:
    root = settings().origin + request.script_root
    response = jsonify(
        # Lower case, as a host name may be.
        name="appointment-manager-access",
        provider="Appointment Manager",
        description=_DESCRIPTION,
        version=_VERSION,
        icon=f"{root}/static/favicon.svg",
        useShellSDK=True,
        # A page of its own in the navigation, and part of no other screen.
        outletPositions=[],
        shellNavigation={"title": _NAME, "url": f"{root}/shell"},
        extensionPolicies=list(_SANDBOX),
        parameters=[],
        translations={
            language: {
                "name": translated(language, _NAME),
                "description": translated(language, _DESCRIPTION),
            }
            for language in LANGUAGES
        },
    )
    origin = request.headers.get("Origin", "")
    if origin in shell_origins(settings()):
        # The shell's own pages may read it; it holds no secret.
        response.headers["Access-Control-Allow-Origin"] = origin
    response.vary.add("Origin")
    return response
