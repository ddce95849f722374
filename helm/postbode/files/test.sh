# Sends one event to ingest and reads it back from the console's stream of live events.

main() {
  make_account
  : >/tmp/heard
  timeout "$SECONDS_AT_MOST" postbode --json listen --account "$ACCOUNT" --types "$TYPE" --until 1 >/tmp/heard &
  local listening=$! mark=$HOSTNAME-$RANDOM$RANDOM
  # The first line says that the stream is open: what is sent from then on comes by.
  until [ -s /tmp/heard ]; do kill -0 "$listening"; sleep 0.2; done
  printf '{"type":"%s","id":"%s"}\n' "$TYPE" "$mark" |
    postbode events send - --account "$ACCOUNT" --patience "${SECONDS_AT_MOST}s"
  wait "$listening"
  cat /tmp/heard
  grep -q "$mark" /tmp/heard
}

# The command line makes no accounts, and the image has no other client: an HTTP request by hand. An account that is there stays.
make_account() {
  local body="{\"id\":\"$ACCOUNT\",\"name\":\"helm test\"}" console=${POSTBODE_CONSOLE_URL#http://} status
  exec 3<>"/dev/tcp/${console%:*}/${console##*:}"
  printf '%s\r\n' "POST /v1/accounts HTTP/1.1" "Host: $console" "Authorization: Bearer $POSTBODE_KEY" \
    "Content-Type: application/json" "Content-Length: ${#body}" "Connection: close" "" >&3
  printf '%s' "$body" >&3
  read -r _ status _ <&3
  case $status in
    201 | 409) ;;
    *) echo "the console did not make the account $ACCOUNT: $status" >&2; cat <&3 >&2; return 1 ;;
  esac
  exec 3>&-
}

main
