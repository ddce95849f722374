# Sends one event to ingest and reads it back from the console's stream of live events.

main() {
  local heard
  make_account
  heard=$(mktemp)
  timeout "$SECONDS_AT_MOST" postbode --json listen --account "$ACCOUNT" --types "$TYPE" --until 1 >"$heard" &
  local listening=$! mark=$HOSTNAME-$RANDOM$RANDOM
  # The first line says that the stream is open: what is sent from then on comes by.
  until [ -s "$heard" ]; do kill -0 "$listening"; sleep 0.2; done
  printf '{"type":"%s","id":"%s"}\n' "$TYPE" "$mark" |
    postbode events send - --account "$ACCOUNT" --patience "${SECONDS_AT_MOST}s"
  wait "$listening"
  cat "$heard"
  grep -q "$mark" "$heard"
}

# One that is there stays.
make_account() {
  postbode accounts keys "$ACCOUNT" >/dev/null 2>&1 || postbode accounts create "$ACCOUNT" --name "helm test"
}

main
