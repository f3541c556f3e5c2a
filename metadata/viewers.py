"""Who looks, and which policies hold for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metadata.errors import UserError, did_you_mean
from metadata.model.access import Access
from metadata.model.workspace import Scalar, User
from metadata.repository import Repository, Written

ENGINEER = "engineer"


@dataclass(frozen=True)
class Viewer:
    """A user with what is written of them; nobody in particular has no name."""

    name: str
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)


NOBODY = Viewer("")
"""Somebody who did not have to sign in."""


@dataclass(frozen=True)
class AccessRules:
    """The policies in force and the people they are about."""

    policies: Mapping[str, Written[Access]]
    users: Mapping[str, User]

    @classmethod
    def of(cls, repository: Repository) -> AccessRules:
        """The rules that a workspace's metadata declares."""
        return cls(repository.policies, repository.workspace.users)

    def viewer(self, name: str) -> Viewer:
        """The person of a name; `NOBODY` where there are no users.

        Raises:
            UserError: there is no such user.
        """
        if not self.users and not name:
            return NOBODY
        user = self.users.get(name)
        if not name:
            raise UserError(
                "Nobody is signed in.",
                why="This workspace has users, and what is shown depends on who looks.",
                fix="Sign in; if users were added since `rapport serve` began, start it anew.",
            )
        if user is None:
            raise UserError(f"There is no user '{name}'.", fix=did_you_mean(name, self.users))
        attributes = {
            key: tuple(_written(value) for value in values)
            for key, values in user.attributes.items()
        }
        return Viewer(name, frozenset(user.role), attributes)

    def held_by(self, viewer: Viewer) -> dict[str, Access]:
        """The policies that hold for a person, by name."""
        return {
            name: written.value
            for name, written in sorted(self.policies.items())
            if is_for(written.value, viewer)
        }

    def may_see_raw(self, viewer: Viewer) -> bool:
        """Whether a person may see rows as sources delivered them, on which no policy holds."""
        return not self.policies or ENGINEER in viewer.roles


def is_for(policy: Access, viewer: Viewer) -> bool:
    """Whether a policy holds for a person.

    Where nobody signs in, nobody can be told apart, so every policy holds. Another role never
    shows more: `except` spares those whose roles are all excepted.
    """
    if viewer == NOBODY:
        return True
    if policy.everybody:
        return not (viewer.roles and viewer.roles <= set(policy.except_))
    return viewer.name in policy.users or bool(viewer.roles & set(policy.roles))


def _written(value: Scalar) -> str | bool:
    return value if isinstance(value, bool | str) else format(value)
