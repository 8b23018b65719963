"""What a try of credentials has shown, as the page of a tenant says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.queries import NotedUse
from portal.records import CredentialProof, Proved, TriedCredentials
from portal.web.http import settings
from portal.web.i18n import N_, _, dates


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofLine:
    """One question, and the answer: its word, the tone of the word, and a sign."""

    label: str
    word: str
    tone: str
    sign: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedView:
    """headline: what it comes to. about: what was tried. who: who tried, and when."""

    headline: str
    tone: str
    lines: Sequence[ProofLine] = ()
    about: str = ""
    who: str = ""


#: Word, tone and sign: none stands alone.
_WORDS: Mapping[Proved, tuple[str, str, str]] = {
    Proved.YES: (N_("Yes"), "positive", "✓"),
    Proved.NO: (N_("No"), "negative", "✗"),
    Proved.UNKNOWN: (N_("Not known"), "warning", "?"),
}
#: What to do about a problem. The words of later versions are unknown here.
_PROBLEMS: Mapping[str, str] = {
    "busy": N_("Too many credentials are being tried just now. Try again in a few seconds."),
    "unreachable": N_("The cluster cannot be reached. Try again later, or check the cluster."),
    "private": N_("The address of the cluster is in an inner network, so nothing was sent."),
    "certificate": N_("The certificate is not that of the cluster, so nothing was sent."),
    "slow": N_("The cluster did not answer in time. Try again later."),
    "too-large": N_("The cluster's answer is far too large. Nobody reads it."),
    "no-http": N_("The cluster gave an answer that the portal does not understand."),
    "redirect": N_("The cluster sends to another address. The portal does not go there."),
    "later": N_("The cluster is asked too often. Try again later."),
    "down": N_("The cluster has a problem of its own. Try again later."),
    "answer": N_("The cluster gave an answer that the portal does not understand."),
}


def latest_try(use: NotedUse) -> TriedView | None:
    """The newest try of the tenant, or of the sign-up that it was; `None` if there was none."""
    noted = [each.tried for each in (use.application, use.visits) if each and each.tried]
    return tried_view(max(noted, key=lambda each: each.at)) if noted else None


def tried_view(tried: TriedCredentials) -> TriedView:
    headline, tone = _headline(tried.proof)
    proof = tried.proof
    return TriedView(
        headline=headline,
        tone=tone,
        lines=[
            _line(_("The secret is right"), proof.secret),
            _line(_("The client is of this account"), proof.account),
            _line(_("The client is of this company"), proof.company),
            _line(_("The account is on this cluster"), proof.cluster),
        ],
        about=_about(tried),
        who=_(
            "Tried by %(who)s, %(time)s",
            who=tried.by,
            time=dates.moment(tried.at, settings().time_zone),
        ),
    )


def _about(tried: TriedCredentials) -> str:
    ids = " / ".join(each or "–" for each in (tried.account_id, tried.company_id))
    return _(
        "Client id %(client)s, account and company %(ids)s, cluster %(cluster)s",
        client=tried.client_id,
        ids=ids,
        cluster=tried.cluster,
    )


def _headline(proof: CredentialProof) -> tuple[str, str]:
    if proof.secret is Proved.NO:
        return _("The cluster refuses these credentials. Check the client id and the secret."), (
            "negative"
        )
    if proof.secret is Proved.UNKNOWN:
        problem = _PROBLEMS.get(proof.problem) or _PROBLEMS["answer"]
        return " ".join([_("Nothing is proved."), _(problem)]), "warning"
    ids = (proof.account, proof.company, proof.cluster)
    if Proved.NO in ids:
        return _("The secret works, but not all of the rest fits. Check the ids."), "negative"
    if ids[:2] == (Proved.UNKNOWN, Proved.UNKNOWN):
        return _("The secret works. The ids are not proved."), "information"
    if Proved.UNKNOWN in ids:
        return _("The secret works. Not everything else is proved."), "information"
    return _("The secret works, and everything fits."), "positive"


def _line(label: str, proved: Proved) -> ProofLine:
    word, tone, sign = _WORDS[proved]
    return ProofLine(label=label, word=_(word), tone=tone, sign=sign)
