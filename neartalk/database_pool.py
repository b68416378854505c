"""How a process keeps connections to PostgreSQL. SQLite has none to keep."""

from typing import Any

# A call waits so long for a connection, and a lost one is tried again for so long: whoever comes
# after that tries anew, so that a database that is back is found at once, however long it was away.
TIMEOUT_S = 5.0


def pooled(database: dict[str, Any]) -> dict[str, Any]:
    """Django's settings of a database, so that each connection is asked whether it lives before it
    is used: a restart of PostgreSQL leaves dead ones behind."""
    options = database["OPTIONS"]
    if not options.get("pool"):
        return database
    pool = {"timeout": TIMEOUT_S, "reconnect_timeout": TIMEOUT_S}
    return {**database, "CONN_HEALTH_CHECKS": True, "OPTIONS": {**options, "pool": pool}}
