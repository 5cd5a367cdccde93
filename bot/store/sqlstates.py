"""What a PostgreSQL server refuses, in the program's own words."""

from bot.core.errors import (
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnusable,
)

_LOGIN = (
    StoreUnusable,
    "{database}: the PostgreSQL server refuses the login; see that user and password in [database] "
    "url are right, and that the server's pg_hba.conf lets this user in from here",
)
_PERMISSION = (
    StoreReadOnly,
    "{database}: the user of [database] url may not do this there; make it the database's owner "
    "(ALTER DATABASE … OWNER TO …)",
)
_CONFLICT = (
    StoreConflict,
    "{database}: another process was at the same rows; this is tried again",
)
_CROWDED = (
    StoreBusy,
    "{database}: the PostgreSQL server has no connection left; raise its max_connections, or run "
    "fewer processes",
)
_SLOW = (
    StoreBusy,
    "{database}: the PostgreSQL server did not get to it in time; see what keeps it busy",
)
_GONE = (
    StoreUnusable,
    "{database}: the connection to the PostgreSQL server was lost; it is made again as soon as the "
    "server answers",
)
_NO_SPACE = (
    StoreFull,
    "{database}: no space is left for the database; make room on its server's disk",
)
_DAMAGED = (
    StoreUnusable,
    "{database}: the database is damaged; stop archbell and restore a backup",
)

_UNKEEPABLE = (StoreError, "{database}: the database cannot keep such a text or number")

# Source: PostgreSQL, appendix "PostgreSQL Error Codes".
_BY_STATE: dict[str, tuple[type[StoreError], str]] = {
    "28000": _LOGIN,
    "28P01": _LOGIN,
    "3D000": (
        StoreUnusable,
        "{database}: the PostgreSQL server has no database of this name; make it (createdb) or "
        "name another one in [database] url",
    ),
    "3F000": _PERMISSION,
    "42501": _PERMISSION,
    # The driver's own state for what it cannot encode, and the server's for characters it does not
    # have; the driver's sentence would repeat what people wrote.
    "22000": _UNKEEPABLE,
    "22021": _UNKEEPABLE,
    "25006": (
        StoreReadOnly,
        "{database}: the PostgreSQL server takes no writes (a standby, or set to read only); name "
        "the primary in [database] url",
    ),
    "40001": _CONFLICT,
    "40P01": _CONFLICT,
    "53100": _NO_SPACE,
    "53300": _CROWDED,
    "55P03": _SLOW,
    "57014": _SLOW,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# The first two characters are the class: connection trouble, and an operator's hand.
_BY_CLASS = {"08": _GONE, "57": _GONE}


def refusal(state: str | None, *, database: str) -> StoreError | None:
    """The error for an SQLSTATE; None for one that says nothing a person could act on."""
    if state is None:
        return None
    found = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    return found[0](found[1].format(database=database)) if found else None


def permission_denied(database: str) -> StoreError:
    """The error for a user who may not make or change tables."""
    kind, sentence = _PERMISSION
    return kind(sentence.format(database=database))


def unkeepable(database: str) -> StoreError:
    """The error for a value that no column can take."""
    kind, sentence = _UNKEEPABLE
    return kind(sentence.format(database=database))


def lost(database: str) -> StoreError:
    """The error for a connection that ended without a word."""
    kind, sentence = _GONE
    return kind(sentence.format(database=database))
