# Makes Chatwoot's super administrator, before anybody reaches it: its seed leaves a mark in Redis, and as long as that is
# there whoever fills the page /installation/onboarding becomes one. Run by `rails runner` after the tables are made and
# before the web starts; doing it again changes nothing, but gives him the keyring's password back.
email = ENV.fetch('SMOS_OWNER_EMAIL').strip.downcase
password = File.read(ENV.fetch('SMOS_OWNER_PASSWORD_FILE')).strip

owner = User.find_by(email: email) || User.new(email: email, name: 'Operators')
owner.type = 'SuperAdmin'
owner.password = owner.password_confirmation = password unless owner.persisted? && owner.valid_password?(password)
owner.skip_confirmation! unless owner.confirmed?
owner.save!

Redis::Alfred.delete(Redis::Alfred::CHATWOOT_INSTALLATION_ONBOARDING)
abort 'the page that makes a super administrator is still open' if Redis::Alfred.get(Redis::Alfred::CHATWOOT_INSTALLATION_ONBOARDING)
puts 'Chatwoot has its super administrator, and nobody else becomes one by being first'
