"""The page that lists what was chosen and asks for what the verb needs, and the page with a result
for each row."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import Role
from portal.tenants import UNDOABLE, Tenant, Verb
from portal.web.http import RETRY_AFTER, access, csrf, htmx, url_for
from portal.web.i18n import _, labels, ngettext
from portal.web.staff.bulk.bar import bulk_bar
from portal.web.staff.bulk.bulk_verbs import BulkVerb, bulk_verb, effect_labels, effects
from portal.web.staff.bulk.deciding import (
    Batch,
    Result,
    decide_some,
    read_results,
    write_results,
)
from portal.web.staff.bulk.selection import (
    MOST,
    Candidate,
    Chosen,
    Selection,
    looked_up,
    read_chosen,
    selection_of_list,
    write_chosen,
)
from portal.web.staff.lists import back_parameter, list_url
from portal.web.staff.tenant import MailView, VerbForm, mail_view

bp = Blueprint("bulk", __name__, url_prefix="/staff/bulk")
bp.add_app_template_global(bulk_bar)
for _name in ("ask", "preview", "decide"):
    access.allow(f"bulk.{_name}", Role.APPROVER)
for _name in ("preview", "decide"):
    csrf.handle_expired(f"bulk.{_name}")


@bp.post("")
def ask() -> AnyResponse:
    """Lists what was ticked, with the form of the verb. Changes nothing."""
    verb = _verb()
    selection = selection_of_list(verb.entry)
    suited = selection.suited
    data = verb.entry.form.initial_data(suited[0][1]) if suited else {}
    return _ask(verb, selection, verb.entry.form(formdata=None, data=data))


@bp.post("/preview")
def preview() -> AnyResponse:
    """The same page with the mail that one of the customers would get. Changes nothing."""
    verb = _verb()
    form = verb.entry.form()
    selection = looked_up(verb.entry, read_chosen(request.form.get("rows", "")))
    suited = selection.suited
    if g.form_expired or not suited or verb.entry.previewed is None or not form.validate():
        return _asked_again(verb, selection, form)
    mail = mail_view(verb.entry, suited[0][1], form)
    if mail.text:
        headline = _(
            "The first customer gets this mail, and the others get one like it. Nothing is sent"
            " yet."
        )
        mail = replace(mail, headline=headline)
    return _ask(verb, selection, form, mail=mail)


@bp.post("/decide")
def decide() -> AnyResponse:
    """Decides on some of them, and says how it went or goes on.

    What was done before comes back with the form. Sending it twice changes nothing twice.
    """
    verb = _verb()
    form = verb.entry.form()
    chosen = read_chosen(request.form.get("rows", ""))
    if g.form_expired or not chosen or not form.validate():
        return _asked_again(verb, looked_up(verb.entry, chosen), form)
    batch = decide_some(verb.entry, form, chosen)
    return _outcome(verb, form, batch, read_results(request.form.get("results", "")))


def _verb() -> BulkVerb:
    """The verb of the button that was pressed.

    Raises:
        NotFound: The form was tampered with.
    """
    verb = bulk_verb(request.form.get("verb", ""))
    if verb is None:
        raise NotFound
    return verb


# ---- Before it is sent


def _asked_again(verb: BulkVerb, selection: Selection, form: VerbForm) -> Response:
    """The page with what was typed, because it cannot be sent like this."""
    if g.form_expired:
        notice = _("This page has expired. Your entries are still here: send them again.")
        return _ask(verb, selection, form, notice=notice, status=400)
    return _ask(verb, selection, form, status=422)


def _ask(
    verb: BulkVerb,
    selection: Selection,
    form: VerbForm,
    *,
    notice: str = "",
    mail: MailView | None = None,
    status: int = 200,
) -> Response:
    suited, others = selection.suited, selection.others
    if not selection.candidates:
        status = 422
    answer = htmx.render(
        "staff/bulk.html",
        "staff/_bulk_ask.html",
        code=status,
        part="_bulk_ask",
        heading=verb.title(len(suited)) if suited else _(verb.entry.legend),
        notice=notice,
        nothing_chosen=not selection.candidates,
        cut_at=MOST if selection.is_cut else 0,
        effect_labels=effect_labels(verb.verb),
        rows=[_row(verb, *each) for each in suited],
        others=[_other_row(each) for each in others],
        headline_of_others=ngettext("%(num)d is left out", "%(num)d are left out", len(others)),
        fields=form.views(verb.entry.route, **_notes(form, selection)) if suited else (),
        errors=form.problems(verb.entry.route),
        explanation=_explanation(verb, [tenant for _chosen, tenant in suited]),
        tone=verb.tone,
        mail=mail,
        preview_url=url_for("bulk.preview", back=back_parameter()) if verb.entry.previewed else "",
        action=url_for("bulk.decide", back=back_parameter()),
        hidden=[
            ("verb", verb.verb.value),
            ("rows", write_chosen([chosen for chosen, _tenant in suited])),
            ("results", request.form.get("results", "")),
        ],
        back_url=_back_url(),
    )
    return _in_section(answer)


def _notes(form: VerbForm, selection: Selection) -> dict[str, str]:
    """Name of a field -> what stands beside it, if that is the same for all of them."""
    if not selection.is_whole:
        return {}
    found: dict[str, set[str]] = {}
    for _chosen, tenant in selection.suited:
        for name, sentence in form.notes(tenant, form.typed()).items():
            found.setdefault(name, set()).add(sentence)
    mixed = _("The customers read different languages. Write so that all of them understand it.")
    return {name: min(said) if len(said) == 1 else mixed for name, said in found.items()}


def _explanation(verb: BulkVerb, tenants: Sequence[Tenant]) -> list[str]:
    """What the form of one decision says before its fields; each sentence once."""
    sentences = dict.fromkeys(verb.entry.explanation(tenant) for tenant in tenants)
    return [sentence for sentence in sentences if sentence]


def _row(verb: BulkVerb, chosen: Chosen, tenant: Tenant) -> dict[str, object]:
    return {
        "url": _url(chosen.id),
        "company": chosen.company,
        "contact": tenant.contact.name,
        "email": tenant.contact.email,
        "effects": effects(verb.verb, tenant),
    }


def _other_row(candidate: Candidate) -> dict[str, str]:
    tenant, chosen = candidate.tenant, candidate.chosen
    return {
        "url": _url(chosen.id),
        "company": chosen.company,
        "status": _(labels.STATUS[tenant.status]) if tenant else "",
        "why_not": candidate.why_not,
    }


# ---- After it was sent


def _outcome(verb: BulkVerb, form: VerbForm, batch: Batch, before: Sequence[Result]) -> Response:
    results = [*before, *batch.results]
    done = [each for each in results if each.is_done]
    refused = [each for each in results if not each.is_done]
    goes_on = bool(batch.left) and not batch.failed
    headline = [verb.done(len(done))] if done or not refused else []
    if refused:
        headline.append(
            ngettext(
                "%(num)d is not: see why below.", "%(num)d are not: see why below.", len(refused)
            )
        )
    if batch.failed:
        headline.append(
            ngettext(
                "%(num)d was not tried: the store does not answer.",
                "%(num)d were not tried: the store does not answer.",
                len(batch.left),
            )
        )
    may_undo = bool(done) and not batch.left and verb.verb in UNDOABLE
    undo = bulk_verb(Verb.UNDO.value) if may_undo else None
    answer = htmx.render(
        "staff/bulk.html",
        "staff/_bulk_outcome.html",
        code=503 if batch.failed else 200,
        part="_bulk_outcome",
        heading=verb.title(len(results) + len(batch.left)),
        goes_on=goes_on,
        failed=batch.failed,
        headline=headline,
        tone="negative" if batch.failed else "warning" if refused else "positive",
        handled=len(results),
        number=len(results) + len(batch.left),
        refused=[_result_row(each) for each in refused],
        done=[_result_row(each) for each in done],
        left=[{"url": _url(each.id), "company": each.company} for each in batch.left],
        action=url_for("bulk.decide", back=back_parameter()),
        again=[
            ("verb", verb.verb.value),
            ("rows", write_chosen(batch.left)),
            ("results", write_results(results)),
            *((field.short_name, field.data or "") for field in form),
        ],
        undo_label=undo.title(len(done)) if undo else "",
        undo=[
            ("verb", undo.verb.value),
            ("rows", write_chosen([Chosen(each.id, each.version, each.company) for each in done])),
        ]
        if undo
        else [],
        back_url=_back_url(),
    )
    if batch.failed:
        answer.headers["Retry-After"] = RETRY_AFTER
    return _in_section(answer)


def _result_row(result: Result) -> dict[str, str]:
    return {"url": _url(result.id), "company": result.company, "sentence": result.sentence}


def _in_section(answer: Response) -> Response:
    """Errors, too, go where the form was: htmx would show some of them in the alert box."""
    answer.headers.update({"HX-Retarget": "#bulk", "HX-Reswap": "outerHTML"})
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _url(tenant_id: str) -> str:
    return url_for("staff.tenant", tenant_id=tenant_id, back=back_parameter())


def _back_url() -> str:
    return list_url(default_tab="pending")
