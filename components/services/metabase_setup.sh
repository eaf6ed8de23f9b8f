# Makes Metabase's first administrator, before anybody reaches it: as long as there is none, whoever opens its page first
# becomes the administrator. Metabase starts for this container alone, migrates its database, is asked whether it is set
# up, and told by /api/setup if not; then it ends. Doing it again changes nothing.
set -euo pipefail

REQUEST=${SMOS_SETUP_REQUEST:?names the file with the request}
here=http://127.0.0.1:3000

MB_JETTY_HOST=127.0.0.1 /app/run_metabase.sh &
metabase=$!
trap 'kill "$metabase" 2>/dev/null || true; wait "$metabase" 2>/dev/null || true' EXIT

for ((left = ${SMOS_SETUP_TRIES:-300}; ; left--)); do
    curl -fsS -o /dev/null "$here/api/health" 2>/dev/null && break
    kill -0 "$metabase" 2>/dev/null || { echo "Metabase ended before it answered" >&2; exit 1; }
    ((left > 0)) || { echo "Metabase did not answer in time" >&2; exit 1; }
    sleep "${SMOS_SETUP_PAUSE_S:-2}"
done

properties=$(curl -fsS "$here/api/session/properties")
if [[ $properties =~ \"has-user-setup\"[[:space:]]*:[[:space:]]*true ]]; then
    echo "Metabase has an administrator already"
    exit 0
fi
if ! [[ $properties =~ \"setup-token\"[[:space:]]*:[[:space:]]*\"([0-9a-f-]+)\" ]]; then
    echo "Metabase has no administrator and offers no setup token" >&2
    exit 1
fi
request=$(<"$REQUEST")
# Over standard input: a command's arguments are for everybody to read.
curl -fsS -o /dev/null -H 'Content-Type: application/json' --data-binary @- "$here/api/setup" \
    <<<"${request/SETUP_TOKEN/${BASH_REMATCH[1]}}"
echo "Metabase has its administrator now"
