"""Roles, and what each may do. Roles contain each other."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is on this desk."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Higher contains lower."""
        return list(Role).index(self)

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that `other` may."""
        return self.rank >= other.rank


class Permission(StrEnum):
    """What a route asks for. Every route names exactly one."""

    PUBLIC = "public"
    LOG_IN = "log in"
    SIGNED_HOOK = "signed hook"
    READ_METRICS = "token or loopback"
    OWN_PROFILE = "own profile"
    READ_ARTICLES = "read articles"
    REVIEW = "review"
    REORDER_QUEUE = "reorder queue"
    CHANGE_MANY = "change many"
    OWN_STATISTICS = "own statistics"
    SEE_STATISTICS = "see statistics"
    IMPORT = "import"
    MANAGE_SOURCES = "manage sources"
    PUBLISH = "publish"
    MANAGE_TARGETS = "manage targets"
    SET_POLICY = "set policy"
    MANAGE_ACCOUNTS = "manage accounts"


ANONYMOUS = frozenset({Permission.PUBLIC, Permission.LOG_IN, Permission.SIGNED_HOOK, Permission.READ_METRICS})
"""These need nobody to be logged in; the hook checks a signature instead, the metrics a token or where one comes from."""

LEAST_ROLE = {
    Permission.OWN_PROFILE: Role.REVIEWER,
    Permission.READ_ARTICLES: Role.REVIEWER,
    Permission.REVIEW: Role.REVIEWER,
    Permission.REORDER_QUEUE: Role.LEAD,
    Permission.CHANGE_MANY: Role.LEAD,
    Permission.OWN_STATISTICS: Role.REVIEWER,
    Permission.SEE_STATISTICS: Role.LEAD,
    Permission.IMPORT: Role.LEAD,
    Permission.MANAGE_SOURCES: Role.ADMIN,
    Permission.PUBLISH: Role.LEAD,
    Permission.MANAGE_TARGETS: Role.LEAD,
    Permission.SET_POLICY: Role.LEAD,
    Permission.MANAGE_ACCOUNTS: Role.ADMIN,
}


UNDO_SECONDS = (5, 60)
"""The shortest and the longest time in which a person may wish to take a decision back."""


def may(role: Role, permission: Permission) -> bool:
    """Whether somebody of this role has the permission."""
    return permission in ANONYMOUS or role.includes(LEAST_ROLE[permission])
