"""Chatwoot. Source of tables and columns: chatwoot/chatwoot db/schema.rb."""

from __future__ import annotations

from recovery.neutralise.change import Application, Change, Emptied, Set, mail, person, phone, random_text

__all__ = ["APPLICATION"]

_SCHEMA = "db/schema.rb"


def _channel(
    table: str, why: str, to: dict[str, str], also: dict[str, str] | None = None, *, needed: bool = True
) -> Set:
    return Set(table=table, to=to, also=also or {}, why=why, source=f"{_SCHEMA} ({table})", needed=needed)


_CHANNELS: tuple[Change, ...] = (
    _channel(
        "channel_email",
        "no mailbox is read and no mail goes out",
        {
            "imap_enabled": "false",
            "smtp_enabled": "false",
            **{f"{kind}_{what}": "''" for kind in ("imap", "smtp") for what in ("address", "login", "password")},
            "provider_config": "'{}'",
            "email": mail(who="buzon"),
            "forward_to_email": mail(who="reenvio"),
        },
    ),
    _channel("channel_api", "nobody is told of a message", {"webhook_url": "NULL", "hmac_token": random_text()}),
    _channel(
        "channel_whatsapp",
        "no message goes to WhatsApp, and its number is nobody's",
        {"provider_config": "'{}'", "phone_number": phone()},
    ),
    _channel(
        "channel_telegram",
        "a bot has one webhook: the copy must not take it",
        {"bot_token": random_text(), "bot_name": "NULL"},
    ),
    _channel(
        "channel_facebook_pages",
        "no message goes to Facebook",
        {"user_access_token": random_text(), "page_access_token": random_text(), "page_id": "'copia-' || id"},
        {"instagram_id": "NULL"},
    ),
    _channel(
        "channel_instagram",
        "likewise",
        {"access_token": random_text(), "instagram_id": "'copia-' || id"},
        needed=False,
    ),
    _channel("channel_tiktok", "likewise", {"access_token": random_text()}, {"refresh_token": "''"}, needed=False),
    _channel(
        "channel_line",
        "no message goes to LINE",
        {
            "line_channel_token": random_text(),
            "line_channel_secret": random_text(),
            "line_channel_id": "'copia-' || id",
        },
    ),
    _channel("channel_sms", "no message by SMS", {"provider_config": "'{}'", "phone_number": phone()}),
    _channel(
        "channel_twilio_sms",
        "likewise",
        {"auth_token": random_text(), "account_sid": "'copia-' || id", "phone_number": phone()},
        {"messaging_service_sid": "NULL", "api_key_sid": "NULL"},
    ),
    _channel(
        "channel_twitter_profiles",
        "likewise",
        {"twitter_access_token": random_text(), "twitter_access_token_secret": random_text()},
        needed=False,
    ),
    _channel("channel_voice", "nobody is called", {"provider_config": "'{}'", "phone_number": phone()}, needed=False),
    _channel(
        "channel_web_widgets",
        "the widget on the customer's page does not speak to the copy",
        {"website_token": random_text(), "hmac_token": random_text(), "continuity_via_email": "false"},
    ),
)

_OUT: tuple[Change, ...] = (
    Emptied(table="webhooks", why="nobody is told of anything", source=f"{_SCHEMA} (webhooks)"),
    Set(table="agent_bots", to={"outgoing_url": "NULL"}, why="no bot is asked", source=f"{_SCHEMA} (agent_bots)"),
    Set(
        table="integrations_hooks",
        to={"status": "0", "access_token": "NULL", "settings": "'{}'"},
        why="no integration is called",
        source=f"{_SCHEMA}; app/models/integrations/hook.rb (status: disabled is 0)",
    ),
    Set(
        table="automation_rules",
        to={"active": "false"},
        why="no rule sends a mail or a webhook",
        source=f"{_SCHEMA}; app/services/action_service.rb",
    ),
    Set(table="campaigns", to={"enabled": "false"}, why="no campaign is sent", source=f"{_SCHEMA} (campaigns)"),
    Set(
        table="notification_settings",
        to={"email_flags": "0", "push_flags": "0"},
        why="nobody is notified",
        source=f"{_SCHEMA} (notification_settings)",
    ),
    Emptied(
        table="notification_subscriptions",
        why="no browser and no phone is pushed to",
        source=f"{_SCHEMA} (notification_subscriptions)",
    ),
    Set(
        table="access_tokens",
        to={"token": random_text()},
        why="no key of the living one opens the copy",
        source=f"{_SCHEMA}; app/models/concerns/access_tokenable.rb",
    ),
    Emptied(
        table="installation_configs",
        where="name ~ '(SECRET|TOKEN|PASSWORD|API_KEY|WEBHOOK|SMTP)'",
        why="no account at somebody else's service is used",
        source="config/installation_config.yml (type: secret)",
    ),
    Set(
        table="portals",
        to={"custom_domain": "NULL"},
        why="the customer's own domain leads to the living one",
        source=f"{_SCHEMA} (portals)",
    ),
)

