# Fills Odoo's own database, if nobody has, and gives its user `admin` the password of the keyring, before anybody reaches
# it: Odoo makes him with the password `admin`. Doing it again changes nothing. SMOS_ODOO_DATABASE names another database
# of Odoo's role, as a tenant's: see docs/odoo.md.
set -euo pipefail

database=${SMOS_ODOO_DATABASE:?names the database}
: "${SMOS_OWNER_PASSWORD_FILE:?names the file with the password}" "${ODOO_RC:?names the file with the settings}"
alone=(--no-http --workers=0 --max-cron-threads=0)

filled=$(python3 - "$database" <<'PYTHON'
import configparser
import os
import sys

import psycopg2

file = configparser.ConfigParser(interpolation=None)
file.read(os.environ["ODOO_RC"])
told = file["options"]
with psycopg2.connect(
    host=told["db_host"],
    port=told["db_port"],
    user=told["db_user"],
    password=told["db_password"],
    sslmode=told["db_sslmode"],
    dbname=sys.argv[1],
) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT to_regclass('public.ir_module_module') IS NOT NULL")
    print("yes" if cursor.fetchone()[0] else "no")
PYTHON
)
if [[ $filled == no ]]; then
    odoo -d "$database" -i base --without-demo=True --stop-after-init "${alone[@]}"
fi
said=$(odoo shell -d "$database" "${alone[@]}" <<'PYTHON'
import os

with open(os.environ["SMOS_OWNER_PASSWORD_FILE"]) as file:
    password = file.read().strip()
admin = env.ref("base.user_admin")
env.cr.execute("SELECT COALESCE(password, '') FROM res_users WHERE id = %s", [admin.id])
(kept,) = env.cr.fetchone()
if not kept or not env["res.users"]._crypt_context().verify(password, kept):
    admin.write({"password": password})
    env.cr.commit()
env.cr.execute("SELECT COALESCE(password, '') FROM res_users WHERE id = %s", [admin.id])
(kept,) = env.cr.fetchone()
if env["res.users"]._crypt_context().verify(password, kept):
    print("the administrator has the keyring's password")
PYTHON
)
# The shell ends well whatever happens in it.
if [[ $said != *"the administrator has the keyring's password"* ]]; then
    echo "the administrator of $database has not got the keyring's password" >&2
    exit 1
fi
echo "the administrator of $database has the keyring's password"
