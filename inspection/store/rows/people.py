"""Users, logins, tries and done commands."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from inspection.domain.actor import Role
from inspection.domain.users import LoginRecord, User
from inspection.services.ports import CommandRecord
from inspection.store import tables
from inspection.store.data_keys import OFFICE_SCOPE
from inspection.store.rows.sealed_rows import SealedRows
from inspection.store.rows.table_rows import TableRows


class SqlUsers(SealedRows):
    """Staff accounts."""

    table = tables.users

    async def add(self, user: User, password_hash: str) -> None:
        """Adds an account."""
        await self._add_sealed(
            OFFICE_SCOPE,
            {
                "id": user.id,
                "username": user.username,
                "password_hash": password_hash,
                "role": user.role.value,
                "name": user.name,
                "unit": user.unit,
                "badge": user.badge,
                "created_at": user.created_at,
            },
        )

    async def find(self, user_id: str) -> User | None:
        """By id."""
        row = await self._find(self.table.c.id == user_id)
        return None if row is None else _user(row)

    async def find_by_username(self, username: str) -> tuple[User, str] | None:
        """With the password hash."""
        row = await self._find(self.table.c.username == username)
        return None if row is None else (_user(row), row["password_hash"])

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        """Replaces it."""
        await self._change({"password_hash": password_hash}, self.table.c.id == user_id)

    async def list(self, role: str) -> list[User]:
        """Of one role, by name."""
        rows = await self._list(self.table.c.role == str(role), by=self.table.c.username)
        return [_user(row) for row in rows]


class SqlLogins(TableRows):
    """Logins."""

    table = tables.logins

    async def add(self, login: LoginRecord) -> None:
        """Adds a login."""
        await self._add(
            {
                "id": login.id,
                "token_hash": login.token_hash,
                "role": login.role.value,
                "user_id": login.user_id,
                "inspection_id": login.inspection_id,
                "session_id": login.session_id,
                "created_at": login.created_at,
                "expires_at": login.expires_at,
                "revoked_at": login.revoked_at,
            }
        )

    async def find(self, token_hash: str) -> LoginRecord | None:
        """By the keyed hash of its token."""
        row = await self._find(self.table.c.token_hash == token_hash)
        return None if row is None else LoginRecord(**{**row, "role": Role(row["role"])})

    async def revoke(self, login_id: str, at: datetime) -> None:
        """Ends one login."""
        await self._change({"revoked_at": at}, self.table.c.id == login_id, self.table.c.revoked_at.is_(None))

    async def revoke_user(self, user_id: str, at: datetime) -> None:
        """Ends every login of a member of staff."""
        await self._change({"revoked_at": at}, self.table.c.user_id == user_id, self.table.c.revoked_at.is_(None))

    async def revoke_holders(self, inspection_id: str, at: datetime) -> int:
        """Ends the applicant's logins of an inspection."""
        columns = self.table.c
        held = (columns.inspection_id == inspection_id, columns.revoked_at.is_(None), columns.expires_at > at)
        return await self._change({"revoked_at": at}, *held)


class SqlAttempts(TableRows):
    """Durable rate limits."""

    table = tables.attempts

    async def add(self, scope: str, subject: str, at: datetime) -> None:
        """One more try."""
        await self._add({"scope": scope, "subject": subject, "at": at})

    async def since(self, scope: str, subject: str, after: datetime) -> builtins.list[datetime]:
        """The tries after an instant, oldest first."""
        columns = self.table.c
        where = (columns.scope == scope, columns.subject == subject, columns.at > after)
        return [row["at"] for row in await self._list(*where, by=columns.at)]

    async def clear(self, scope: str, subject: str) -> None:
        """Forgets them."""
        columns = self.table.c
        chosen = delete(self.table).where(columns.scope == scope, columns.subject == subject)
        await self._connection.execute(chosen)

    async def purge(self, before: datetime) -> None:
        """Forgets everything older."""
        await self._connection.execute(delete(self.table).where(self.table.c.at < before))


class SqlCommands(SealedRows):
    """Idempotency keys."""

    table = tables.commands

    async def add(self, record: CommandRecord) -> None:
        """Keeps a done command."""
        values: dict[str, Any] = {name: getattr(record, name) for name in CommandRecord.__slots__}
        await self._add_sealed(record.inspection_id or OFFICE_SCOPE, values)

    async def find(self, actor_id: str, key_hash: str) -> CommandRecord | None:
        """The done command of that key."""
        columns = self.table.c
        row = await self._find(columns.actor_id == actor_id, columns.key_hash == key_hash)
        return None if row is None else CommandRecord(**row)

    async def purge(self, before: datetime) -> None:
        """Forgets everything older."""
        await self._connection.execute(delete(self.table).where(self.table.c.at < before))

    async def forget(self, inspection_id: str) -> None:
        """Drops what was answered about an inspection: answers hold names and words."""
        await self._connection.execute(delete(self.table).where(self.table.c.inspection_id == inspection_id))


def _user(row: Mapping[str, Any]) -> User:
    fields = {name: row[name] for name in ("id", "username", "name", "unit", "badge", "created_at")}
    return User(role=Role(row["role"]), **fields)
