"""JSON as it is stored."""

import json
from typing import Any


def compact_json(value: Any) -> str:
    """JSON without blanks, and with letters of all scripts as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
