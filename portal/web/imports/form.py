"""The form that starts an import: what was sent with it, what is wrong, how it is shown."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from flask import request

from portal.imports import (
    AllowedChange,
    ImportOptions,
    Message,
    PlaceChoiceError,
    PlaceSummary,
    Policy,
    Readable,
    RefusedFileError,
    file_too_large,
    size_in_words,
)
from portal.web.forms import FieldView
from portal.web.http import UPLOAD, settings, strip_unprintable
from portal.web.i18n import _, labels, translate_message
from portal.web.imports.place_view import place_in_words

#: Begins the ids of the boxes for places.
_PLACE_ID = "place-"


@dataclass(frozen=True, kw_only=True, slots=True)
class FormError:
    """Why there is no plan: at which field, the sentence beside it, and more sentences.

    `places`: those among which somebody has to choose.
    """

    status: int
    field: str
    message: str
    more: Sequence[str] = ()
    places: Sequence[PlaceSummary] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceOption:
    """A place that can be ticked. `value`: its name."""

    id: str
    value: str
    hint: str
    checked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FormView:
    """The fields of the form, as the template shows them."""

    file: FieldView
    text: FieldView
    policy: FieldView
    allowed: Sequence[FieldView]
    places: Sequence[PlaceOption]
    places_error: str


# ---- What was sent


def sent_options() -> ImportOptions:
    """The options that were chosen.

    Raises:
        RefusedFileError: The form names a policy that does not exist.
    """
    form = request.form
    try:
        policy = Policy(form.get("policy", Policy.SKIP))
    except ValueError as error:
        raise RefusedFileError(Message("Choose one of the policies."), 422) from error
    allowed = frozenset(each for each in AllowedChange if form.get(f"allow_{each.value}"))
    return ImportOptions(policy=policy, allowed=allowed)


def sent_places() -> list[str]:
    """The names of the places that were ticked."""
    return [name for name in request.form.getlist("origin") if name]


def sent_file() -> Readable:
    """The file that was chosen, or the text that was pasted.

    Raises:
        RefusedFileError: There is neither, or there are both.
    """
    upload = request.files.get(UPLOAD)
    has_file = upload is not None and upload.filename
    pasted = request.form.get("text", "")
    if has_file and pasted:
        raise RefusedFileError(Message("Choose a file or paste its text, not both."), 422)
    if upload is not None and has_file:
        return cast(Readable, upload.stream)
    if not pasted:
        raise RefusedFileError(Message("Choose a file, or paste its text."), 422)
    return io.BytesIO(pasted.encode())


def sent_file_names() -> list[str]:
    """The name of the file that was chosen. It opens nothing: people recognise the import by it."""
    upload = request.files.get(UPLOAD)
    return [upload.filename] if upload is not None and upload.filename else []


# ---- What is wrong with it


def form_error(refused: RefusedFileError) -> FormError:
    """The error beside the field where it can be corrected."""
    form = request.form
    field = "file"
    if isinstance(refused, PlaceChoiceError):
        return _place_error(refused)
    if form.get("policy", Policy.SKIP) not in [each.value for each in Policy]:
        field = "policy"
    elif form.get("text") and not _has_file():
        field = "text"
    return _form_error(refused, field)


def unread_form_error(refused: RefusedFileError) -> FormError:
    """The error if the request was refused before its form was read."""
    return _form_error(refused, "file")


def expired_form_error() -> FormError:
    return FormError(
        status=400,
        field="file",
        message=_("This page has expired. Choose the file, or paste its text, again."),
        more=[_("Nothing was written.")],
    )


def _place_error(refused: PlaceChoiceError) -> FormError:
    more = [_("Nothing was written.")]
    if _has_file():
        more.append(_("Tick the places below and choose the same file again."))
    else:
        more.append(_("Tick the places below and send the text again."))
    return FormError(
        status=refused.status,
        field=f"{_PLACE_ID}1",
        message=translate_message(refused.message),
        more=more,
        places=refused.places,
    )


def _has_file() -> bool:
    upload = request.files.get(UPLOAD)
    return upload is not None and bool(upload.filename)


def _form_error(refused: RefusedFileError, field: str) -> FormError:
    more = [translate_message(refused.found)] if refused.found else []
    if refused.message == file_too_large(_max_bytes()).message:
        more.append(
            _("Split the file, or use the command, which accepts larger files: %(command)s",
              command="python -m migrations_tools import FILE")
        )  # fmt: skip
    return FormError(
        status=refused.status, field=field, message=translate_message(refused.message), more=more
    )


# ---- As it is shown


def form_view(error: FormError | None, typed: Mapping[str, str]) -> FormView:
    """`typed`: what was sent, to be shown again."""
    errors = {error.field: error.message} if error else {}
    policy = typed.get("policy", Policy.SKIP.value)
    return FormView(
        file=FieldView(
            name=UPLOAD,
            id="file",
            label=_("File with the records"),
            hint=_("JSON, JSON Lines, or a report of this portal; uncompressed, at most %(most)s.",
                   most=size_in_words(_max_bytes())),
            error=errors.get("file", ""),
            type="file",
        ),
        text=FieldView(
            name="text",
            id="text",
            label=_("Or the text of the file"),
            error=errors.get("text", ""),
            value=strip_unprintable(typed.get("text", "")),
        ),
        policy=FieldView(
            name="policy",
            id="policy",
            label=_("When a tenant is already in the portal and differs"),
            type="select",
            error=errors.get("policy", ""),
            options=[(each.value, _(labels.POLICY[each]), each.value == policy) for each in Policy],
        ),
        allowed=[
            FieldView(
                name=f"allow_{each.value}",
                id=f"allow_{each.value}",
                label=_(labels.ALLOWED_CHANGE[each]),
                type="checkbox",
                value=typed.get(f"allow_{each.value}", ""),
            )
            for each in AllowedChange
        ],
        places=[
            PlaceOption(
                id=f"{_PLACE_ID}{number}",
                value=place.name,
                hint=place_in_words(place),
                checked=place.name in sent_places(),
            )
            for number, place in enumerate(error.places if error else (), 1)
        ],
        places_error=errors.get(f"{_PLACE_ID}1", ""),
    )  # fmt: skip


def _max_bytes() -> int:
    return settings().import_megabytes * 1_000_000
