"""The address of a WordPress site: what somebody may have copied, and whether two of them are one place."""

from __future__ import annotations

from urllib.parse import urlsplit

API = ("/wp-json", "/wp-admin", "/wp-login.php", "/index.php")


def same_place(url_a: str, url_b: str) -> bool:
    """Whether two addresses are of one site: two targets there would write to a post at the same moment.

    Scheme, a leading `www.` and what WordPress appends of its own make no difference; a site in a folder is one of its own.
    """
    return _place(url_a) == _place(url_b)


def _place(url: str) -> tuple[str, int | None, str]:
    try:
        parts = urlsplit(url.strip() if "://" in url else f"https://{url.strip()}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host = host.encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return url, None, ""
    port = None if port in {80, 443} else port
    return host.removeprefix("www."), port, urlsplit(site_address(parts.geturl())).path


def site_address(url: str) -> str:
    """The address of the site in what somebody may have copied: that of its API or its administration leads to it too."""
    parts = urlsplit(url.strip())
    path = parts.path
    for own in API:
        path = path.partition(f"{own}/")[0].removesuffix(own)
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"
