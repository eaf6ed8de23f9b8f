-- The tables of n8n that are asked and neutralised, in the shape of packages/@n8n/db/src/entities at 2.x.
CREATE TABLE workflow_entity (id varchar(36) PRIMARY KEY, name varchar(128) NOT NULL, active boolean NOT NULL,
    nodes json NOT NULL, connections json NOT NULL, settings json, "staticData" json, "pinData" json,
    "versionId" char(36) NOT NULL, "activeVersionId" varchar(36), "isArchived" boolean NOT NULL DEFAULT false);
CREATE TABLE shared_workflow ("workflowId" varchar(36) NOT NULL REFERENCES workflow_entity ON DELETE CASCADE,
    "projectId" varchar(36) NOT NULL, role text NOT NULL, PRIMARY KEY ("workflowId", "projectId"));
CREATE TABLE credentials_entity (id varchar(36) PRIMARY KEY, name varchar(128) NOT NULL, data text NOT NULL,
    type varchar(128) NOT NULL, "isManaged" boolean NOT NULL DEFAULT false);
CREATE TABLE webhook_entity ("workflowId" varchar(36) NOT NULL, "webhookPath" varchar NOT NULL, method text NOT NULL,
    node varchar NOT NULL, "webhookId" varchar, "pathLength" integer, PRIMARY KEY ("webhookPath", method));
CREATE TABLE scheduled_job (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(255) NOT NULL,
    enabled boolean NOT NULL DEFAULT true, "nextRunAt" timestamptz);
CREATE TABLE "user" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email varchar(254) UNIQUE, "firstName" varchar(32),
    "lastName" varchar(32), password varchar, "personalizationAnswers" json, "roleSlug" varchar NOT NULL,
    "mfaEnabled" boolean NOT NULL DEFAULT false, "mfaSecret" text, "mfaRecoveryCodes" text NOT NULL DEFAULT '');
CREATE TABLE project (id varchar(36) PRIMARY KEY, name varchar(255) NOT NULL, type varchar(36) NOT NULL);
CREATE TABLE user_api_keys (id varchar(36) PRIMARY KEY, "userId" uuid NOT NULL, label varchar, "apiKey" varchar UNIQUE);
CREATE TABLE auth_identity ("userId" uuid, "providerId" varchar NOT NULL, "providerType" varchar NOT NULL);
CREATE TABLE event_destinations (id uuid PRIMARY KEY, destination jsonb NOT NULL);
CREATE TABLE settings (key varchar(255) PRIMARY KEY, value text NOT NULL, "loadOnStartup" boolean NOT NULL);
CREATE TABLE execution_entity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "workflowId" varchar(36) NOT NULL);
CREATE TABLE execution_data ("executionId" int PRIMARY KEY REFERENCES execution_entity ON DELETE CASCADE, data text);

INSERT INTO workflow_entity (id, name, active, nodes, connections, "pinData", "versionId", "activeVersionId")
VALUES ('w1', 'Responder', true, '[]', '{}', '{"Webhook":[{"email":"ana@cliente.cl"}]}', gen_random_uuid()::text, 'v1');
INSERT INTO shared_workflow VALUES ('w1', 'p1', 'workflow:owner');
INSERT INTO webhook_entity VALUES ('w1', 'telegram', 'POST', 'Telegram Trigger', NULL, NULL);
INSERT INTO scheduled_job (name, "nextRunAt") VALUES ('cada hora', now());
INSERT INTO "user" (email, "firstName", "lastName", password, "roleSlug")
VALUES ('ana@cliente.cl', 'Ana', 'Rojas', '{owner_hash}', 'global:owner');
INSERT INTO project VALUES ('p1', 'Ana Rojas <ana@cliente.cl>', 'personal');
INSERT INTO user_api_keys SELECT 'k1', id, 'llave', 'n8n_api_living' FROM "user";
INSERT INTO event_destinations VALUES (gen_random_uuid(), '{"url":"https://logs.cliente.cl"}');
INSERT INTO settings VALUES ('features.ldap', '{}', true), ('ui.banners.dismissed', '[]', true);
INSERT INTO execution_entity ("workflowId") VALUES ('w1');
INSERT INTO execution_data VALUES (1, '{"phone":"+56912345678"}');
INSERT INTO credentials_entity VALUES ('c1', 'WhatsApp', '{credential}', 'whatsAppApi');
