-- The tables of Chatwoot that are asked and neutralised, in the shape of its db/schema.rb.
CREATE TABLE accounts (id serial PRIMARY KEY, name varchar NOT NULL, domain varchar(100), support_email varchar(100));
CREATE TABLE users (id serial PRIMARY KEY, provider varchar NOT NULL DEFAULT 'email', uid varchar NOT NULL DEFAULT '',
    encrypted_password varchar NOT NULL DEFAULT '', reset_password_token varchar UNIQUE, confirmation_token varchar,
    current_sign_in_ip varchar, last_sign_in_ip varchar, unconfirmed_email varchar, name varchar NOT NULL,
    display_name varchar, email varchar, tokens json, pubsub_token varchar UNIQUE, type varchar, message_signature text,
    otp_secret varchar, otp_required_for_login boolean NOT NULL DEFAULT false, otp_backup_codes text,
    UNIQUE (uid, provider));
CREATE TABLE contacts (id serial PRIMARY KEY, name varchar DEFAULT '', email varchar, phone_number varchar,
    account_id int NOT NULL, additional_attributes jsonb DEFAULT '{}', identifier varchar,
    custom_attributes jsonb DEFAULT '{}', middle_name varchar DEFAULT '', last_name varchar DEFAULT '',
    location varchar DEFAULT '', UNIQUE (email, account_id), UNIQUE (identifier, account_id));
CREATE TABLE contact_inboxes (id bigserial PRIMARY KEY, contact_id bigint, inbox_id bigint, source_id varchar NOT NULL,
    pubsub_token varchar UNIQUE, UNIQUE (inbox_id, source_id));
CREATE TABLE inboxes (id serial PRIMARY KEY, channel_id int NOT NULL, account_id int NOT NULL, name varchar NOT NULL,
    channel_type varchar, email_address varchar);
CREATE TABLE conversations (id serial PRIMARY KEY, account_id int NOT NULL, inbox_id int NOT NULL,
    status int NOT NULL DEFAULT 0, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, contact_id bigint,
    display_id int NOT NULL, additional_attributes jsonb DEFAULT '{}', UNIQUE (account_id, display_id));
CREATE TABLE messages (id serial PRIMARY KEY, content text, account_id int NOT NULL, conversation_id int NOT NULL,
    source_id varchar, content_attributes json DEFAULT '{}', processed_message_content text,
    external_source_ids jsonb DEFAULT '{}');
CREATE TABLE notes (id bigserial PRIMARY KEY, content text NOT NULL, contact_id bigint NOT NULL);
CREATE TABLE audits (id bigserial PRIMARY KEY, username varchar, remote_address varchar);
CREATE TABLE active_storage_blobs (id bigserial PRIMARY KEY, key varchar NOT NULL UNIQUE, filename varchar NOT NULL,
    byte_size bigint NOT NULL, checksum varchar, service_name varchar NOT NULL);
CREATE TABLE channel_email (id bigserial PRIMARY KEY, account_id int NOT NULL, email varchar NOT NULL UNIQUE,
    forward_to_email varchar NOT NULL UNIQUE, imap_enabled boolean DEFAULT false, imap_address varchar DEFAULT '',
    imap_login varchar DEFAULT '', imap_password varchar DEFAULT '', smtp_enabled boolean DEFAULT false,
    smtp_address varchar DEFAULT '', smtp_login varchar DEFAULT '', smtp_password varchar DEFAULT '',
    provider_config jsonb DEFAULT '{}');
CREATE TABLE channel_api (id bigserial PRIMARY KEY, account_id int NOT NULL, webhook_url varchar,
    identifier varchar UNIQUE, hmac_token varchar UNIQUE);
CREATE TABLE channel_whatsapp (id bigserial PRIMARY KEY, account_id int NOT NULL, phone_number varchar NOT NULL UNIQUE,
    provider_config jsonb DEFAULT '{}');
CREATE TABLE channel_telegram (id bigserial PRIMARY KEY, bot_name varchar, account_id int NOT NULL,
    bot_token varchar NOT NULL UNIQUE);
CREATE TABLE channel_facebook_pages (id serial PRIMARY KEY, page_id varchar NOT NULL, user_access_token varchar NOT NULL,
    page_access_token varchar NOT NULL, account_id int NOT NULL, instagram_id varchar, UNIQUE (page_id, account_id));
CREATE TABLE channel_line (id bigserial PRIMARY KEY, account_id int NOT NULL, line_channel_id varchar NOT NULL UNIQUE,
    line_channel_secret varchar NOT NULL, line_channel_token varchar NOT NULL);
CREATE TABLE channel_sms (id bigserial PRIMARY KEY, account_id int NOT NULL, phone_number varchar NOT NULL UNIQUE,
    provider_config jsonb DEFAULT '{}');
CREATE TABLE channel_twilio_sms (id bigserial PRIMARY KEY, phone_number varchar UNIQUE, auth_token varchar NOT NULL,
    account_sid varchar NOT NULL, account_id int NOT NULL, messaging_service_sid varchar UNIQUE, api_key_sid varchar);
CREATE TABLE channel_web_widgets (id serial PRIMARY KEY, account_id int, website_token varchar UNIQUE,
    hmac_token varchar UNIQUE, continuity_via_email boolean NOT NULL DEFAULT true);
