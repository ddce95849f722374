# Wat de regels zeggen. De eerste helft sluit aan op de naam van een veld.

verbatim = { $text }
missing = ontbreekt
unknown-member = is hier niet bekend: verwacht wordt { $expected }
range = moet { $least } tot en met { $most } zijn
range-or-null = moet { $least } tot en met { $most } zijn, of null voor geen limiet
not-a-number = moet een geheel getal zijn, niet '{ $text }'
not-a-duration = '{ $text }' is geen duur: schrijf een geheel getal en een eenheid (ms, s, m, h, d), zoals 500ms, 30s of 24h
not-a-time = moet een tijdstip zijn, zoals { $example }
not-among = is er niet een van die er zijn
not-among-these = is er niet een van die er zijn: { $names }
one-of = moet een van deze zijn: { $names }
too-many-characters = mag hoogstens { $most } tekens hebben

name-empty = is leeg: geef een naam waaraan men hem herkent
name-long = heeft { $length } tekens: { $most } mogen het er zijn
name-control = bevat stuurtekens of regeleinden: haal ze weg
no-platform-key = is niet mogelijk: dit platform heeft geen sleutel (signing.directory)
types-no-list = '{ $text }' is geen lijst: schrijf "*" voor alle soorten, of ["click"]
types-empty = is leeg: noem de gewenste soorten events, of schrijf "*" voor alle
types-many = noemt { $count } soorten: { $most } mogen het er zijn, of schrijf "*" voor alle
types-star = '{ $text }' staat alleen: schrijf "*" in plaats van de lijst
type-syntax = kan geen soort event zijn: gebruik een kleine letter, en dan hoogstens 63 kleine letters, cijfers, '.', '_' of '-'
types-syntax = '{ $text }' { type-syntax }
format-unknown = '{ $text }' is niet bekend: gebruik een van { $names }
format-without-batches = formaat { $format } kent geen bundels: laat het aantal events per aanroep leeg (batch: null), of gebruik een van { $others }
header-own = zet Postbode zelf: gebruik een andere naam
header-long = heeft { $length } bytes: { $most } mogen het er zijn
header-twice = is twee keer genoemd: hoofdletters maken geen verschil
headers-many = zijn er { $count }: { $most } mogen het er zijn
headers-would-be = zouden er { $count } worden: { $most } mogen het er zijn
too-large-to-store = het geheel is te groot om te bewaren ({ $bytes } bytes): gebruik kortere headers
callers-empty = noemt geen toepassing: noem er een, of zet callers op null
names-many = noemt er { $count }: { $most } mogen het er zijn
names-empty-one = bevat een lege naam: vul hem in of laat hem weg
names-long-one = bevat een naam van meer dan { $most } tekens: '{ $text }…'
condition-all-types = past alleen bij de soorten { $types }, en types is "*": noem daar andere, of zet { $field } op null
condition-other-type = past alleen bij de soorten { $types }, en types is of bevat { $kind }: noem daar andere, of zet { $field } op null

time-ahead = ligt in de toekomst: laat het weg, of geef een tijdstip voor { $now }
time-past = ligt in het verleden: geef een tijdstip dat nog komt, of laat het weg
since-late = moet voor { $until } liggen
since-behind-end = moet voor { $until } liggen, waar het nasturen eindigt
since-not-held = oudere events zijn verwijderd: vanaf { $held } zijn ze er allemaal
rate-events = moet 1 tot en met { $most } events per seconde zijn
rate-letters = moet 1 tot en met { $most } leveringen per seconde zijn
state-unknown = moet delivered, retrying of dead zijn
disposition-unknown = moet open, replayed of discarded zijn
status-unknown = moet een HTTP-status zijn: 100 tot en met 599
cursor-strange = komt niet uit de next van een pagina: laat het weg om opnieuw te beginnen
last-event-strange = is niet het id van een bericht: laat het weg om te beginnen met wat nu komt
if-match-strange = moet de ETag zijn waarmee de webhook kwam, zoals "3"
if-match-differs = verschilt van If-Match: geef een van de twee, of twee dezelfde

