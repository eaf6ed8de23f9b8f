-- The tables of Odoo that are asked and neutralised, in the shape of 19.0's odoo/addons/base and addons/mail.
CREATE TABLE ir_module_module (id serial PRIMARY KEY, name varchar NOT NULL, state varchar);
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, complete_name varchar, email varchar,
    email_normalized varchar, phone varchar, phone_sanitized varchar, street varchar, street2 varchar, website varchar,
    comment text, vat varchar, ref varchar, commercial_company_name varchar, company_name varchar, is_company boolean);
CREATE TABLE res_company (id serial PRIMARY KEY, name varchar NOT NULL, partner_id int NOT NULL REFERENCES res_partner);
CREATE TABLE res_users (id serial PRIMARY KEY, login varchar NOT NULL UNIQUE, password varchar, active boolean,
    partner_id int NOT NULL REFERENCES res_partner, totp_secret varchar, signature text);
CREATE TABLE res_users_apikeys (id serial PRIMARY KEY, user_id int NOT NULL, key varchar);
CREATE TABLE res_partner_bank (id serial PRIMARY KEY, acc_number varchar NOT NULL, sanitized_acc_number varchar);
CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar NOT NULL, smtp_host varchar, smtp_port int,
    smtp_encryption varchar NOT NULL, smtp_authentication varchar NOT NULL, smtp_user varchar, smtp_pass varchar, active boolean);
CREATE TABLE ir_cron (id serial PRIMARY KEY, active boolean);
CREATE TABLE ir_model_data (id serial PRIMARY KEY, module varchar, name varchar, model varchar, res_id int);
CREATE TABLE ir_act_server (id serial PRIMARY KEY, state varchar NOT NULL, webhook_url varchar);
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar NOT NULL UNIQUE, value text NOT NULL);
CREATE TABLE ir_attachment (id serial PRIMARY KEY, name varchar, store_fname varchar, file_size int, checksum varchar(40));
CREATE TABLE mail_template (id serial PRIMARY KEY, mail_server_id int);
CREATE TABLE mail_mail (id serial PRIMARY KEY, state varchar, email_to text);
CREATE TABLE mail_message (id serial PRIMARY KEY, message_type varchar NOT NULL, body text);
CREATE TABLE fetchmail_server (id serial PRIMARY KEY, active boolean, "user" varchar, password varchar);
CREATE TABLE payment_provider (id serial PRIMARY KEY, state varchar NOT NULL);
CREATE TABLE iap_account (id serial PRIMARY KEY, account_token varchar);

INSERT INTO ir_module_module (name, state) VALUES ('base', 'installed'), ('mail', 'installed'), ('crm', 'uninstalled');
INSERT INTO res_partner (name, email, phone, vat, is_company) VALUES ('Panaderia SpA', 'hola@cliente.cl', '+56221234567', '76086428-5', true),
    ('Ana Rojas', 'ana@cliente.cl', '+56912345678', '12345678-5', false), ('Administrator', 'admin@cliente.cl', NULL, NULL, false);
INSERT INTO res_company (name, partner_id) VALUES ('Panaderia SpA', 1);
INSERT INTO res_users (login, password, active, partner_id, totp_secret) VALUES ('admin', '{owner_hash}', true, 3, NULL), ('ana@cliente.cl', 'x', true, 2, 'S');
INSERT INTO res_users_apikeys (user_id, key) VALUES (2, 'living');
INSERT INTO res_partner_bank (acc_number, sanitized_acc_number) VALUES ('001-23456', '00123456');
INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, smtp_user, smtp_pass, active)
VALUES ('correo', 'smtp.cliente.cl', 587, 'starttls', 'login', 'u', 'clave', true);
INSERT INTO ir_cron (active) VALUES (true), (true);
INSERT INTO ir_model_data (module, name, model, res_id) VALUES ('base', 'autovacuum_job', 'ir.cron', 1);
INSERT INTO ir_act_server (state, webhook_url) VALUES ('webhook', 'https://hook.cliente.cl'), ('code', NULL);
INSERT INTO ir_config_parameter (key, value) VALUES ('database.uuid', 'living'), ('database.secret', 'living'), ('web.base.url', 'https://x');
INSERT INTO ir_attachment (name, store_fname, file_size, checksum) VALUES ('factura', '{attachment}', {attachment_size}, '{attachment_checksum}'), ('x', NULL, 0, NULL);
INSERT INTO mail_template (mail_server_id) VALUES (1);
INSERT INTO mail_mail (state, email_to) VALUES ('outgoing', 'ana@cliente.cl'), ('sent', 'ana@cliente.cl');
INSERT INTO mail_message (message_type, body) VALUES ('comment', 'hola'), ('notification', 'x');
INSERT INTO fetchmail_server (active, "user", password) VALUES (true, 'u', 'clave');
INSERT INTO payment_provider (state) VALUES ('enabled');
INSERT INTO iap_account (account_token) VALUES ('living');
