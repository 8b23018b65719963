"""The links of refusals: from a "no" of `GET /api/validate` to a page where people can ask.

The token of such a link names the two ids and is signed, so that nobody can read the page about
ids that they did not ask `validate` about: that is where those who count through ids are slowed.
It tells nothing else, and it is the same each time. So the answer of `validate` stays the same,
whoever makes it, and a browser may keep the link.
"""

from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

from portal.tenants import Ids, is_id


class InvalidRefusalError(Exception):
    """The token is forged or cut off."""


class RefusalLinks:
    """Makes links, and reads their tokens.

    Args:
        base_url: The address at which people reach the portal.
        keys: Signs with the first one, and accepts a signature by any of them.
        offered: Whether refusals have links. Those that exist lead to their pages in any case.
    """

    def __init__(self, base_url: str, keys: Sequence[str], *, offered: bool) -> None:
        self._base_url = base_url
        self._signer = URLSafeSerializer(list(reversed(keys)), salt="link of a refusal")
        self._offered = offered

    def address(self, ids: Ids) -> str:
        """The link of a refusal of these ids; empty if none is offered."""
        if not self._offered:
            return ""
        token = str(self._signer.dumps([ids.account_id, ids.company_id]))
        return f"{self._base_url}/access/{token}"

    def read(self, token: str) -> Ids:
        """The ids of a link.

        Raises:
            InvalidRefusalError: The token is forged or cut off.
        """
        try:
            account_id, company_id = self._signer.loads(token)
        except (BadData, TypeError, ValueError) as error:
            raise InvalidRefusalError from error
        if not is_id(str(account_id)) or not is_id(str(company_id)):
            raise InvalidRefusalError
        return Ids(account_id=account_id, company_id=company_id)
