# What the rules say. REST speaks these in English: programs may show them, so they are not reworded lightly.
# The first half goes on from a field's name.

verbatim = { $text }
missing = is missing
unknown-member = is not known here: expected { $expected }
range = must be { $least } to { $most }
range-or-null = must be { $least } to { $most }, or null for no limit
not-a-number = must be a whole number, not '{ $text }'
not-a-duration = '{ $text }' is not a duration: write a whole number and a unit (ms, s, m, h, d), for example 500ms, 30s or 24h
not-a-time = must be a time such as { $example }
not-among = is not among those that there are
not-among-these = is not among those that there are: { $names }
one-of = must be one of { $names }
too-many-characters = must be at most { $most } characters

name-empty = is empty: give it a name that tells it apart
name-long = has { $length } characters: { $most } are allowed
name-control = holds control characters or line breaks: remove them
no-platform-key = is not to be had: this platform has no key (signing.directory)
types-no-list = '{ $text }' is no list: write "*" for all types, or ["click"]
types-empty = is empty: name the event types wanted, or write "*" for all
types-many = names { $count } types: { $most } are allowed, or write "*" for all
types-star = '{ $text }' stands alone: write "*" instead of the list
type-syntax = cannot be an event type: use a lower-case letter, then up to 63 lower-case letters, digits, '.', '_' or '-'
types-syntax = '{ $text }' { type-syntax }
format-unknown = '{ $text }' is not known: use one of { $names }
format-without-batches = format { $format } has no batches: set batch to null, or use one of { $others }
header-own = is set by Postbode itself: use another name
header-long = has { $length } bytes: { $most } are allowed
header-twice = is named twice: the case of letters does not matter
headers-many = are { $count }: { $most } are allowed
headers-would-be = would be { $count }: { $most } are allowed
too-large-to-store = the whole is too large to be stored ({ $bytes } bytes): use shorter headers
callers-empty = names no application: name one, or set callers to null
names-many = names { $count }: { $most } are allowed
names-empty-one = holds an empty name: fill it in or leave it out
names-long-one = holds a name of more than { $most } characters: '{ $text }…'
condition-all-types = goes with the types { $types } only, and types is "*": name others there, or set { $field } to null
condition-other-type = goes with the types { $types } only, and types is or holds { $kind }: name others there, or set { $field } to null

time-ahead = lies ahead: leave it out, or give a time before { $now }
time-past = lies in the past: give a time to come, or leave it out
since-late = must be before { $until }
since-behind-end = must be before { $until }, where the backfill ends
since-not-held = older events are deleted: all are held since { $held }
rate-events = must be 1 to { $most } events a second
rate-letters = must be 1 to { $most } letters a second
state-unknown = must be delivered, retrying or dead
disposition-unknown = must be open, replayed or discarded
status-unknown = must be an HTTP status: 100 to 599
cursor-strange = is not one that a page's next gave: leave it out to begin anew
last-event-strange = is not one that a message's id gave: leave it out to begin with what comes now
if-match-strange = must be the ETag that the webhook came with, such as "3"
if-match-differs = differs from If-Match: give one of them, or the same

account-of-events = is missing: an operator says whose events are meant
account-of-webhook = is missing: an operator says whose the webhook will be
account-unknown = there is no account '{ $account }'
account-syntax = must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or a digit
account-impossible = cannot name an account: use 1 to 64 letters, digits, '.', '_' or '-'
recipient-empty = is empty: give the mail address
email-wrong = must be a mail address, such as ops@example.com
scope-unknown = '{ $text }' is not known: use { $names }
scope-of-operators = operator keys belong to no account: make them by POST /v1/keys
scopes-empty = is empty: name what the key may do
scopes-of-nobody = a key of no account must have the scope operator: others are made by POST /v1/accounts/{"{"}id{"}"}/keys
platform-length = must be 1 to { $most } characters
logo-wrong = must be data:image/…;base64,… of a { $kinds } of at most 32 KiB
colour-wrong = must be #rrggbb
return-url-wrong = must be an https or http URL

