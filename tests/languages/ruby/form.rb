# What Rack makes of a form, and so Rails and Sinatra, as JSON.
require "json"
require "rack"

puts JSON.generate(Rack::Utils.parse_nested_query($stdin.binmode.read))