CREATE TABLE webhooks (id bigserial PRIMARY KEY, account_id int, url varchar);
CREATE TABLE agent_bots (id bigserial PRIMARY KEY, name varchar, outgoing_url varchar);
CREATE TABLE integrations_hooks (id bigserial PRIMARY KEY, status int DEFAULT 1, access_token varchar,
    settings jsonb DEFAULT '{}');
CREATE TABLE automation_rules (id bigserial PRIMARY KEY, account_id bigint NOT NULL, active boolean NOT NULL DEFAULT true);
CREATE TABLE campaigns (id bigserial PRIMARY KEY, account_id bigint NOT NULL, enabled boolean DEFAULT true);
CREATE TABLE notification_settings (id bigserial PRIMARY KEY, email_flags int NOT NULL DEFAULT 0,
    push_flags int NOT NULL DEFAULT 0);
CREATE TABLE notification_subscriptions (id bigserial PRIMARY KEY, user_id bigint NOT NULL);
CREATE TABLE access_tokens (id bigserial PRIMARY KEY, owner_type varchar, owner_id bigint, token varchar UNIQUE);
CREATE TABLE installation_configs (id bigserial PRIMARY KEY, name varchar NOT NULL UNIQUE, serialized_value jsonb);
CREATE TABLE portals (id bigserial PRIMARY KEY, account_id int NOT NULL, custom_domain varchar UNIQUE);

CREATE FUNCTION accounts_after_insert_row_tr() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN execute format('create sequence IF NOT EXISTS conv_dpid_seq_%s', NEW.id); RETURN NULL; END $$;
CREATE TRIGGER accounts_after_insert_row_tr AFTER INSERT ON accounts FOR EACH ROW
EXECUTE FUNCTION accounts_after_insert_row_tr();
CREATE FUNCTION conversations_before_insert_row_tr() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.display_id := nextval('public.conv_dpid_seq_' || NEW.account_id); RETURN NEW; END $$;
CREATE TRIGGER conversations_before_insert_row_tr BEFORE INSERT ON conversations FOR EACH ROW
EXECUTE FUNCTION conversations_before_insert_row_tr();

INSERT INTO accounts (name, domain, support_email) VALUES ('Panaderia', 'cliente.cl', 'hola@cliente.cl');
INSERT INTO users (uid, name, email, encrypted_password, type, tokens, otp_secret, current_sign_in_ip)
VALUES ('ana@cliente.cl', 'Ana Rojas', 'ana@cliente.cl', '{owner_hash}', 'SuperAdmin', '{"a":1}', '{second_factor}', '200.1.2.3');
INSERT INTO contacts (name, email, phone_number, account_id, additional_attributes)
SELECT 'Cliente ' || n, 'cliente' || n || '@correo.cl', '+5691234567' || n, 1, '{"city":"Talca"}' FROM generate_series(0, 8) n;
INSERT INTO contact_inboxes (contact_id, inbox_id, source_id) SELECT id, 1, '5691234567' || id FROM contacts;
INSERT INTO inboxes (channel_id, account_id, name, channel_type) VALUES (1, 1, 'WhatsApp', 'Channel::Whatsapp');
INSERT INTO conversations (account_id, inbox_id, created_at, updated_at, contact_id)
SELECT 1, 1, now(), now(), id FROM contacts;
INSERT INTO messages (content, account_id, conversation_id, source_id)
SELECT 'mi correo es x@correo.cl', 1, id, 'wamid.' || id FROM conversations;
INSERT INTO notes (content, contact_id) VALUES ('llamar a +56912345678', 1);
INSERT INTO audits (username, remote_address) VALUES ('ana@cliente.cl', '200.1.2.3');
INSERT INTO active_storage_blobs (key, filename, byte_size, checksum, service_name)
VALUES ('abcdef123456', 'foto.jpg', {blob_size}, '{blob_checksum}', 'local');
INSERT INTO channel_email (account_id, email, forward_to_email, imap_enabled, imap_password, smtp_enabled, smtp_password)
VALUES (1, 'hola@cliente.cl', 'x@in.cliente.cl', true, 'clave', true, 'clave');
INSERT INTO channel_api (account_id, webhook_url) VALUES (1, 'https://hook.cliente.cl');
INSERT INTO channel_whatsapp (account_id, phone_number, provider_config) VALUES (1, '+56987654321', '{"api_key":"EAAliving"}');
INSERT INTO channel_telegram (account_id, bot_name, bot_token) VALUES (1, 'bot', '123:living');
INSERT INTO channel_web_widgets (account_id, website_token) VALUES (1, 'living');
INSERT INTO webhooks (account_id, url) VALUES (1, 'https://hook.cliente.cl');
INSERT INTO agent_bots (name, outgoing_url) VALUES ('triage', 'https://n8n.cliente.cl');
INSERT INTO integrations_hooks (access_token, settings) VALUES ('xoxb-living', '{"k":"v"}');
INSERT INTO automation_rules (account_id) VALUES (1);
INSERT INTO campaigns (account_id) VALUES (1);
INSERT INTO notification_settings (email_flags) VALUES (7);
INSERT INTO notification_subscriptions (user_id) VALUES (1);
INSERT INTO access_tokens (owner_type, owner_id, token) VALUES ('User', 1, 'living');
INSERT INTO installation_configs (name, serialized_value) VALUES ('FB_APP_SECRET', '{}'), ('INSTALLATION_NAME', '{}');
INSERT INTO portals (account_id, custom_domain) VALUES (1, 'ayuda.cliente.cl');
