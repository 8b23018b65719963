"""The proof of work that the form asks browsers for while more sign-ups come than usual."""

from flask import request

from portal.proof_of_work import Proof
from portal.web.http import services
from portal.web.i18n import _


def proof_of_form() -> Proof | None:
    """The proof of work that the widget added to the form; None if there is none.

    Raises:
        InvalidProofError: It is wrong, forged or too old.
    """
    answer = request.form.get("altcha", "")
    return services().challenges.check(answer) if answer else None


def widget() -> dict[str, object]:
    """What ALTCHA's widget is told. Its own files of words hold all languages at once."""
    words = {
        "label": _("I am not a robot"),
        "verifying": _("Checking that you are not a robot …"),
        "verified": _("Checked"),
        "waitAlert": _("Checking that you are not a robot. Please wait."),
        "verificationRequired": _("Please confirm that you are not a robot."),
        "error": _("The check failed. Send the form again."),
        "expired": _("The check took too long. Send the form again."),
        "loading": _("Checking that you are not a robot …"),
        "verify": _("Check"),
    }
    # By default it records how the pointer moves, and links to its maker.
    quiet = {"humanInteractionSignature": False, "hideFooter": True, "hideLogo": True}
    return {"words": words, "configuration": quiet}
