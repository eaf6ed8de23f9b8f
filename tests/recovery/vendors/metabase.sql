-- The tables of Metabase that are asked and neutralised, in the shape of its resources/migrations.
CREATE TABLE metabase_database (id serial PRIMARY KEY, name varchar NOT NULL, details text, engine varchar NOT NULL, settings text);
CREATE TABLE setting (key varchar PRIMARY KEY, value text NOT NULL);
CREATE TABLE core_user (id serial PRIMARY KEY, email varchar NOT NULL UNIQUE, first_name varchar, last_name varchar,
    password varchar, password_salt varchar, is_superuser boolean NOT NULL, is_active boolean NOT NULL, reset_token varchar);
CREATE TABLE core_session (id varchar PRIMARY KEY, user_id int NOT NULL);
CREATE TABLE api_key (id serial PRIMARY KEY, key varchar NOT NULL, user_id int);
CREATE TABLE pulse (id serial PRIMARY KEY, name varchar, archived boolean DEFAULT false);
CREATE TABLE pulse_channel (id serial PRIMARY KEY, pulse_id int NOT NULL, details text NOT NULL, enabled boolean NOT NULL DEFAULT true);
CREATE TABLE pulse_channel_recipient (id serial PRIMARY KEY, pulse_channel_id int NOT NULL, user_id int NOT NULL);
CREATE TABLE report_card (id serial PRIMARY KEY, name varchar NOT NULL, public_uuid char(36), enable_embedding boolean NOT NULL DEFAULT false);
CREATE TABLE report_dashboard (id serial PRIMARY KEY, name varchar NOT NULL, public_uuid char(36), enable_embedding boolean NOT NULL DEFAULT false);
CREATE TABLE metabase_fieldvalues (id serial PRIMARY KEY, values text, human_readable_values text);
CREATE TABLE metabase_field (id serial PRIMARY KEY, name varchar NOT NULL, fingerprint text);
CREATE TABLE query_cache (query_hash bytea PRIMARY KEY, results bytea NOT NULL);
CREATE TABLE qrtz_triggers (sched_name varchar NOT NULL, trigger_name varchar NOT NULL, PRIMARY KEY (sched_name, trigger_name));
CREATE TABLE qrtz_cron_triggers (sched_name varchar NOT NULL, trigger_name varchar NOT NULL,
    FOREIGN KEY (sched_name, trigger_name) REFERENCES qrtz_triggers);

INSERT INTO metabase_database (name, details, engine) VALUES ('Ventas', '{connection}', 'postgres');
INSERT INTO setting VALUES ('site-locale', 'es'), ('email-smtp-password', '{setting}'), ('encryption-check', '{setting}');
INSERT INTO core_user (email, first_name, last_name, password, password_salt, is_superuser, is_active)
VALUES ('ana@cliente.cl', 'Ana', 'Rojas', '{owner_hash}', 'sal', true, true);
INSERT INTO core_session VALUES ('s', 1);
INSERT INTO api_key (key, user_id) VALUES ('living', 1);
INSERT INTO pulse (name) VALUES ('Cada lunes');
INSERT INTO pulse_channel (pulse_id, details) VALUES (1, '{"emails":["jefe@cliente.cl"]}');
INSERT INTO pulse_channel_recipient (pulse_channel_id, user_id) VALUES (1, 1);
INSERT INTO report_card (name, public_uuid) VALUES ('Ventas', gen_random_uuid());
INSERT INTO report_dashboard (name) VALUES ('Ventas');
INSERT INTO metabase_fieldvalues (values) VALUES ('["ana@cliente.cl"]');
INSERT INTO metabase_field (name, fingerprint) VALUES ('email', '{}');
INSERT INTO query_cache VALUES ('\x00', '\x00');
INSERT INTO qrtz_triggers VALUES ('m', 't');
INSERT INTO qrtz_cron_triggers VALUES ('m', 't');
