"""Secrets that the desk must be able to say again, such as the password of a site, sealed where they are kept.

The key is derived from `REVIEW_SECRET_KEY` (HKDF with SHA-256, RFC 5869), and each secret is sealed by itself (Fernet: AES
in CBC mode with an HMAC). So a copy of the database alone opens none of them, and nobody can put another in its place.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"review desk: secrets at rest, 1"
"""Keeps this key apart from all others that may be derived from the same secret."""


class CannotOpen(Exception):
    """What was sealed under another key, or is damaged."""


def seal(secret: str, secret_key: str) -> str:
    """The secret as it may be kept. Twice the same secret gives two texts."""
    return _fernet(secret_key).encrypt(secret.encode()).decode("ascii")


def unseal(sealed: str, secret_key: str) -> str:
    """The secret again. Raises `CannotOpen`."""
    try:
        return _fernet(secret_key).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpen("it was sealed under another REVIEW_SECRET_KEY, or is damaged") from error


def _fernet(secret_key: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
