"""Asking for access in a frame of the Field Service Management shell.

The page learns from the shell who asks: static/shell.js does that. There is no cookie here. The
form has a signed token, and only a page of ours may send it. Nor is there a secret in an address,
since the shell is told the address of the page with every message: so the answer to the form shows
the link to the status page itself, and leads nowhere.
"""

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import Forbidden

from portal.contact_fields import FORM_ORDER
from portal.onboarding import ProofNeededError, SignUpLimitError, SpentProofError
from portal.proof_of_work import InvalidProofError
from portal.tenants import Ids, ShellProof
from portal.web.customer import (
    claim_facts,
    corrected,
    limit_problem,
    new_form_token,
    opened_link,
    opens,
    page_with_form,
    proof_of_form,
    status_view,
    submit_form,
    widget,
)
from portal.web.forms import CLAIM_FIELDS, ContactForm, claimed_ids, note_beside
from portal.web.http import (
    ExpiredLinkError,
    FormToken,
    InvalidLinkError,
    cluster_labels,
    note_saved,
    now,
    services,
    settings,
    shell_origins,
    status_hash,
)
from portal.web.i18n import LANGUAGES, _, set_language
from portal.web.shell.qr_code import qr_svg

bp = Blueprint("shell", __name__)

_THEMES = ("dark", "light")


@bp.before_request
def _speak_as_the_shell() -> None:
    """In the language of the shell, which the page sends along: no cookie knows it."""
    language = request.values.get("language")
    if language in LANGUAGES:
        set_language(language)


@bp.get("/shell")
def page() -> Response:
    return _form_page(ContactForm(), None, new_form_token())


@bp.post("/shell/sign-up")
def sign_up() -> Response:
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin"):
        raise Forbidden("cross-site")
    form = ContactForm()
    claims = claimed_ids(request.form)
    token_text = request.form.get("form_token", "")
    if site is None:
        # Elsewhere a browser that does not say so still has the cookie to show.
        problem = _("This browser is too old for this form. Ask on a page of its own.")
        return _form_page(form, claims, token_text, status=403, problem=problem)
    try:
        token = services().links.read_form_token(token_text, now())
    except InvalidLinkError as error:
        token_text = new_form_token(carry_on=isinstance(error, ExpiredLinkError))
        problem = _("Please send the form again.")
        return _form_page(form, claims, token_text, status=422, problem=problem)
    if not form.validate():
        return _form_page(form, claims, token_text, status=422)
    try:
        proof = proof_of_form()
        tenant = submit_form(
            form.to_contact(), claims, token, proof, shell_proof=_shell_proof(claims)
        )
    except (InvalidProofError, ProofNeededError, SpentProofError):
        problem = _("Please confirm that you are not a robot, then send the form.")
        return _form_page(form, claims, token_text, status=422, problem=problem, proof=True)
    except SignUpLimitError as error:
        problem, seconds = limit_problem(error)
        response = _form_page(form, claims, token_text, status=429, problem=problem)
        response.headers["Retry-After"] = str(seconds)
        return response
    if tenant.contact == form.to_contact():
        note_saved()
    if tenant.status_link != status_hash(token.status_secret) and not opens(token.status_token):
        problem = _(
            "You have sent this form before, and ended the link to that request. Send it once more"
            " to make a new request."
        )
        new_token = new_form_token(carry_on=True)
        return _form_page(form, claims, new_token, status=409, problem=problem)
    # If it was sent before, somebody went back and corrected a detail.
    corrected(tenant, form.to_contact(), token.status_token)
    return _sent_page(token)


def _shell_proof(claims: Ids | None) -> ShellProof | None:
    """What the token proves that the shell gave to the page. It is in this one request, and no
    answer repeats it."""
    proofs = services().shell_proofs
    return proofs.proof_of(request.form.get("shell_token", ""), claims, now()) if proofs else None


def _form_page(
    form: ContactForm,
    claims: Ids | None,
    token: str,
    *,
    status: int = 200,
    problem: str = "",
    proof: bool = False,
) -> Response:
    limits = services().limits.sign_ups
    is_answer = request.method == "POST"
    page = render_template(
        "shell/page.html",
        fields=form.views(
            **{each.name: note_beside(each, form[each.name].data or "") for each in FORM_ORDER}
        ),
        errors=[*([("", problem)] if problem else []), *form.problems()],
        is_answer=is_answer,
        is_refused=status == 403,
        facts=claim_facts(claims),
        ids=[(name, getattr(claims, name) if claims else "") for name in CLAIM_FIELDS],
        token=token,
        theme=_theme(),
        asks_for_token=settings().fsm_proof,
        labels=cluster_labels(settings()),
        origins=" ".join(shell_origins(settings())),
        sign_up_url=f"{settings().origin}{url_for('customer.sign_up')}",
        widget=widget() if proof or (limits and limits.asks_for_proof(now())) else None,
    )
    return page_with_form(page, status)


def _sent_page(token: FormToken) -> Response:
    address = f"{settings().origin}{url_for('status.show', token=token.status_token)}"
    page = render_template(
        "shell/sent.html",
        view=status_view(opened_link(token.status_token)),
        theme=_theme(),
        address=address,
        qr_code=qr_svg(address),
    )
    return page_with_form(page)


def _theme() -> str:
    """The theme of the shell, if its page has sent it along; empty: that of the browser."""
    theme = request.form.get("theme", "")
    return theme if theme in _THEMES else ""
