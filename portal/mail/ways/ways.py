"""The ways that mail leaves: a mail server, Amazon SES, or files in the data folder."""

from pathlib import Path
from typing import Protocol

from portal.atomic_files import replace_atomically
from portal.folders import can_be_written
from portal.mail.messages import MailError, OutgoingMail, Problem, Retry
from portal.settings import Settings

#: The folder of mails that were written into files, in the data folder.
FOLDER = "mail"


class Way(Protocol):
    """A way that mail leaves. `name` is stored with what was sent."""

    name: str

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        """Have the mail taken by whoever is responsible for it from then on.

        Args:
            seconds: It returns or raises within this time.

        Raises:
            MailError: It was not taken, or nobody knows whether it was.
        """


class Files:
    """Writes each mail into a file that mail programs open. The same mail again replaces it.

    Args:
        make_data_dir: Whether the data folder is made if it is missing.
    """

    name = "file"

    def __init__(self, data_dir: Path, *, make_data_dir: bool = True) -> None:
        self._make_data_dir = make_data_dir
        self._folder = data_dir / FOLDER

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        """As in `Way`."""
        del seconds
        name = mail.message_id.strip("<>").partition("@")[0]
        try:
            if not self._make_data_dir:
                self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{name}.eml"
            replace_atomically(path, mail.content, make_folder=self._make_data_dir)
        except OSError as error:
            raise MailError(
                retry=Retry.SOON,
                problem=Problem.NO_FILE,
                detail=type(error).__name__,
                of_server=True,
            ) from error


def open_way(settings: Settings) -> Way:
    """The way that the settings choose. It connects when something is sent."""
    server = settings.mail_server
    match server.way:
        case "smtp":
            from portal.mail.ways.smtp import SmtpServer  # noqa: PLC0415 - if it is in use

            return SmtpServer(server, own_name=settings.host)
        case "ses":
            from portal.mail.ways.ses import AmazonSes, ses_client_maker  # noqa: PLC0415 - as above

            return AmazonSes(ses_client_maker(server.host or settings.aws_region))
        case _:
            return Files(settings.data_dir, make_data_dir=not settings.data_dir_is_made)


def is_writable(data_dir: Path) -> bool:
    """Whether mails can be written into files."""
    return can_be_written(data_dir / FOLDER)
