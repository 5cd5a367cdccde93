"""What is known of Git where its repositories are spoken of."""

import re

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""A commit's id, whole. Source: Git documentation, "hash-function-transition"."""
