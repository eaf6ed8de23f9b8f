"""Metabase. Source of tables and columns: metabase/metabase resources/migrations."""

from __future__ import annotations

from recovery.neutralise.change import Application, Change, Emptied, Set, mail, random_text

__all__ = ["APPLICATION"]

_AT = "metabase/metabase src/metabase"

_OUT: tuple[Change, ...] = (
    Set(
        table="metabase_database",
        to={"details": "%(nowhere)s"},
        also={"settings": "NULL", "write_data_details": "NULL", "is_on_demand": "false", "is_full_sync": "false"},
        why="no connection leads to a living database",
        source=f"{_AT}/warehouses/models/database.clj (details is encrypted JSON)",
    ),
    Emptied(
        table="api_key",
        why="no key of the living one opens the copy",
        source=f"{_AT}/api_keys/models/api_key.clj",
        needed=False,
    ),
    Emptied(table="core_session", why="nobody is logged in", source=f"{_AT}/session/models/session.clj"),
    Set(table="pulse", to={"archived": "true"}, why="no subscription is sent", source=f"{_AT}/pulse/models/pulse.clj"),
    Set(
        table="pulse_channel",
        to={"enabled": "false", "details": "'{}'"},
        why="likewise",
        source=f"{_AT}/pulse/models/pulse_channel.clj",
    ),
    Emptied(
        table="pulse_channel_recipient",
        why="likewise",
        source=f"{_AT}/pulse/models/pulse_channel_recipient.clj",
        needed=False,
    ),
    Set(
        table="notification",
        to={"active": "false"},
        why="no alert is sent",
        source=f"{_AT}/notification/models.clj",
        needed=False,
    ),
    Emptied(table="notification_recipient", why="likewise", source=f"{_AT}/notification/models.clj", needed=False),
    Set(
        table="channel",
        to={"active": "false", "details": "%(empty)s"},
        why="no webhook is called",
        source=f"{_AT}/channel/models/channel.clj",
        needed=False,
    ),
    *(
        Emptied(table=table, why="nothing starts by the clock", source=f"{_AT}/task/impl.clj (Quartz)", needed=False)
        for table in (
            "qrtz_cron_triggers",
            "qrtz_simple_triggers",
            "qrtz_blob_triggers",
            "qrtz_fired_triggers",
            "qrtz_triggers",
        )
    ),
    Emptied(
        table="setting",
        where="key ~ '^(email-|slack|ldap-|google-auth|saml-|jwt-|oidc|llm-|scim|.*-webhook|.*-api-key|.*token)'",
        why="no mail server, directory or account is used",
        source=f"{_AT}/channel/settings.clj; sso/settings.clj; docs/configuring-metabase/environment-variables.md",
    ),
    Set(
        table="report_card",
        to={"public_uuid": "NULL"},
        also={"enable_embedding": "false"},
        why="no public link",
        source=f"{_AT}/queries/models/card.clj",
    ),
    Set(
        table="report_dashboard",
        to={"public_uuid": "NULL"},
        also={"enable_embedding": "false"},
        why="likewise",
        source=f"{_AT}/dashboards/models/dashboard.clj",
    ),
    Emptied(
        table="secret",
        why="no certificate or key of a connection",
        source=f"{_AT}/secrets/models/secret.clj",
        needed=False,
    ),
)

_PEOPLE: tuple[Change, ...] = (
    Set(
        table="core_user",
        to={
            **{"email": mail(), "first_name": "'Persona'", "last_name": "id::text"},
            **{"password": random_text(), "password_salt": random_text()},
        },
        also={"reset_token": "NULL", "login_attributes": "NULL", "sso_source": "NULL", "jwt_attributes": "NULL"},
        why="nobody is named, nobody gets mail, nobody's password is in it",
        source=f"{_AT}/users/models/user.clj",
    ),
    Emptied(
        table="login_history",
        why="from where people came",
        source=f"{_AT}/login_history/models/login_history.clj",
        needed=False,
    ),
    Emptied(
        table="query_cache",
        why="answers: rows of the customers' databases",
        source=f"{_AT}/cache/models/query_cache.clj",
        needed=False,
    ),
    *(
        Emptied(table=table, why="who looked at what", source=f"{_AT}/view_log; audit_app", needed=False)
        for table in ("view_log", "recent_views", "audit_log")
    ),
    Set(
        table="metabase_fieldvalues",
        to={"values": "'[]'", "human_readable_values": "'{}'"},
        why="values of columns, for filters: names among them",
        source=f"{_AT}/warehouse_schema/models/field_values.clj",
        needed=False,
    ),
    Set(
        table="metabase_field",
        to={"fingerprint": "NULL"},
        why="least and greatest values of columns",
        source=f"{_AT}/warehouse_schema/models/field.clj",
        needed=False,
    ),
)

APPLICATION = Application(
    name="metabase",
    marker="metabase_database",
    changes=(*_OUT, *_PEOPLE),
    none_left={
        "a session": "SELECT id FROM core_session",
        "a subscription": "SELECT id FROM pulse_channel WHERE enabled",
        "a real address": "SELECT id FROM core_user WHERE email NOT LIKE '%@example.invalid'",
        "a mail server": "SELECT key FROM setting WHERE key LIKE 'email-%'",
    },
    stays=("names and filters of questions and dashboards: a name that was typed there is still there",),
    sealed={"nowhere": '{"host":"127.0.0.1","port":1,"dbname":"none","user":"none"}', "empty": "{}"},
    cipher="metabase",
    secret="metabase_encryption_key",  # noqa: S106 - a name
)