account-of-events = ontbreekt: een beheerder zegt wiens events bedoeld zijn
account-of-webhook = ontbreekt: een beheerder zegt van wie de webhook wordt
account-unknown = er is geen account '{ $account }'
account-syntax = moet 1 tot en met 64 letters, cijfers, '.', '_' of '-' zijn, en beginnen met een letter of een cijfer
account-impossible = kan geen account zijn: gebruik 1 tot en met 64 letters, cijfers, '.', '_' of '-'
recipient-empty = is leeg: geef het e-mailadres
email-wrong = moet een e-mailadres zijn, zoals ops@example.com
scope-unknown = '{ $text }' is niet bekend: gebruik { $names }
scope-of-operators = sleutels van beheerders horen bij geen account: maak ze met POST /v1/keys
scopes-empty = is leeg: noem wat de sleutel mag
scopes-of-nobody = een sleutel zonder account moet het recht operator hebben: andere worden gemaakt met POST /v1/accounts/{"{"}id{"}"}/keys
platform-length = moet 1 tot en met { $most } tekens hebben
logo-wrong = moet data:image/…;base64,… zijn, van een { $kinds } van hoogstens 32 KiB
colour-wrong = moet #rrggbb zijn
return-url-wrong = moet een URL met https of http zijn

way-unknown = is geen manier om een URL te verifiëren: er zijn { $names }
code-missing = ontbreekt: het is wat naar de URL gePOST is
code-not-asked = hoort alleen bij by: code
code-wrong = is niet de code die het afgelopen half uur naar de URL gePOST is
dns-of-address = dns heeft een URL met een naam nodig: deze heeft een adres
bad-header = header { $name } ontbreekt of is onleesbaar