way-unknown = is no way to verify a URL: there are { $names }
code-missing = is missing: it is what was POSTed to the URL
code-not-asked = goes with by: code only
code-wrong = is not the one that was POSTed to the URL within the last half hour
dns-of-address = dns needs a URL with a name: this one has an address
bad-header = header { $name } is missing or unreadable

url-unreadable = this is not a URL ({ $why }); write it as https://host/path
url-long = longer than 2048 bytes; shorten it
url-spelling = white space, control characters and back slashes are not allowed; percent-encode or remove them
url-scheme = the scheme '{ $scheme }' is not allowed; use https
url-https = plain http is not allowed here; use https
url-user = a user name or password is not allowed in it; send credentials in a custom header
url-fragment = a fragment (#…) is never sent; remove it
url-no-host = the host is missing; write it as https://host/path
url-odd-address = '{ $written }' is an unusual spelling of { $meant }; write a host name or four decimal numbers
url-address = { $address } is { $what }; use a public host name
url-trailing-dot = the host '{ $host }' ends in a dot; remove it
url-single-label = '{ $host }' is not a full host name; write it with its domain, like hooks.example.com
url-local-name = '{ $host }' is a name of a private network; use a public host name
url-malformed-name = '{ $host }' is not a valid host name
url-port = port { $port } is not allowed; use one of { $allowed }
address-unspecified = an unspecified address
address-loopback = a loopback address
address-private = a private address
address-carrier = a carrier-grade NAT address
address-link-local = a link-local address
address-metadata = a cloud metadata address
address-multicast = a multicast address
address-broadcast = a broadcast address
address-documentation = an address for documentation
address-benchmarking = an address for benchmarks
address-transition = an IPv6 address that wraps an IPv4 one
address-reserved = a reserved address
header-name = '{ $name }' is not a header name; use letters, digits and hyphens
header-reserved = '{ $name }' is set by Postbode itself; use another name
header-value = the value of '{ $name }' holds line breaks, control or non-ASCII characters; remove them
header-value-long = the value of '{ $name }' is longer than 4096 bytes; shorten it

filter-empty = is empty: write a condition, such as type == "click"
filter-long = has { $length } bytes: { $most } are allowed
filter-deep = is nested too deeply: { $most } levels are allowed
filter-additions = has { $count } additions (+): { $most } are allowed
filter-adds-in-loop = adds (+) inside a loop: that is not allowed
filter-loop-in-loop = has a loop inside another (all, exists, exists_one or filter): that is not allowed, nor one after another
filter-loop-nameless = has a loop whose first argument is no name: write data.tags.exists(tag, …)
filter-calls = calls { $name }, which is not known here, or not with these arguments
filter-calls-loop = calls { $name }, which is not known here, or not with these arguments: write it as list.exists(element, condition)
filter-calls-matches = calls matches, which is not known here, or not with these arguments: use contains, startsWith or endsWith; there are no regular expressions
filter-calls-map = calls map, which is not known here, or not with these arguments: use list.exists(element, …) instead
filter-name = does not know '{ $name }': use { $names }
filter-has = asks has(…) for something that is no member: write has(data.name)
filter-structure = makes a structure: there are none here
filter-not-understood = cannot be understood
filter-not-understood-at = cannot be understood at line { $line }, column { $column }: { $why }
filter-not-compiled = could not be compiled

# Whole sentences.

key-missing = give an API key: Authorization: Bearer pbk_…
key-no-bearer = this is no bearer key: write Authorization: Bearer pbk_…
key-unknown = this key is not known: it was revoked, or mistyped
key-expired = this key has expired
scope-missing = this key lacks the scope { $scope }
no-such = there is no such { $what ->
    [dead-letter] dead letter
    [event-type] event type
    [handshake-origin] handshake origin
    [link] link: it was used, or its time is over; ask the platform for a new one
    [platform-key] platform key
   *[other] { $what }
}
method-not-allowed = this path does not take this method: see the header Allow
stale-revision = it has changed since: it is at revision { $present } now; read it and decide again
revision-missing = say which revision the change was made to, by the header If-Match or the member revision
body-malformed = the body is not valid JSON: { $why }
body-large = the body is larger than { $limit } bytes
body-untyped = send the body as content-type: application/json
unproven = no proof was found: { $places }
starting = the console has just started and reads its registry
registry-away = nothing was changed: { $why }
outcome-unknown = whether the change went through will show, so look before you repeat it: { $why }
secret-sealed = this console's keyring (seal.keys) cannot open the secret
history-away = the history cannot be looked at now; everything else goes on
form-forged = this form is not of your present session: load the page again
job-running = job { $job } is at it already: wait until it has ended, or cancel it
events-away = the events cannot be read now: { $why }
events-slow = they were not read within { $seconds } s
streams-many = this account has { $limit } streams of events open, as many as it may: close one
streams-full = this console has { $limit } streams of events open, as many as it may: try again later
key-asks-often = this key asks too often: wait { $wait } s
codes-often = codes were sent to this webhook just now: wait { $wait } s, or use one of them
idempotency-malformed = give one Idempotency-Key, of 1 to 255 visible ASCII characters, in quotes or without
idempotency-reused = another request went by this Idempotency-Key: give each request a key of its own
idempotency-in-use = the request with this Idempotency-Key is being done: ask again for its answer

illegal-step = a webhook that is { $from } cannot be { $step }{ $from ->
    [unverified] : verify its URL first
    [disabled] : enable it first
    [paused] : resume it instead
   *[other] {""}
}
not-active = the webhook is { $state }: { $state ->
    [unverified] verify its URL
    [paused] resume it
   *[disabled] enable it
} first
url-changed = the URL was changed while it was being verified: verify the new one
account-exists = there is an account { $account } already
account-has-webhooks = the account { $account } still has { $count } webhooks: delete them first
key-configured = this key comes from the configuration: change console.operator_key and restart
no-public-url = nobody has told this console where its pages are: set console.public_url
job-ended = the job is { $state } already
still-retrying = it is on its way: it will be tried again by itself
webhook-inactive = its webhook is not active: resume, enable or verify it first
event-gone = Kafka does not hold the event any more

# Why a job failed, and where an event is not to be had.

job-unreadable = what was asked for cannot be read
webhook-deleted = the webhook was deleted
kafka-away = Kafka was away for more than { $minutes } minutes
data-gone = the event is no longer held by Kafka
data-place-unknown = where the event stood is not known
data-unasked = Kafka could not be asked for the event: { $why }

# What an endpoint, or DNS, answered.

outcome-answered = the endpoint answered { $status }
outcome-redirect = the endpoint answered { $status }: redirects are not followed, give the final address
outcome-late = time ran out while { $phase ->
    [dns] resolving the host's name
    [connect] connecting
    [tls] negotiating TLS
    [first-byte] waiting for a response
   *[body] reading the response
}
outcome-dns = the host's name does not resolve: { $why }
outcome-connect = no connection: { $why }
outcome-tls = TLS failed: { $why }
outcome-protocol = no valid HTTP response: { $why }
outcome-denied = not allowed: { $why }
outcome-sealed = the secrets of this webhook cannot be opened with the keys at hand
found-empty = the answer was empty: the file must hold its exact content
found-other = there is something else than the file's content; it begins with '{ $begin }'
found-nothing = { $answer }: the file is not there
dns-other = there are other TXT records than the one that proves it: { $texts }
dns-none = there is no TXT record of that name; a new one can take minutes to be seen
lookup-none = no such host
lookup-late = the name servers did not answer in time
lookup-denied = the host's address { $why }
lookup-unscoped = looked up outside of a request
denied-address = { $address } is { $what }: use a public address
denied-port = port { $port } is not allowed
handshake-other = WebHook-Allowed-Origin is '{ $text }', not '{ $origin }' or '*'
handshake-none = the answer has no WebHook-Allowed-Origin: it must be '{ $origin }' or '*'
trial-unsent = not sent: verify the URL first. This is what would be sent
verdict-match = the event meets every condition
verdict-type = { $kind } is not among the types: { $types }
verdict-database = the event's data names another database, or none
verdict-collection = the event's data names another collection, or none
verdict-caller = the application that caused the event (data.caller) does not count
verdict-fields = none of the fields is among the changed ones (data.parameters)
verdict-filter = the filter is false
verdict-failed = the filter failed, which counts as no match: { $why }
