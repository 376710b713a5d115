"""Settings, read once from the environment. `docs/configuration.md` lists them with their defaults."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from review_app.base.private import FILE, FOLDER

SECRET_KEY_BYTES = 32
"""A secret key shorter than this is refused in production."""

IMPORT_LIMITS = (
    "document_bytes",
    "page_bytes",
    "page_lines",
    "line_bytes",
    "cell_characters",
    "columns",
    "json_depth",
    "xml_depth",
    "body_characters",
    "html_depth",
    "html_tags",
    "html_attributes",
    "list_items",
    "fields",
    "archive_ratio",
    "archive_free_bytes",
    "archive_members",
)
"""Each is the end of a variable `REVIEW_IMPORT_…`; what it is when it is not set stands in `importing/limits.py`."""
SWITCH_WORDS = {"on": True, "yes": True, "true": True, "1": True} | dict.fromkeys(
    ("", "off", "no", "false", "0"), False
)

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
"""The shape of a language tag (RFC 5646, 2.1)."""

TOKEN = re.compile(r"([A-Za-z0-9._~+/-]+=*)?")
"""The shape of a bearer token (RFC 6750, 2.1), or nothing."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, checked. Durations and sizes carry their unit in the name."""

    data_dir: Path
    database_url: str
    secret_key: str
    production: bool = False
    redis_url: str | None = None
    base_url: str | None = None
    undo_seconds: int = 20
    claim_minutes: int = 15
    max_upload_mb: int = 256
    imports_at_once: int = 2
    imports_an_hour: int = 20
    publish_hook_secrets: tuple[str, ...] = ()
    hook_secret_made_here: bool = False
    hook_calls_a_minute: int = 600
    hook_refusals_a_minute: int = 120
    image_hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[Network, ...] = ()
    import_limits: Mapping[str, int] = field(default_factory=dict)
    allow_private_targets: bool = False
    import_folders: tuple[Path, ...] = ()
    import_mapping: str = ""
    site_name: str = ""
    site_language: str = "en"
    export_dir: Path | None = None
    metrics_token: str | None = None

    @property
    def max_upload_bytes(self) -> int:
        """The largest upload, in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the `REVIEW_…` variables. Raises `SettingsError` naming the variable that is wrong."""
        values = os.environ if environment is None else environment
        data_dir = Path(values.get("REVIEW_DATA_DIR") or "var").absolute()
        data_dir.mkdir(FOLDER, parents=True, exist_ok=True)
        production = _environment_name(values) == "production"
        return cls(
            data_dir=data_dir,
            database_url=values.get("REVIEW_DATABASE_URL") or f"sqlite:///{data_dir / 'review.sqlite3'}",
            secret_key=_secret_key(values, data_dir, production=production),
            production=production,
            redis_url=values.get("REVIEW_REDIS_URL") or None,
            base_url=(values.get("REVIEW_BASE_URL") or "").rstrip("/") or None,
            undo_seconds=_whole_number(values, "REVIEW_UNDO_SECONDS", 20, least=0),
            claim_minutes=_whole_number(values, "REVIEW_CLAIM_MINUTES", 15, least=1),
            imports_at_once=_whole_number(values, "REVIEW_IMPORTS_AT_ONCE", 2, least=1),
            imports_an_hour=_whole_number(values, "REVIEW_IMPORTS_AN_HOUR", 20, least=1),
            max_upload_mb=_whole_number(values, "REVIEW_MAX_UPLOAD_MB", 256, least=1),
            publish_hook_secrets=_hook_secrets(values, data_dir, production=production),
            hook_secret_made_here=not production and not values.get("REVIEW_PUBLISH_HOOK_SECRET", "").split(),
            hook_calls_a_minute=_whole_number(values, "REVIEW_HOOK_CALLS_A_MINUTE", 600, least=1),
            hook_refusals_a_minute=_whole_number(values, "REVIEW_HOOK_REFUSALS_A_MINUTE", 120, least=1),
            image_hosts=frozenset(values.get("REVIEW_IMAGE_HOSTS", "").lower().replace(",", " ").split()),
            trusted_proxies=_networks(values.get("REVIEW_TRUSTED_PROXIES", "")),
            import_limits=_import_limits(values),
            allow_private_targets=_switch(values, "REVIEW_ALLOW_PRIVATE_TARGETS"),
            import_folders=_folders(values, "REVIEW_IMPORT_FOLDERS"),
            import_mapping=_text_of(values, "REVIEW_IMPORT_MAPPING"),
            site_name=_site_name(values),
            site_language=_language(values, "REVIEW_SITE_LANGUAGE"),
            export_dir=_folder(values, "REVIEW_EXPORT_DIR"),
            metrics_token=_token(values, "REVIEW_METRICS_TOKEN"),
        )


