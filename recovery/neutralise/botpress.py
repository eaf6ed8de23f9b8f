"""Botpress v12, and the messaging server that is in its container: one database."""

from __future__ import annotations

from recovery.neutralise.change import Application, Emptied, Set

__all__ = ["APPLICATION"]

_AT = "botpress/v12 packages/bp/src"
_MESSAGING = "botpress/messaging packages/server/src"
_BOT = "file_path LIKE '%%data/bots/%%/bot.config.json' AND NOT deleted"
_OFF = "'{\"disabled\": true}'::jsonb"

APPLICATION = Application(
    name="botpress",
    marker="srv_ghost_files",
    changes=(
        Set(
            table="srv_ghost_files",
            to={
                "content": f"convert_to(((convert_from(content, 'UTF8')::jsonb - 'messaging') || {_OFF})::text, 'UTF8')"
            },
            where=_BOT,
            why="no bot starts, and none has a channel: its key for the messaging server is gone with it",
            source=f"{_AT}/sdk/botpress.d.ts (BotConfig: disabled, messaging); core/bpfs/drivers/db-driver.ts",
        ),
        Emptied(
            table="srv_ghost_index",
            why="revisions of files that are other ones now",
            source=f"{_AT}/core/bpfs/ghost_revisions-table.ts",
        ),
        *(
            Emptied(table=table, why=why, source=f"{_MESSAGING}/migrations", needed=False)
            for table, why in (
                ("msg_health", "of channels"),
                ("msg_status", "of channels"),
                ("msg_sandboxmap", "of channels"),
                ("msg_webhooks", "nobody is told of a message"),
                ("msg_messages", "what people wrote"),
                ("msg_convmap", "with whom a channel spoke"),
                ("msg_usermap", "with whom a channel spoke"),
                ("msg_tunnels", "with whom a channel spoke"),
                ("msg_conduits", "no channel: their keys are here"),
                ("msg_client_tokens", "no key of the living one opens the copy"),
            )
        ),
        Emptied(table="events", why="what people wrote", source=f"{_AT}/core/events/event-table.ts"),
        Emptied(table="dialog_sessions", why="what bots remember of people", source=f"{_AT}/core/dialog/sessions"),
        Emptied(table="srv_logs", why="likewise", source=f"{_AT}/core/logger/logs-table.ts"),
        Emptied(table="srv_kvs", why="likewise", source=f"{_AT}/core/kvs/kvs-table.ts"),
        Emptied(table="tasks", why="nothing waits to run", source=f"{_AT}/core/user-code/action-server/tasks-table.ts"),
        Emptied(table="srv_channel_users", why="people", source=f"{_AT}/core/users/chat-users/channel_users-table.ts"),
        Emptied(table="bot_chat_users", why="people", source=f"{_AT}/core/users/chat-users/chat_users-table.ts"),
        Emptied(
            table="workspace_invite_codes",
            why="no code of the living one opens the copy",
            source=f"{_AT}/core/users/collaborators/tables/workspace_invite_codes.ts",
        ),
        Set(
            table="workspace_users",
            to={"email": "'colaborador-' || md5(email) || '@example.invalid'"},
            why="collaborators: the same name in both tables",
            source=f"{_AT}/core/users/collaborators/tables/workspace_users.ts",
        ),
        Set(
            table="strategy_default",
            to={
                **{"email": "'colaborador-' || md5(email) || '@example.invalid'", "password": "NULL", "salt": "NULL"},
                **{"attributes": "'{}'", "tokenVersion": '"tokenVersion" + 1'},
            },
            why="nobody's password is in it, and nobody is logged in",
            source=f"{_AT}/core/users/collaborators/tables/strategy_users.ts",
            needed=False,
        ),
    ),
    none_left={
        "a bot that starts": "SELECT file_path FROM srv_ghost_files "
        "WHERE file_path LIKE '%data/bots/%/bot.config.json' "
        "AND NOT deleted AND coalesce(convert_from(content, 'UTF8')::jsonb ->> 'disabled', 'false') <> 'true'",
        "what people wrote": "SELECT id FROM events",
    },
    stays=(
        "what bots say and know: content elements, questions and answers, flows",
        "botpress.config.json: a mail server or a directory that stands in it is still there",
    ),
)
