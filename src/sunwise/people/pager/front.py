"""What every route for people needs: who asks, and how something becomes durable."""

import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Header, HTTPException

from sunwise.chassis.errors import Retryable
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Body, Unstorable
from sunwise.people.pager.core.intake import Busy, UnknownPage, acknowledge
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.pages import Page
from sunwise.people.pager.keys import find_key
from sunwise.people.pager.service import PagerService

Authorization = Annotated[str, Header()]
ForPerson = Annotated[str, Header()]


class Front:
    """What every route needs: who asks, and how something becomes durable."""

    def __init__(self, service: PagerService) -> None:
        self.service = service
        self.instance = service.instance

    @property
    def board(self) -> Board:
        """What this instance knows."""
        return self.instance.board

    async def person(
        self, authorization: Authorization = "", x_sunwise_person: ForPerson = ""
    ) -> str:
        """Whose key it is, unless they have left; the operator may ask for whoever came to them."""
        shown = _bearer(authorization)
        if x_sunwise_person and self._is_operator(shown):
            return unquote(x_sunwise_person)
        key = find_key(self.board, shown)
        known = self.service.roster.person(key.name) if key else None
        if key is None or key.service or (known is not None and not known.active):
            raise HTTPException(401, "Show a key of your own as `Authorization: Bearer KEY`.")
        return key.name

    async def operator(self, authorization: Authorization = "") -> None:
        """Refuses everybody else."""
        if not self._is_operator(_bearer(authorization)):
            raise HTTPException(401, "Show the operator's token, which the secret file gives.")

    async def scraper(self, authorization: Authorization = "") -> None:
        """Refuses whoever may not read the metrics."""
        if not _is_same(_bearer(authorization), self.service.metrics_token):
            raise HTTPException(401, "Show the token that `sunwise pager metrics-token` prints.")

    def _is_operator(self, shown: str) -> bool:
        return _is_same(shown, self.service.operator_token)

    async def store(self, make: Callable[[Board, Moment], Sequence[Body]]) -> dict[str, Any]:
        """Answers once it is durable."""
        try:
            accepted = await self.instance.submit(make)
        except UnknownPage as error:
            raise HTTPException(404, f"There is no page {error}.") from error
        except Unstorable as error:
            raise HTTPException(422, f"This cannot be kept: {error}.") from error
        except (Busy, Retryable) as error:
            raise HTTPException(503, str(error), {"retry-after": "1"}) from error
        return {"stored": True, "replicated": accepted.is_replicated}

    async def take(self, page: str, person: str) -> dict[str, Any]:
        """The person holds the page."""
        return await self.store(lambda board, _now: [acknowledge(board, page, person)])

    async def store_body(self, body: Body) -> dict[str, Any]:
        """Answers once it is durable."""
        return await self.store(lambda _board, _now: [body])

    def known(self, page: str) -> Page:
        """The page, or 404."""
        found = self.board.pages.get(page)
        if found is None:
            raise HTTPException(404, f"There is no page {page}.")
        return found


def _is_same(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode(), token.encode())


def _bearer(header: str) -> str:
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