def _environment_name(values: Mapping[str, str]) -> str:
    name = values.get("REVIEW_ENV") or "development"
    if name not in {"development", "production"}:
        raise SettingsError(f"REVIEW_ENV is {name!r}; it must be 'development' or 'production'.")
    return name


def _whole_number(values: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = values.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise SettingsError(f"{name} is {text!r}; it must be a whole number of at least {least}.")
    return int(text)


def _import_limits(values: Mapping[str, str]) -> dict[str, int]:
    """Those that are set."""
    variables = {name: f"REVIEW_IMPORT_{name.upper()}" for name in IMPORT_LIMITS}
    return {
        name: _whole_number(values, variable, 1, least=1)
        for name, variable in variables.items()
        if values.get(variable)
    }


def _switch(values: Mapping[str, str], name: str) -> bool:
    word = values.get(name, "").strip().lower()
    if word not in SWITCH_WORDS:
        raise SettingsError(f"{name} is {word!r}; it must be 'on' or 'off'.")
    return SWITCH_WORDS[word]


def _text_of(values: Mapping[str, str], name: str) -> str:
    """What the file holds that a variable names, if it names one."""
    path = values.get(name, "").strip()
    try:
        return Path(path).read_text("utf-8-sig") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} is {path!r}, which cannot be read: {error}.") from error


def _folders(values: Mapping[str, str], name: str) -> tuple[Path, ...]:
    folders = tuple(Path(part) for part in values.get(name, "").split(os.pathsep) if part.strip())
    for folder in folders:
        if not folder.is_absolute():
            raise SettingsError(f"{name} names {str(folder)!r}; each folder must be a whole path.")
    return folders


def _folder(values: Mapping[str, str], name: str) -> Path | None:
    """The one folder that a variable names; None if it names none."""
    text = values.get(name, "").strip()
    if not text:
        return None
    if not Path(text).is_absolute() or text == "/" or ".." in Path(text).parts:
        raise SettingsError(
            f"{name} is {text!r}; it must be the whole path of a folder, without '..', and not '/'."
        )
    return Path(text)


def _token(values: Mapping[str, str], name: str) -> str | None:
    """What a program sends as its bearer token; what could not stand in that header would shut out everybody."""
    token = values.get(name, "").strip()
    if not TOKEN.fullmatch(token):
        raise SettingsError(f"{name} must be letters, digits and -._~+/ alone, then perhaps =.")
    return token or None


def _site_name(values: Mapping[str, str]) -> str:
    """What the public pages are called: as set, or as the host of their address."""
    given = " ".join(values.get("REVIEW_SITE_NAME", "").split())
    return given or urlsplit(values.get("REVIEW_BASE_URL") or "").hostname or ""


def _language(values: Mapping[str, str], name: str) -> str:
    tag = values.get(name, "").strip() or "en"
    if not LANGUAGE_TAG.fullmatch(tag):
        raise SettingsError(f"{name} is {tag!r}; it must be the tag of a language, such as 'en' or 'pt-BR'.")
    return tag


def _secret_key(values: Mapping[str, str], data_dir: Path, *, production: bool) -> str:
    given = values.get("REVIEW_SECRET_KEY", "")
    if production and len(given.encode()) < SECRET_KEY_BYTES:
        raise SettingsError(
            f"REVIEW_SECRET_KEY must be set to at least {SECRET_KEY_BYTES} bytes in production. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return given or _kept(data_dir / "secret_key", secrets.token_urlsafe(48))


def _hook_secrets(values: Mapping[str, str], data_dir: Path, *, production: bool) -> tuple[str, ...]:
    given = tuple(values.get("REVIEW_PUBLISH_HOOK_SECRET", "").split())
    for secret in given:
        _check_hook_secret(secret)
    if given or production:
        return given
    made = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return (_kept(data_dir / "publish_hook_secret", made),)


def _check_hook_secret(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise SettingsError(
            "REVIEW_PUBLISH_HOOK_SECRET must be Base64, optionally after 'whsec_'."
        ) from error
    if not key:
        raise SettingsError("REVIEW_PUBLISH_HOOK_SECRET holds an empty secret.")


def _kept(file: Path, fresh: str) -> str:
    """The content of `file`, made from `fresh` by whichever process comes first."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(fresh)
    return fresh


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise SettingsError(f"REVIEW_TRUSTED_PROXIES: {error}. It takes addresses or networks.") from error
