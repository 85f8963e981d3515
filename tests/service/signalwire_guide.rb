# A login page with a second factor, which speaks as the application in SignalWire's guide on multi-factor authentication in
# Ruby does: https and nothing else, any certificate, HTTP Basic, forms as bodies. signalwire_guide.mjs starts it and uses it.
#
#     SIGNALWIRE_SPACE=127.0.0.1:6238 SIGNALWIRE_PROJECT_KEY=… SIGNALWIRE_TOKEN=… ruby signalwire_guide.rb
#
# It listens on a free port of 127.0.0.1, which its log names.

require "json"
require "net/http"
require "openssl"
require "sinatra/base"

# Codes of a space, by its REST API.
class Space
  def initialize(host, project, token)
    @host, @project, @token = host, project, token
  end

  # Sends a code by "sms" or "call" and returns the id of the request; none where it was refused.
  def send_code(channel, number)
    ask(channel, "to" => number, "message" => "Your code for the shop:", "token_length" => 6, "valid_for" => 600)["id"]
  end

  # Whether a code is the one that was sent.
  def right?(id, code)
    ask("#{id}/verify", "token" => code)["success"] == true
  end

  private

  def ask(path, parameters)
    address = URI("https://#{@host}/api/relay/rest/mfa/#{path}")
    request = Net::HTTP::Post.new(address)
    request.basic_auth(@project, @token)
    request.set_form_data(parameters)
    connection = Net::HTTP.new(address.host, address.port)
    connection.use_ssl = true
    connection.verify_mode = OpenSSL::SSL::VERIFY_NONE
    JSON.parse(connection.request(request).body)
  end
end

# The pages.
class Login < Sinatra::Base
  set :server, "webrick"
  set :bind, "127.0.0.1"
  set :port, 0
  set :environment, :production
  # The id of a request stays with the person's browser.
  enable :sessions
  enable :inline_templates

  SPACE = Space.new(ENV.fetch("SIGNALWIRE_SPACE"), ENV.fetch("SIGNALWIRE_PROJECT_KEY"), ENV.fetch("SIGNALWIRE_TOKEN"))

  get "/" do
    erb :number
  end

  post "/number" do
    session[:id] = SPACE.send_code(params["channel"] == "call" ? "call" : "sms", params["number"])
    @said = "No code was sent." unless session[:id]
    erb(session[:id] ? :code : :number)
  end

  post "/code" do
    redirect "/" unless session[:id]
    @said = SPACE.right?(session[:id], params["code"]) ? "You are verified." : "You are not verified."
    erb :code
  end

  run!
end

__END__
@@ layout
<!DOCTYPE html>
<html lang="en">
<head><title>Login</title></head>
<body>
<% if @said %><p role="status"><%= @said %></p><% end %>
<%= yield %>
</body>
</html>

@@ number
<form method="post" action="/number">
<label>Telephone number <input name="number" type="tel"></label>
<button name="channel" value="sms">Send a code</button>
<button name="channel" value="call">Call me</button>
</form>

@@ code
<form method="post" action="/code">
<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code"></label>
<button>Verify</button>
</form>
