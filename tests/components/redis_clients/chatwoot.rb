# What Chatwoot does at its start and Sidekiq does all day, by their own client libraries, as the platform's user.
# REDIS_URL as Chatwoot gets it. Whatever is refused ends this program; what they hide from it is in Redis' ACL LOG.
require "redis"
require "redis-namespace"
require "sidekiq"
require "sidekiq/api"
require "sidekiq/cli"
require "sidekiq/cron/job"

url = ENV.fetch("REDIS_URL")

class Task
  include Sidekiq::Worker
  def perform(number) = Sidekiq.redis { |redis| redis.incrby("stat:done", number) }
end

# Chatwoot: $alfred and $velma, its settings forgotten by KEYS, others found by SCAN.
alfred = Redis::Namespace.new("alfred", redis: Redis.new(url: url), warning: true)
velma = Redis::Namespace.new("velma", redis: Redis.new(url: url), warning: true)
alfred.set("V1:GLOBAL_CONFIG:A", "{}", ex: 60)
alfred.keys("V1:GLOBAL_CONFIG:*").each { |key| alfred.expire(key, 0) }
alfred.sadd("UNREAD::1", "2")
alfred.scan_each(match: "UNREAD::*", count: 1000) { |key| alfred.del(key) }
alfred.lpush("ROUND_ROBIN_AGENTS:1", "1")
alfred.rpoplpush("ROUND_ROBIN_AGENTS:1", "ROUND_ROBIN_AGENTS:1")
alfred.zadd("ONLINE_PRESENCE::1::USERS", 1, "2")
alfred.zremrangebyscore("ONLINE_PRESENCE::1::USERS", "-inf", "(5")
velma.incrby("rack::attack:1:req", 1)
velma.expire("rack::attack:1:req", 60)
Redis.new(url: url).publish("chatwoot_production_action_cable:room", "{}")

# Sidekiq: jobs now and later, its cron, a process that works, and what its pages ask.
Sidekiq.configure_client { |config| config.redis = { url: url, size: 5 } }
Sidekiq.configure_server { |config| config.redis = { url: url, size: 15 } }
Task.perform_async(1)
Task.perform_in(1, 1)
cron = Sidekiq::Cron::Job.new(name: "trigger", cron: "* * * * *", class: "Task", args: [1])
raise cron.errors.inspect unless cron.save
Sidekiq::Cron::Job.all

require "sidekiq/launcher"
launcher =
  if Sidekiq.respond_to?(:configure_embed) # 7 and later
    Sidekiq.configure_embed { |config| config.redis = { url: url } }
  else
    options = Sidekiq.options
    options.merge!(concurrency: 2, queues: ["default"], environment: "production")
    Sidekiq::Launcher.new(options)
  end
launcher.run
deadline = Time.now + 40
sleep 0.5 until Sidekiq::Stats.new.processed >= 2 || Time.now > deadline || Sidekiq.redis { |r| r.get("stat:done") }.to_i >= 2
done = Sidekiq.redis { |redis| redis.get("stat:done") }.to_i
launcher.quiet
Sidekiq::Stats.new.queues
Sidekiq::ProcessSet.new.each(&:identity)
Sidekiq::Workers.new.size
Sidekiq::RetrySet.new.size
Sidekiq::DeadSet.new.scan("a").to_a
Sidekiq::Queue.new.latency
launcher.stop
raise "only #{done} of 2 jobs were done" unless done >= 2
puts "done"
