"""Odoo. It has its own neutralize.sql in each module, which `odoo-bin neutralize -d DATABASE` runs: what those of the
community's modules do is done here again, in a place where Odoo isn't; and people are replaced, which they don't do.
"""

from __future__ import annotations

from recovery.neutralise.change import Added, Application, Change, Emptied, Set, mail, person, phone

__all__ = ["APPLICATION"]

_BASE = "odoo/odoo odoo/addons/base/data/neutralize.sql"


def _of(module: str) -> str:
    return f"odoo/odoo addons/{module}/data/neutralize.sql"


_OUT: tuple[Change, ...] = (
    Set(
        table="ir_mail_server",
        to={"active": "false"},
        also={"smtp_host": "'invalid'", "smtp_user": "NULL", "smtp_pass": "NULL"},
        why="no mail",
        source=_BASE,
    ),
    Emptied(table="ir_mail_server", where="name = 'neutralised copy'", why="of an earlier run of this", source=_BASE),
    Added(
        table="ir_mail_server",
        sql="INSERT INTO ir_mail_server (name, smtp_port, smtp_host, smtp_encryption, active, smtp_authentication) "
        "VALUES ('neutralised copy', 1025, 'invalid', 'none', true, 'login')",
        why="without any server it would take the one of its configuration file",
        source=_BASE,
    ),
    Set(
        table="ir_cron",
        to={"active": "false"},
        where="id NOT IN (SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND name = 'autovacuum_job')",
        why="nothing starts by the clock, but its own cleaning",
        source=_BASE,
    ),
    Set(
        table="ir_act_server",
        to={"webhook_url": "'neutralised'"},
        where="state = 'webhook'",
        why="no webhook is called",
        source=_BASE,
    ),
    Added(
        table="ir_config_parameter",
        sql="INSERT INTO ir_config_parameter (key, value) VALUES ('database.is_neutralized', 'true') "
        "ON CONFLICT (key) DO UPDATE SET value = 'true'",
        why="Odoo shows a ribbon over a copy",
        source=_BASE,
    ),
    Set(
        table="ir_config_parameter",
        to={"value": "gen_random_uuid()::text"},
        where="key IN ('database.uuid', 'database.secret')",
        why="its publisher must not take the copy for the living one; signatures of the one don't count in the other",
        source="odoo/odoo odoo/service/db.py (restore_db); ir_config_parameter.py (_default_parameters)",
    ),
    Set(
        table="mail_template",
        to={"mail_server_id": "NULL"},
        why="no mail by a server of its own",
        source=_of("mail"),
        needed=False,
    ),
    Set(
        table="fetchmail_server",
        to={"active": "false"},
        also={"server": "'invalid'", "user": "NULL", "password": "NULL"},
        why="no mailbox is read",
        source=_of("mail"),
        needed=False,
    ),
    Emptied(
        table="mail_mail",
        why="no mail waits to go out, and none that went says to whom",
        source="odoo/odoo addons/mail/models/mail_mail.py (state)",
        needed=False,
    ),
    Emptied(
        table="mail_push_device",
        why="no browser is pushed to",
        source="odoo/odoo addons/mail/models/mail_push_device.py",
        needed=False,
    ),
    Set(
        table="payment_provider",
        to={},
        also={"state": "'disabled'", "is_live": "false"},
        why="nobody is charged",
        source=_of("payment"),
        needed=False,
    ),
    Set(
        table="delivery_carrier",
        to={"prod_environment": "false"},
        why="no parcel is ordered",
        source=_of("delivery"),
        needed=False,
    ),
    Set(
        table="iap_account",
        to={"account_token": "'disabled'"},
        why="no credit is used",
        source=_of("iap"),
        needed=False,
    ),
    Set(
        table="auth_oauth_provider",
        to={"enabled": "false"},
        why="no login by somebody else's directory",
        source=_of("auth_oauth"),
        needed=False,
    ),
    Emptied(
        table="res_users_apikeys",
        why="no key of the living one opens the copy",
        source="odoo/odoo odoo/addons/base/models/res_users.py (ResUsersApikeys)",
    ),
)

_PEOPLE: tuple[Change, ...] = (
    Set(
        table="res_users",
        to={"login": mail(who="usuario"), "password": "NULL"},
        also={"totp_secret": "NULL", "signature": "NULL", "google_calendar_token_validity": "NULL"},
        where="login NOT IN ('admin', '__system__', 'public', 'default', 'portaltemplate')",
        why="nobody's login or password is in it; the administrator's is the keyring's",
        source="odoo/odoo odoo/addons/base/models/res_users.py, data/res_users_data.xml",
    ),
    Set(
        table="res_partner",
        to={"name": person(), "email": mail(), "phone": phone()},
        also={
            **{"complete_name": person(), "email_normalized": mail(), "phone_sanitized": phone(), "mobile": phone()},
            **{"street": "NULL", "street2": "NULL", "website": "NULL", "comment": "NULL", "vat": "NULL", "ref": "NULL"},
            **{"commercial_company_name": person(), "company_name": "NULL", "partner_latitude": "NULL"},
        },
        where="id NOT IN (SELECT partner_id FROM res_company)",
        why="customers, suppliers, employees: names, numbers (RUT too), addresses",
        source="odoo/odoo odoo/addons/base/models/res_partner.py; addons/phone_validation",
    ),
    Emptied(
        table="mail_message",
        where="message_type <> 'notification'",
        why="what people wrote",
        source="odoo/odoo addons/mail/models/mail_message.py",
        needed=False,
    ),
    Set(
        table="res_partner_bank",
        to={"acc_number": "'COPIA-' || id"},
        also={"sanitized_acc_number": "'COPIA' || id"},
        why="accounts at banks",
        source="odoo/odoo odoo/addons/base/models/res_bank.py",
    ),
    Set(
        table="crm_lead",
        to={},
        also={
            "contact_name": person(),
            "partner_name": person(),
            "email_from": mail(),
            "phone": phone(),
            "name": "'Oportunidad ' || id",
        },
        why="people who asked",
        source="odoo/odoo addons/crm/models/crm_lead.py",
        needed=False,
    ),
    Set(
        table="hr_employee",
        to={},
        also={
            "name": person(),
            "work_email": mail(),
            "work_phone": phone(),
            "private_email": "NULL",
            "private_phone": "NULL",
            "identification_id": "NULL",
        },
        why="employees",
        source="odoo/odoo addons/hr/models/hr_employee.py",
        needed=False,
    ),
)

APPLICATION = Application(
    name="odoo",
    marker="ir_module_module",
    changes=(*_OUT, *_PEOPLE),
    none_left={
        "a mail server": "SELECT id FROM ir_mail_server WHERE active AND smtp_host <> 'invalid'",
        "a job": "SELECT id FROM ir_cron WHERE active AND id NOT IN (SELECT res_id FROM ir_model_data "
        "WHERE model = 'ir.cron' AND name = 'autovacuum_job')",
        "a real address": "SELECT id FROM res_partner WHERE email NOT LIKE '%@example.invalid' "
        "AND id NOT IN (SELECT partner_id FROM res_company)",
    },
    stays=(
        "what modules of a vendor's or of one's own keep: run `odoo-bin neutralize -d DATABASE` as well, where Odoo is",
        "the companies' own names and addresses, and the text of documents and of their lines",
        "attachments: they are files of the filestore",
    ),
)
