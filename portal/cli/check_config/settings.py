"""The settings of an environment: value, source, and all problems. Changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from portal.cli.check_config.masking import MASK, masked
from portal.credential_files import CREDENTIALS_DIRECTORY, secrets_in_files
from portal.metrics import require_prometheus_client
from portal.settings import SETTINGS, Setting, Settings, SettingsError
from portal.signing_keys import SECRET_KEY_FILE, resolve_secret_keys
from portal.tracing import require_libraries

FROM_ENVIRONMENT = "environment"
FROM_CREDENTIALS = "credentials directory"
BY_DEFAULT = "default"
FROM_DATA_FOLDER = "made in the data folder"
_SECRET_KEY = "PORTAL_SECRET_KEY"  # noqa: S105 - the name of a setting


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownSetting:
    """A setting as it may be printed.

    Attributes:
        value: Empty: nothing is set, and there is no default.
        problem: What to set; empty if the value can be used.
    """

    name: str
    value: str
    source: str
    problem: str = ""


def shown_settings(
    environ: Mapping[str, str], settings: Settings | None, problems: Mapping[str, str]
) -> dict[str, ShownSetting]:
    """Every setting, by name.

    Args:
        settings: They, if they can be used.
        problems: Name -> what to set.
    """
    in_files, _ = _secrets_in_files(environ)
    shown = {
        setting.name: _shown(setting, environ, in_files, problems.get(setting.name, ""))
        for setting in SETTINGS
    }
    if settings is not None and settings.store == "json" and not settings.configured_secret_key:
        is_made = (settings.data_dir / SECRET_KEY_FILE).exists()
        shown[_SECRET_KEY] = replace(
            shown[_SECRET_KEY],
            value=MASK if is_made else "",
            source=FROM_DATA_FOLDER if is_made else "made in the data folder at the first start",
        )
    return shown


def setting_problems(environ: Mapping[str, str]) -> tuple[Settings | None, dict[str, str]]:
    """The settings, and all that is wrong with them: name -> what to set.

    Reading them ends at the first problem. So each one is left out, and they are read again.
    """
    in_files, problems = _secrets_in_files(environ)
    # They are read already, so that one that cannot be used is left out like any other setting.
    remaining = {**environ, CREDENTIALS_DIRECTORY: "", **in_files}
    # Nobody knows what stands in files that cannot be read. It is not missing.
    is_unknown = CREDENTIALS_DIRECTORY in problems
    unknown = {
        each.name
        for each in SETTINGS
        if is_unknown and each.is_secret and not remaining.get(each.name, "").strip()
    }

    def note(error: SettingsError) -> None:
        if error.name not in unknown:
            problems.setdefault(error.name, error.sentence)

    settings = None
    while settings is None:
        try:
            settings = Settings.from_environment(remaining)
        except SettingsError as error:
            note(error)
            if not _leave_out(error.name, remaining):
                return None, problems
    for check in _checks_of_the_start(settings):
        try:
            check()
        except SettingsError as error:
            note(error)
    return (None if problems else settings), problems


def _secrets_in_files(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The secrets that stand in files, and what is wrong with them: name -> what to set. One that
    stands in the environment as well is not among the secrets."""
    problems: dict[str, str] = {}
    remaining = dict(environ)
    while True:
        try:
            found = secrets_in_files(remaining)
        except SettingsError as error:
            problems[error.name] = error.sentence
            if error.name == CREDENTIALS_DIRECTORY:
                return {}, problems
            remaining[error.name] = ""
        else:
            return {name: each for name, each in found.items() if name not in problems}, problems


def _checks_of_the_start(settings: Settings) -> Iterator[Callable[[], object]]:
    """What refuses settings when the portal starts, and needs no network."""
    from portal.mail import open_signer  # noqa: PLC0415 - takes 0.1 s
    from portal.oidc import open_provider  # noqa: PLC0415 - as above

    if settings.store == "dynamodb" or (settings.data_dir / SECRET_KEY_FILE).exists():
        # It would make a key that is missing.
        yield lambda: resolve_secret_keys(replace(settings, data_dir_is_made=True))
    yield lambda: require_prometheus_client(settings)
    yield lambda: require_libraries(settings)
    if settings.store == "dynamodb":
        from portal.sealing import require_sealing_key  # noqa: PLC0415 - takes 0.1 s

        yield lambda: require_sealing_key(settings)
    yield lambda: open_signer(settings)
    yield lambda: open_provider(settings)


def _leave_out(name: str, environ: dict[str, str]) -> bool:
    """Leave this setting out, or if it is not set, those beside it. `False` if nothing is left."""
    words = name.split("_")
    beginnings = ["_".join(words[:number]) + "_" for number in range(len(words) - 1, 1, -1)]
    for names in ([name], *([each for each in environ if each.startswith(b)] for b in beginnings)):
        is_set = [each for each in names if environ.get(each, "").strip()]
        if is_set:
            for each in is_set:
                environ[each] = ""
            return True
    return False


def _shown(
    setting: Setting, environ: Mapping[str, str], in_files: Mapping[str, str], problem: str
) -> ShownSetting:
    value, source = _given(setting, environ, in_files)
    shown = masked(
        value,
        is_secret=setting.is_secret and source != BY_DEFAULT,
        is_address=setting.name.endswith("_URL"),
    )
    return ShownSetting(name=setting.name, value=shown, source=source, problem=problem)


def _given(
    setting: Setting, environ: Mapping[str, str], in_files: Mapping[str, str]
) -> tuple[str, str]:
    """The text that is set, and where it comes from."""
    if setting.name in in_files:
        return in_files[setting.name], FROM_CREDENTIALS
    value = environ.get(setting.name, "").strip()
    return (value, FROM_ENVIRONMENT) if value else (setting.default, BY_DEFAULT)
