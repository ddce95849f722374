# Receives webhooks: verifies them, drops doubles, answers. Ruby 3 and the gem webrick.
#   WEBHOOK_SECRET=whsec_… PORT=8000 ruby receiver.rb
require "openssl"
require "webrick"

$stdout.sync = true
KEY = ENV.fetch("WEBHOOK_SECRET").delete_prefix("whsec_").unpack1("m0")
TAKEN = {} # A real receiver remembers for days, in a table with a unique key.
LOCK = Mutex.new

def genuine?(request, body)
  id, timestamp = request["webhook-id"].to_s, request["webhook-timestamp"].to_s
  return false if id.empty? || timestamp !~ /\A\d+\z/ || (Time.now.to_i - timestamp.to_i).abs > 300
  mac = OpenSSL::HMAC.digest("SHA256", KEY, "#{id}.#{timestamp}.".b + body)
  wanted = "v1,#{[mac].pack("m0")}"
  request["webhook-signature"].to_s.split(" ").any? { |entry| OpenSSL.secure_compare(wanted, entry) }
end

server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: ENV.fetch("PORT").to_i, AccessLog: [])
server.mount_proc("/") do |request, response|
  body = request.body.to_s # The bytes as they came: parsed and written again they verify no more.
  if genuine?(request, body)
    fresh = LOCK.synchronize { TAKEN.store(request["webhook-id"], true) unless TAKEN.key?(request["webhook-id"]) }
    puts "took #{request["webhook-id"]}" if fresh # Hand the event over to your own queue here, and answer at once.
    response.status = 204
  else
    response.status = 401
  end
end
%w[INT TERM].each { |signal| trap(signal) { server.shutdown } }
server.start
