"""What is said of a database that fails, in place of SQLAlchemy's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from provision.core.errors import LedgerError


@contextmanager
def spoken(where: str) -> Iterator[None]:
    """Raise LedgerError in place of any SQLAlchemy error of the block; `where` names the ledger in the error."""
    try:
        yield
    except OperationalError as error:
        what = str(error.orig).splitlines()[0]
        raise LedgerError(f"the ledger does not answer: {what}", where=where, hint=_next_step(what)) from None
    except DBAPIError as error:
        raise LedgerError(
            f"the ledger refused: {str(error.orig).splitlines()[0]}", where=where, hint="nothing was written"
        ) from None
    except SQLAlchemyError as error:
        raise LedgerError(f"the ledger cannot be used: {error}", where=where, hint="see PROVISION_DATABASE") from None


def _next_step(what: str) -> str:
    if "full" in what or "I/O" in what:
        return "free some space on this disk; nothing was lost, run the command again"
    if "readonly" in what or "unable to open" in what:
        return "choose a home that you may write to: --home DIR"
    if "locked" in what:
        return "another command holds the ledger for long; try again"
    return "check that the database runs and that PROVISION_DATABASE names it"
