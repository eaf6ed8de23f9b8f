"""n8n. Source of tables and columns: n8n-io/n8n packages/@n8n/db/src/entities at 2.x."""

from __future__ import annotations

from recovery.neutralise.change import Application, Emptied, Set, mail, person

__all__ = ["APPLICATION"]

_AT = "packages/@n8n/db/src/entities"

APPLICATION = Application(
    name="n8n",
    marker="workflow_entity",
    changes=(
        Set(
            table="workflow_entity",
            to={"active": "false", "staticData": "NULL", "pinData": "NULL"},
            also={"activeVersionId": "NULL"},
            why="no schedule and no webhook starts; what was pinned or remembered is of real people",
            source=f"{_AT}/workflow-entity.ts (active, activeVersionId, staticData, pinData); issue 13500",
        ),
        Emptied(table="webhook_entity", why="no webhook is answered", source=f"{_AT}/webhook-entity.ts"),
        Set(
            table="scheduled_job",
            to={"enabled": "false", "nextRunAt": "NULL"},
            why="nothing starts by the clock",
            source=f"{_AT}/scheduled-job.ts",
            needed=False,
        ),
        Emptied(table="scheduled_task", why="nothing waits to start", source=f"{_AT}/scheduled-task.ts", needed=False),
        Set(
            table="credentials_entity",
            to={"data": "%(empty)s"},
            why="no credential of a living account is in the copy; each keeps its name and is empty",
            source=f"{_AT}/credentials-entity.ts (data); packages/core/src/encryption/cipher.ts",
        ),
        Emptied(table="user_api_keys", why="no key of the living one opens the copy", source=f"{_AT}/api-key.ts"),
        Emptied(table="auth_identity", why="no login by somebody else's directory", source=f"{_AT}/auth-identity.ts"),
        Emptied(
            table="event_destinations",
            why="no log is streamed elsewhere",
            source=f"{_AT}/event-destinations.ts",
            needed=False,
        ),
        Emptied(
            table="settings",
            where="key LIKE 'features.%%' OR key LIKE 'feature.%%' OR key LIKE '%%smtp%%'",
            why="no directory, single sign-on or outer vault is asked",
            source=f"{_AT}/settings.ts; packages/cli/src/modules/external-secrets.ee/constants.ts",
        ),
        Set(
            table="user",
            to={"email": mail(), "firstName": "'Persona'", "lastName": "left(id::text, 8)", "password": "NULL"},
            also={
                "mfaEnabled": "false",
                "mfaSecret": "NULL",
                "mfaRecoveryCodes": "''",
                "personalizationAnswers": "NULL",
            },
            why="nobody is named, nobody gets mail, nobody's password is in it",
            source=f"{_AT}/user.ts",
        ),
        Set(
            table="project",
            to={"name": person("left(id::text, 8)")},
            where="type = 'personal'",
            why="a personal project is called after its owner and his address",
            source=f"{_AT}/user.ts (createPersonalProjectName), project.ts",
        ),
        Emptied(table="execution_data", why="what ran held messages of real people", source=f"{_AT}/execution-data.ts"),
        Emptied(table="execution_entity", why="likewise", source=f"{_AT}/execution-entity.ts"),
    ),
    none_left={
        "an active workflow": "SELECT id FROM workflow_entity WHERE active",
        "a registered webhook": 'SELECT "webhookPath" FROM webhook_entity',
        "a real address": "SELECT id FROM \"user\" WHERE email IS NULL OR email NOT LIKE '%@example.invalid'",
    },
    stays=(
        "names, notes and parameters of workflows' nodes, in them and in workflow_history: a number or a name that was "
        "typed there is still there",
    ),
    sealed={"empty": "{}"},
    cipher="n8n",
    secret="n8n_encryption_key",  # noqa: S106 - a name
)
