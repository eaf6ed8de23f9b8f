-- What a tenant's role may use of a server is in its comment (tenants/tiers.py, limits_comment): the tenant can't change
-- that. The functions below belong to the provisioner, who is a member of every tenant's role and of nothing else, so
-- they reach no other role's sessions; the guard's own role may call them, and nothing else.

CREATE SCHEMA guard;

-- Closed by the guard itself: by nobody else's doing is a door opened again.
CREATE TABLE guard.closed (
    role text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now(),
    used_mb bigint NOT NULL,
    quota_mb bigint NOT NULL
);

-- What each database filled when it was weighed last, and what had been written to it by then.
CREATE TABLE guard.weighed (
    role text PRIMARY KEY,
    used_mb bigint NOT NULL,
    writes bigint NOT NULL,
    at timestamptz NOT NULL,
    warned timestamptz
);

-- Tenants' roles and their limits. A comment that says none, as of a role made before there were any, means the
-- smallest tier's.
CREATE FUNCTION guard.limits() RETURNS TABLE (
    role name, role_oid oid, can_login boolean, connection_limit int,
    connections int, statement_s int, idle_in_transaction_s int, transaction_s int, database_mb bigint
)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT rolname, r.oid, rolcanlogin, rolconnlimit,
        COALESCE((said ->> 'connections')::int, 5),
        COALESCE((said ->> 'statement_s')::int, 60),
        COALESCE((said ->> 'idle_in_transaction_s')::int, 60),
        COALESCE((said ->> 'transaction_s')::int, 300),
        COALESCE((said ->> 'database_mb')::bigint, 2048)
    FROM pg_roles r, LATERAL (
        SELECT CASE WHEN comment ~ '^smarteros \{.*\}$' THEN substr(comment, 11)::jsonb END AS said
        FROM (SELECT shobj_description(r.oid, 'pg_authid') AS comment) c
    ) told
    WHERE rolname ~ '^(t|n8n)_[a-z0-9_]+$' AND pg_has_role(current_user, r.oid, 'USAGE')
$$;

-- Ends the sessions that use more than their role may: whose, and why.
CREATE FUNCTION guard.sweep() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT s.pid, s.usename, CASE
            WHEN NOT l.can_login THEN 'the role may not log in'
            WHEN s.datname <> s.usename THEN format('a session in the database %s, which is not its own', s.datname)
            WHEN s.state = 'active' AND now() - s.query_start > make_interval(secs => l.statement_s)
                THEN format('a statement of more than %s s', l.statement_s)
            WHEN s.state LIKE 'idle in transaction%'
                AND now() - s.state_change > make_interval(secs => l.idle_in_transaction_s)
                THEN format('idle in a transaction for more than %s s', l.idle_in_transaction_s)
            WHEN now() - s.xact_start > make_interval(secs => l.transaction_s)
                THEN format('a transaction of more than %s s', l.transaction_s)
            WHEN s.number > l.connections THEN format('more than %s connections', l.connections)
        END AS why
        FROM (
            SELECT *, row_number() OVER (PARTITION BY usesysid ORDER BY backend_start) AS number
            FROM pg_stat_activity WHERE backend_type = 'client backend'
        ) s JOIN guard.limits() l ON l.role_oid = s.usesysid
    LOOP
        IF one.why IS NOT NULL THEN
            BEGIN
                IF pg_terminate_backend(one.pid) THEN
                    RETURN NEXT format('%s: ended: %s', one.usename, one.why);
                END IF;
            EXCEPTION WHEN OTHERS THEN  -- of a role that somebody gave powers, say: the others are looked at all the same
                RETURN NEXT format('%s: can''t be ended: %s: %s', one.usename, one.why, SQLERRM);
            END;
        END IF;
    END LOOP;
END
$$;

-- What one database fills, in MB. Its owner may have taken its own right to connect away, by which it is seen.
CREATE FUNCTION guard.filled(database name, owner name) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN pg_database_size(database) / 1048576;
EXCEPTION WHEN insufficient_privilege THEN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', database, owner);
    RETURN pg_database_size(database) / 1048576;
