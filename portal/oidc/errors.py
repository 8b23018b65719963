"""What can go wrong at a sign-in. People see the same page for all of it; the log says what it
was."""

from enum import StrEnum


class ProviderProblem(StrEnum):
    """Why a sign-in failed, as the log has it."""

    UNREACHABLE = "unreachable"
    #: Too many people wait for a provider that does not answer.
    BUSY = "busy"
    #: Its answer is none of the protocol, or too large.
    ANSWER = "answer"
    METADATA = "metadata"
    #: It answered with an error, such as a consent that was declined or a code that was used.
    REFUSED = "refused"
    #: The browser came back with a state that it did not get here, or got too long ago.
    STATE = "state"
    ISSUER = "issuer"
    NO_ID_TOKEN = "no_id_token"  # noqa: S105 - the name of a problem
    ID_TOKEN = "id_token"  # noqa: S105 - the name of a problem
    #: `userinfo` is about somebody else, or says too little.
    USERINFO = "userinfo"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    #: The provider does not vouch for the person any more.
    ENDED = "ended"


#: What a provider may answer by the protocol. Other texts may hold anything, and go nowhere.
_CODES = frozenset({
    "access_denied", "account_selection_required", "consent_required", "interaction_required",
    "invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "invalid_token",
    "login_required", "server_error", "temporarily_unavailable", "unauthorized_client",
    "unsupported_grant_type", "unsupported_response_type",
})  # fmt: skip


class ProviderError(Exception):
    """A sign-in failed. Its text is the problem and nothing else: what came from outside may hold
    a code, a token or an address.

    Attributes:
        detail: The type of the error behind it, or a code of the protocol, for the log.
    """

    def __init__(self, problem: ProviderProblem, detail: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail


def known_code(text: object) -> str:
    """The code of the protocol that a provider answered; `other` for any other text."""
    return text if isinstance(text, str) and text in _CODES else "other"
