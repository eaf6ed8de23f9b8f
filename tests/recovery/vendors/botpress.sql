-- The tables of Botpress v12 that are asked and neutralised, in the shape of packages/bp/src/core and botpress/messaging.
CREATE TABLE srv_ghost_files (file_path varchar(255) PRIMARY KEY, content bytea, deleted boolean, modified_on timestamptz);
CREATE TABLE srv_ghost_index (file_path varchar(255), revision varchar(255), created_by varchar(255), created_on timestamptz);
CREATE TABLE events (id bigserial PRIMARY KEY, "botId" varchar, event json);
CREATE TABLE dialog_sessions (id varchar PRIMARY KEY, "botId" varchar, context json);
CREATE TABLE srv_logs (id serial PRIMARY KEY, message varchar);
CREATE TABLE srv_kvs (key varchar NOT NULL, "botId" varchar, value text);
CREATE TABLE tasks ("eventId" varchar, status varchar);
CREATE TABLE srv_channel_users (id serial PRIMARY KEY, channel varchar, user_id varchar, attributes json);
CREATE TABLE bot_chat_users ("botId" varchar NOT NULL, channel varchar NOT NULL, "userId" varchar NOT NULL);
CREATE TABLE workspace_invite_codes ("workspaceId" varchar, "inviteCode" varchar, "allowedUsages" int);
CREATE TABLE workspace_users (email varchar, strategy varchar, workspace varchar, role varchar);
CREATE TABLE strategy_default (id serial PRIMARY KEY, email varchar NOT NULL, password varchar, salt varchar,
    strategy varchar NOT NULL, attributes json NOT NULL, "tokenVersion" int NOT NULL DEFAULT 1);
CREATE TABLE msg_webhooks (id uuid PRIMARY KEY, url varchar NOT NULL);
CREATE TABLE msg_conduits (id uuid PRIMARY KEY, config varchar NOT NULL);

INSERT INTO srv_ghost_files VALUES
    ('data/global/workspaces.json', convert_to('[{"id":"default","bots":["acme_triage"]}]', 'UTF8'), false, now()),
    ('data/bots/acme_triage/bot.config.json',
     convert_to('{"id":"acme_triage","disabled":false,"messaging":{"id":"x","token":"living","channels":{"telegram":{}}}}', 'UTF8'), false, now()),
    ('data/bots/acme_triage/flows/main.flow.json', convert_to('{}', 'UTF8'), false, now());
INSERT INTO events ("botId", event) VALUES ('acme_triage', '{"text":"soy ana@cliente.cl"}');
INSERT INTO dialog_sessions VALUES ('s', 'acme_triage', '{}');
INSERT INTO srv_channel_users (channel, user_id, attributes) VALUES ('web', 'ana', '{"email":"ana@cliente.cl"}');
INSERT INTO workspace_users VALUES ('ana@cliente.cl', 'default', 'default', 'admin');
INSERT INTO strategy_default (email, password, salt, strategy, attributes) VALUES ('ana@cliente.cl', 'h', 's', 'default', '{"firstname":"Ana"}');
INSERT INTO msg_webhooks VALUES (gen_random_uuid(), 'https://hook.cliente.cl');
INSERT INTO msg_conduits VALUES (gen_random_uuid(), 'living');
