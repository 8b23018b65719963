"""What Lambda calls for each request."""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from portal import logs
from portal.lambda_http import requests
from portal.lambda_http.answers import (
    Answer,
    AnswerTooLargeError,
    is_too_large,
    most_bytes,
    refusal,
)
from portal.lambda_http.events import (
    Event,
    Kind,
    kind_of,
    stage_in_path,
    stage_left_out,
)
from portal.settings import Settings, SettingsError
from portal.stores import (
    REQUEST_SECONDS,
    Store,
    StoreError,
    UnavailableError,
    clear_deadline,
    find_item,
    set_deadline,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

#: How long an answer waits for whoever reads the log, before the process is frozen.
_LOG_SECONDS = 1.0
#: How long an answer waits for the collector of traces.
_TRACE_SECONDS = 1.0
#: Notes of use are written before an answer if the call lasts so much longer.
_SECONDS_FOR_NOTES = 4.0
#: Lambda lends ten seconds for all of the start.
_SECONDS_TO_CONNECT = 3.0


class Context(Protocol):
    """What Lambda says about a call, as far as it is used."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this call."""


class StartError(Exception):
    """The function cannot start. Lambda shows the sentence; it holds no secret."""


class Function:
    """Answers events.

    Between two calls the process is frozen, and it may never wake up. So what is to be written
    is written before the answer: notes of use, traces, and the log.

    Args:
        handler: Makes an answer of an event, as apig-wsgi does.
        write_notes: Writes, within some seconds, what waits to be written.
        flush_traces: Sends, within as many seconds as it is given, the traces that are left.
        base_path: The path of the base URL, or an empty text.
    """

    def __init__(
        self,
        handler: Callable[[dict[str, Any], Any], Answer],
        write_notes: Callable[[], None],
        flush_traces: Callable[[float], None],
        *,
        base_path: str,
    ) -> None:
        self._handler = handler
        self._write_waiting = write_notes
        self._flush_traces = flush_traces
        self._base_path = base_path
        self._background = logs.write_in_background()
        self._said: set[str] = set()

    def __call__(self, event: Any, context: Context) -> Answer:
        """Answer a request.

        Raises:
            NotHttpError: The event is none.
        """
        # What Lambda's own runtime or an extension has set up since.
        logs.configure()
        token = logs.lambda_request_id.set(context.aws_request_id)
        try:
            kind = kind_of(event)
            answer = self._answer(event, context, kind)
            self._write_notes(context)
            self._send_traces(context)
        finally:
            self._background.wait_until_written(_LOG_SECONDS)
            logs.lambda_request_id.reset(token)
        return answer

    def _answer(self, event: dict[str, Any], context: Context, kind: Kind) -> Answer:
        try:
            path = str(event["rawPath"] if kind is Kind.HTTP_API else event["path"])
            refuse = _Refuse(event, kind, for_program=path.startswith("/api/"))
            stage = stage_in_path(event, kind)
            if stage and not self._base_path.startswith(stage):
                self._say_once(
                    f"All addresses begin with the stage {stage}, so none of them is found. Use the"
                    " stage $default of an HTTP API, or set PORTAL_BASE_URL to an address with it."
                )
                return refuse(
                    404, "named_stage", "The portal cannot be reached under a named stage of API"
                    " Gateway. Its operator has to use the stage $default.",
                )  # fmt: skip
            self._say_what_is_missing(event, kind)
            try:
                answer = self._handler(event, context)
            except AnswerTooLargeError:
                return self._too_large(refuse, kind)
            return self._too_large(refuse, kind) if is_too_large(answer, kind) else answer
        except Exception:
            # Lambda's runtime would write the text of the exception into the log.
            logger.exception("A request could not be answered.")
            return _Refuse(event, kind, for_program=False)(
                500, "error", "Something went wrong. Try again in a moment."
            )

    def _too_large(self, refuse: "_Refuse", kind: Kind) -> Answer:
        megabytes = most_bytes(kind) // 1_000_000
        logger.warning("An answer was larger than the %d MB that AWS passes on.", megabytes)
        return refuse(
            413, "answer_too_large",
            f"The answer is larger than the {megabytes} MB that AWS passes on, so it cannot be"
            " shown. If something was to be changed, that is done. Ask for less at once.",
        )  # fmt: skip

    def _say_what_is_missing(self, event: Event, kind: Kind) -> None:
        stage = stage_left_out(event, kind)
        if stage and not self._base_path.startswith(stage):
            self._say_once(
                f"People see {stage} before each path, but no link of a page has it, so links lead"
                " nowhere. Use a domain of your own without a base path."
            )
        if kind is Kind.LOAD_BALANCER and "multiValueHeaders" not in event:
            self._say_once(
                "The load balancer sends one value of each header, and cookies get lost. Set"
                " lambda.multi_value_headers.enabled of the target group to true."
            )

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said and len(self._said) < 100:
            self._said.add(sentence)
            logger.error("%s", sentence)

    def _write_notes(self, context: Context) -> None:
        if context.get_remaining_time_in_millis() / 1000 < _SECONDS_FOR_NOTES:
            return
        try:
            self._write_waiting()
        except Exception:
            # Without the text of the exception, as above. Nobody waits for a note.
            logger.exception("What was noted could not be written.")

    def _send_traces(self, context: Context) -> None:
        left = context.get_remaining_time_in_millis() / 1000 - requests.RESERVE_SECONDS
        if left > 0:
            self._flush_traces(min(left, _TRACE_SECONDS))


class _Refuse:
    """Makes answers without the application, in the form of what has asked."""

    def __init__(self, event: Event, kind: Kind, *, for_program: bool) -> None:
        self._kind, self._for_program = kind, for_program
        self._is_single = "multiValueHeaders" not in event

    def __call__(self, status: int, error: str, sentence: str) -> Answer:
        return refusal(
            status,
            error,
            sentence,
            kind=self._kind,
            for_program=self._for_program,
            is_single=self._is_single,
        )


def open_function() -> Function:
    """The function, with the settings of the environment.

    Raises:
        StartError: A setting cannot be used, or something is missing.
    """
    logs.configure()
    logs.write_in_background()
    try:
        return _open()
    except SettingsError as error:
        raise StartError(str(error)) from None
    except ImportError as error:
        raise StartError(
            f"The package {error.name} is missing. Install the portal with its extra `lambda`."
        ) from None
    except Exception as error:
        logger.exception("The portal could not start.")
        # Without its text, which may hold a secret: Lambda writes what it gets into the log.
        raise StartError(
            f"The portal could not start ({type(error).__name__}). The line before says where."
        ) from None


def _open() -> Function:
    from portal import create_app  # noqa: PLC0415 - Flask

    settings = Settings.from_environment(os.environ)
    app = create_app(settings)
    services = app.extensions["portal"]
    _connect(services.store)
    return function_of(
        app,
        services.usage.write_waiting,
        services.tracing.flush,
        base_path=urlsplit(settings.base_url).path,
    )


def _connect(store: Store) -> None:
    """Load the SDK and open a connection before the first request, while Lambda lends a whole
    processor. It costs half a read unit."""
    set_deadline(seconds=_SECONDS_TO_CONNECT)
    try:
        find_item(store, "start")
    except StoreError as error:
        why = error.reason if isinstance(error, UnavailableError) else type(error).__name__
        logger.warning("The store could not be asked at the start: %s", why)
    finally:
        clear_deadline()


def function_of(
    app: "WSGIApplication",
    write_notes: Callable[[], None],
    flush_traces: Callable[[float], None],
    *,
    base_path: str = "",
) -> Function:
    """The function of an application.

    Args:
        write_notes, flush_traces: As in `Function`.
        base_path: The path of the base URL, or an empty text.
    """
    from apig_wsgi import make_lambda_handler  # noqa: PLC0415 - an extra of the package

    inner = _with_corrections(requests.bounded(app, most_bytes))
    handler = make_lambda_handler(inner, binary_support=True)
    return Function(handler, write_notes, flush_traces, base_path=base_path)


def _with_corrections(app: "WSGIApplication") -> "WSGIApplication":
    def application(environ: Any, start_response: Any) -> Any:
        event, context = environ["apig_wsgi.full_event"], environ["apig_wsgi.context"]
        kind = environ["portal.event_kind"] = kind_of(event)
        requests.correct(
            environ,
            event,
            kind,
            seconds_left=context.get_remaining_time_in_millis() / 1000,
            answer_seconds=REQUEST_SECONDS,
        )
        return app(environ, start_response)

    return application