url-unreadable = dit is geen URL ({ $why }); schrijf hem als https://host/pad
url-long = langer dan 2048 bytes; maak hem korter
url-spelling = witruimte, stuurtekens en backslashes mogen niet; codeer ze met procenttekens of haal ze weg
url-scheme = het schema '{ $scheme }' mag niet; gebruik https
url-https = gewoon http mag hier niet; gebruik https
url-user = een gebruikersnaam of wachtwoord mag er niet in staan; stuur ze in een eigen header
url-fragment = een fragment (#…) wordt nooit verstuurd; haal het weg
url-no-host = de host ontbreekt; schrijf hem als https://host/pad
url-odd-address = '{ $written }' is een ongebruikelijke schrijfwijze van { $meant }; schrijf een hostnaam of vier decimale getallen
url-address = { $address } is { $what }; gebruik een openbare hostnaam
url-trailing-dot = de host '{ $host }' eindigt op een punt; haal die weg
url-single-label = '{ $host }' is geen volledige hostnaam; schrijf hem met zijn domein, zoals hooks.example.com
url-local-name = '{ $host }' is een naam uit een particulier netwerk; gebruik een openbare hostnaam
url-malformed-name = '{ $host }' is geen geldige hostnaam
url-port = poort { $port } mag niet; gebruik een van { $allowed }
address-unspecified = een niet nader bepaald adres
address-loopback = een loopback-adres
address-private = een privé-adres
address-carrier = een adres achter de NAT van een provider
address-link-local = een link-local-adres
address-metadata = een adres voor metadata in de cloud
address-multicast = een multicast-adres
address-broadcast = een broadcast-adres
address-documentation = een adres voor documentatie
address-benchmarking = een adres voor prestatietests
address-transition = een IPv6-adres waar een IPv4-adres in zit
address-reserved = een gereserveerd adres
header-name = '{ $name }' is geen naam voor een header; gebruik letters, cijfers en koppeltekens
header-reserved = '{ $name }' zet Postbode zelf; gebruik een andere naam
header-value = de waarde van '{ $name }' bevat regeleinden, stuurtekens of tekens buiten ASCII; haal ze weg
header-value-long = de waarde van '{ $name }' is langer dan 4096 bytes; maak hem korter

filter-empty = is leeg: schrijf een voorwaarde, zoals type == "click"
filter-long = heeft { $length } bytes: { $most } mogen het er zijn
filter-deep = is te diep genest: { $most } niveaus mogen het zijn
filter-additions = telt { $count } keer op (+): { $most } keer mag
filter-adds-in-loop = telt op (+) binnen een lus: dat mag niet
filter-loop-in-loop = heeft een lus in een andere (all, exists, exists_one of filter): dat mag niet, ook niet achter elkaar
filter-loop-nameless = heeft een lus waarvan het eerste argument geen naam is: schrijf data.tags.exists(tag, …)
filter-calls = roept { $name } aan, die hier niet bestaat, of niet met deze argumenten
filter-calls-loop = roept { $name } aan, die hier niet bestaat, of niet met deze argumenten: schrijf het als list.exists(element, voorwaarde)
filter-calls-matches = roept matches aan, die hier niet bestaat, of niet met deze argumenten: gebruik contains, startsWith of endsWith; reguliere expressies zijn er niet
filter-calls-map = roept map aan, die hier niet bestaat, of niet met deze argumenten: gebruik liever list.exists(element, …)
filter-name = kent '{ $name }' niet: gebruik { $names }
filter-has = vraagt has(…) van iets dat geen veld is: schrijf has(data.naam)
filter-structure = maakt een structuur: die zijn er hier niet
filter-not-understood = is niet te begrijpen
filter-not-understood-at = is niet te begrijpen op regel { $line }, kolom { $column }: { $why }
filter-not-compiled = kon niet worden gecompileerd

# Hele zinnen.

key-missing = geef een API-sleutel: Authorization: Bearer pbk_…
key-no-bearer = dit is geen bearer-sleutel: schrijf Authorization: Bearer pbk_…
key-unknown = deze sleutel is niet bekend: hij is ingetrokken, of er is een typfout
key-expired = deze sleutel is verlopen
scope-missing = deze sleutel mist het recht { $scope }
no-such = er is geen { $what ->
    [account] account met die naam
    [dead-letter] onbestelbare levering met dat id
    [delivery] levering met dat id
    [event-type] soort event met die naam
    [handshake-origin] herkomst voor de handshake
    [job] taak met dat id
    [key] sleutel met dat id
    [language] taal met die naam
    [link] link met die naam: hij is gebruikt, of zijn tijd is om; vraag het platform om een nieuwe
    [path] pagina op dit adres
    [platform-key] sleutel van het platform
    [section] hoofdstuk met die naam
    [webhook] webhook met dat id
   *[other] { $what }
}
method-not-allowed = dit adres kent deze methode niet: zie de header Allow
stale-revision = het is intussen gewijzigd: het is nu bij revisie { $present }; lees het en beslis opnieuw
revision-missing = zeg op welke revisie de wijziging slaat, met de header If-Match of het veld revision
body-malformed = de inhoud is geen geldige JSON: { $why }
body-large = de inhoud is groter dan { $limit } bytes
body-untyped = stuur de inhoud als content-type: application/json
unproven = er is geen bewijs gevonden: { $places }
starting = de console is net gestart en leest zijn register
registry-away = er is niets gewijzigd: { $why }
outcome-unknown = of de wijziging is gelukt zal blijken, kijk dus voordat u hem herhaalt: { $why }
secret-sealed = de sleutelbos van deze console (seal.keys) opent het geheim niet
history-away = de geschiedenis is nu niet te bekijken; al het andere gaat door
form-forged = dit formulier is niet van uw huidige sessie: laad de pagina opnieuw
job-running = taak { $job } is er al mee bezig: wacht tot hij klaar is, of annuleer hem
events-away = de events zijn nu niet te lezen: { $why }
events-slow = het lukte niet binnen { $seconds } s
streams-many = dit account heeft { $limit } stromen van events open, zoveel als er mogen: sluit er een
streams-full = deze console heeft { $limit } stromen van events open, zoveel als er mogen: probeer het later opnieuw
key-asks-often = deze sleutel vraagt te vaak: wacht { $wait } s
codes-often = er zijn net codes naar deze webhook gestuurd: wacht { $wait } s, of gebruik er een van
idempotency-malformed = geef één Idempotency-Key, van 1 tot en met 255 zichtbare ASCII-tekens, met of zonder aanhalingstekens
idempotency-reused = een ander verzoek had deze Idempotency-Key al: geef elk verzoek een eigen sleutel
idempotency-in-use = het verzoek met deze Idempotency-Key wordt nog uitgevoerd: vraag opnieuw om het antwoord

illegal-step = een webhook die { $from ->
    [unverified] niet geverifieerd
    [active] actief
    [paused] gepauzeerd
   *[disabled] uitgeschakeld
} is, kan niet worden { $step ->
    [verified] geverifieerd
    [paused] gepauzeerd
    [resumed] hervat
    [disabled] uitgeschakeld
   *[enabled] ingeschakeld
}{ $from ->
    [unverified] : verifieer eerst de URL
    [disabled] : schakel hem eerst in
    [paused] : hervat hem liever
   *[other] {""}
}
not-active = de webhook is { $state ->
    [unverified] niet geverifieerd: verifieer eerst de URL
    [paused] gepauzeerd: hervat hem eerst
   *[disabled] uitgeschakeld: schakel hem eerst in
}
url-changed = de URL is gewijzigd terwijl hij werd geverifieerd: verifieer de nieuwe
account-exists = er is al een account { $account }
account-has-webhooks = het account { $account } heeft nog { $count } webhooks: verwijder die eerst
key-configured = deze sleutel komt uit de configuratie: wijzig console.operator_key en herstart
no-public-url = niemand heeft deze console verteld waar zijn pagina's staan: zet console.public_url
job-ended = de taak is al { $state ->
    [done] klaar
    [failed] mislukt
   *[cancelled] geannuleerd
}
still-retrying = hij is onderweg: hij wordt vanzelf opnieuw geprobeerd
webhook-inactive = zijn webhook is niet actief: hervat, verifieer of schakel hem eerst in
event-gone = Kafka heeft het event niet meer

# Waarom een taak is mislukt, en waar een event niet te krijgen is.

job-unreadable = wat er gevraagd werd is niet te lezen
webhook-deleted = de webhook is verwijderd
kafka-away = Kafka was meer dan { $minutes } minuten weg
data-gone = Kafka bewaart het event niet meer
data-place-unknown = waar het event stond is niet bekend
data-unasked = Kafka kon niet naar het event gevraagd worden: { $why }

# Wat een endpoint, of DNS, antwoordde.

outcome-answered = het endpoint antwoordde { $status }
outcome-redirect = het endpoint antwoordde { $status }: doorverwijzingen worden niet gevolgd, geef het uiteindelijke adres
outcome-late = de tijd was om tijdens { $phase ->
    [dns] het opzoeken van de naam van de host
    [connect] het verbinden
    [tls] het afspreken van TLS
    [first-byte] het wachten op een antwoord
   *[body] het lezen van het antwoord
}
outcome-dns = de naam van de host is niet te vinden: { $why }
outcome-connect = geen verbinding: { $why }
outcome-tls = TLS mislukte: { $why }
outcome-protocol = geen geldig HTTP-antwoord: { $why }
outcome-denied = niet toegestaan: { $why }
outcome-sealed = de geheimen van deze webhook zijn niet te openen met de sleutels die er zijn
found-empty = het antwoord was leeg: het bestand moet precies zijn inhoud hebben
found-other = er staat iets anders dan de inhoud van het bestand; het begint met '{ $begin }'
found-nothing = { $answer }: het bestand is er niet
dns-other = er zijn andere TXT-records dan het record dat het bewijst: { $texts }
dns-none = er is geen TXT-record met die naam; het kan minuten duren voor een nieuw record te zien is
lookup-none = de host bestaat niet
lookup-late = de naamservers antwoordden niet op tijd
lookup-denied = het adres van de host: { $why }
lookup-unscoped = opgezocht buiten een verzoek om
denied-address = { $address } is { $what }: gebruik een openbaar adres
denied-port = poort { $port } mag niet
handshake-other = WebHook-Allowed-Origin is '{ $text }', niet '{ $origin }' of '*'
handshake-none = het antwoord heeft geen WebHook-Allowed-Origin: dat moet '{ $origin }' of '*' zijn
trial-unsent = niet verstuurd: verifieer eerst de URL. Dit zou worden verstuurd
verdict-match = het event voldoet aan elke voorwaarde
verdict-type = { $kind } staat niet bij de soorten: { $types }
verdict-database = de inhoud van het event noemt een andere database, of geen
verdict-collection = de inhoud van het event noemt een andere collectie, of geen
verdict-caller = de toepassing die het event veroorzaakte (data.caller) telt niet mee
verdict-fields = geen van de velden is een van de gewijzigde (data.parameters)
verdict-filter = het filter is onwaar
verdict-failed = het filter mislukte, wat telt als geen match: { $why }
