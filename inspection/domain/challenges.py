"""Challenge codes: what is shown in the picture so that it cannot be older than a time stamp.

The root of a checkpoint commits to the digest of every token that was entered by then, and nobody can know an
authority's signature before it is made. So a code of that root is not older than the newest of these tokens.
"""

from __future__ import annotations

import hashlib

CHALLENGE_CONTEXT = b"yuntakan-challenge-v1\n"
CODE_DIGITS = 6


def challenge_code(root: bytes, challenge_id: str) -> str:
    """Six digits of the checkpoint's root (32 bytes) and the challenge's own id; docs/evidence.md has the rule."""
    digest = hashlib.sha256(CHALLENGE_CONTEXT + root + challenge_id.encode()).digest()
    return str(int.from_bytes(digest[:8], "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)