_PEOPLE: tuple[Change, ...] = (
    Set(
        table="users",
        to={
            **{"name": person(), "display_name": "NULL", "email": mail(who="agente"), "tokens": "NULL"},
            **{"uid": mail(who="agente"), "encrypted_password": "''", "unconfirmed_email": "NULL"},
            **{"current_sign_in_ip": "NULL", "last_sign_in_ip": "NULL", "message_signature": "NULL"},
            **{"reset_password_token": "NULL", "confirmation_token": "NULL", "pubsub_token": random_text()},
        },
        also={"otp_secret": "NULL", "otp_required_for_login": "false", "otp_backup_codes": "NULL"},
        why="nobody is named, nobody gets mail, nobody's password is in it",
        source=f"{_SCHEMA}; app/models/user.rb (uid is the address)",
    ),
    Set(
        table="contacts",
        to={
            **{"name": person(), "email": f"CASE WHEN email IS NOT NULL THEN {mail()} END"},
            **{"phone_number": f"CASE WHEN phone_number IS NOT NULL THEN {phone()} END"},
            **{"identifier": "CASE WHEN identifier IS NOT NULL THEN 'persona-' || id END"},
            **{"additional_attributes": "'{}'", "custom_attributes": "'{}'"},
        },
        also={"middle_name": "''", "last_name": "''", "location": "''"},
        why="no customer of the customer is named",
        source=f"{_SCHEMA} (contacts)",
    ),
    Set(
        table="contact_inboxes",
        to={"source_id": "'copia-' || id", "pubsub_token": random_text()},
        why="the number or address at which a channel reaches him",
        source=f"{_SCHEMA}; app/builders/contact_inbox_builder.rb (source_id)",
    ),
    Set(
        table="conversations",
        to={"additional_attributes": "'{}'"},
        why="the subject, page and address that it came from",
        source=f"{_SCHEMA} (conversations)",
    ),
    Set(
        table="messages",
        to={"content": "CASE WHEN content IS NOT NULL THEN 'Mensaje ' || id END", "source_id": "NULL"},
        also={"processed_message_content": "NULL", "content_attributes": "'{}'", "external_source_ids": "'{}'"},
        why="what people write names them",
        source=f"{_SCHEMA} (messages)",
    ),
    Set(
        table="accounts",
        to={"support_email": "NULL", "domain": "NULL"},
        why="no mail comes from the customer's address",
        source=f"{_SCHEMA} (accounts)",
    ),
    Set(table="inboxes", to={"email_address": "NULL"}, why="likewise", source=f"{_SCHEMA} (inboxes)"),
    Set(table="notes", to={"content": "'Nota ' || id"}, why="notes on people", source=f"{_SCHEMA} (notes)"),
    Emptied(table="audits", why="who did what, from which address", source=f"{_SCHEMA} (audits)", needed=False),
)

APPLICATION = Application(
    name="chatwoot",
    marker="conversations",
    changes=(*_CHANNELS, *_OUT, *_PEOPLE),
    none_left={
        "a mailbox": "SELECT id FROM channel_email WHERE imap_enabled OR smtp_enabled",
        "a webhook": "SELECT id FROM webhooks",
        "a real address": "SELECT id FROM contacts WHERE email NOT LIKE '%@example.invalid'",
        "a real number": "SELECT id FROM contacts WHERE phone_number NOT LIKE '+999%'",
        "a rule": "SELECT id FROM automation_rules WHERE active",
    },
    stays=(
        "attachments: pictures and documents of conversations are files, and are in no table",
        "names that were given to accounts, inboxes, labels, teams, macros and articles",
        "answers of the survey, in csat_survey_responses",
    ),
)