END
$$;

-- Closes a role whose database is over its quota; opens it again once there is room, unless it was suspended meanwhile;
-- warns from four fifths on, once an hour. What is to be told, or nothing.
CREATE FUNCTION guard.judge(
    role name, can_login boolean, connection_limit int, used_mb bigint, quota_mb bigint, is_closed boolean, warned timestamptz
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF used_mb > quota_mb AND can_login THEN
        EXECUTE format('ALTER ROLE %I NOLOGIN', role);
        INSERT INTO guard.closed AS c VALUES (role, now(), used_mb, quota_mb)
        ON CONFLICT ON CONSTRAINT closed_pkey DO UPDATE SET used_mb = excluded.used_mb, quota_mb = excluded.quota_mb;
        RETURN format('%s: closed: its database fills %s MB, its quota is %s', role, used_mb, quota_mb);
    ELSIF is_closed AND used_mb <= quota_mb THEN
        DELETE FROM guard.closed c WHERE c.role = judge.role;
        IF NOT can_login AND connection_limit <> 0 THEN
            EXECUTE format('ALTER ROLE %I LOGIN', role);
            RETURN format('%s: open again: its database fills %s MB of its quota of %s', role, used_mb, quota_mb);
        END IF;
    ELSIF used_mb * 5 >= quota_mb * 4 AND NOT is_closed
        AND (warned IS NULL OR now() - warned > interval '1 hour') THEN
        UPDATE guard.weighed w SET warned = now() WHERE w.role = judge.role;
        RETURN format('%s: warning: its database fills %s MB of its quota of %s', role, used_mb, quota_mb);
    END IF;
    RETURN NULL;
END
$$;

-- Weighs the databases that were written to since they were weighed last, and judges every role.
CREATE FUNCTION guard.weigh() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
    used bigint;
    said text;
BEGIN
    FOR one IN
        SELECT l.*, w.warned, w.used_mb, w.writes AS seen, w.at, c.role IS NOT NULL AS is_closed,
            COALESCE(s.tup_inserted + s.tup_updated + s.tup_deleted + s.xact_commit, 0) AS writes
        FROM guard.limits() l
        JOIN pg_database d ON d.datname = l.role AND d.datdba = l.role_oid
        LEFT JOIN pg_stat_database s ON s.datid = d.oid
        LEFT JOIN guard.weighed w ON w.role = l.role
        LEFT JOIN guard.closed c ON c.role = l.role
    LOOP
        BEGIN
            used := one.used_mb;
            IF one.seen IS NULL OR one.seen <> one.writes OR one.is_closed OR now() - one.at > interval '1 hour'
                OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = one.role AND backend_xid IS NOT NULL) THEN
                used := guard.filled(one.role, one.role);
                INSERT INTO guard.weighed VALUES (one.role, used, one.writes, now(), one.warned)
                ON CONFLICT (role) DO UPDATE
                SET used_mb = excluded.used_mb, writes = excluded.writes, at = excluded.at;
            END IF;
            said := guard.judge(
                one.role, one.can_login, one.connection_limit, used, one.database_mb, one.is_closed, one.warned
            );
            IF said IS NOT NULL THEN
                RETURN NEXT said;
            END IF;
        EXCEPTION WHEN OTHERS THEN  -- of a role that somebody gave powers, say: the others are weighed all the same
            RETURN NEXT format('%s: can''t be weighed: %s', one.role, SQLERRM);
        END;
    END LOOP;
    DELETE FROM guard.weighed w WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = w.role);
    DELETE FROM guard.closed c WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = c.role);
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA guard FROM PUBLIC;
GRANT USAGE ON SCHEMA guard TO smarteros_guard;
GRANT EXECUTE ON FUNCTION guard.sweep(), guard.weigh() TO smarteros_guard;
