#!/bin/sh
# Asks the doctor about the new revision; what fails goes back to the stable one at once.
#   smoke-test.sh canary | <percent> | none
set -eu
[ "$MODE" = apply ] || exit 0

fail() {
  echo "$1" >&2
  sh infra/pipeline/roll-back.sh
  exit 1
}

url_of_canary() {
  gcloud run services describe "$SERVICE" --project="$PROJECT" --region="$REGION" \
    --flatten='status.traffic[]' --format='csv[no-heading](status.traffic.tag,status.traffic.url)' |
    sed -n 's/^canary,//p'
}

doctor() {
  gcloud run jobs execute "$SERVICE-doctor" --project="$PROJECT" --region="$REGION" --wait \
    --args="doctor,--config,/etc/claude/gateway.yaml,--json$1"
}

# Five answers of the kind 5xx by this revision since it has traffic are too many.
errors_of() {
  gcloud logging read --project="$PROJECT" --limit=5 --freshness="${SOAK_SECONDS}s" --format='value(insertId)' \
    "resource.type=\"cloud_run_revision\" AND resource.labels.revision_name=\"$1\" AND httpRequest.status>=500"
}

if [ ! -s .deploy/stable-revision ] || [ "$1" = none ]; then
  [ ! -s .deploy/stable-revision ] || [ -f .deploy/shifted-none ] || fail 'the traffic was not shifted'
  doctor '' || fail 'the doctor found a fault at the public name'
  exit 0
fi

[ "$1" = canary ] || [ -f ".deploy/shifted-$1" ] || fail 'the traffic was not shifted'
url=$(url_of_canary) || fail 'the service cannot be read'
[ -n "$url" ] || fail 'no revision has the tag canary'
if [ "$1" != canary ]; then
  sleep "$SOAK_SECONDS"
  revision=$(gcloud run services describe "$SERVICE" --project="$PROJECT" --region="$REGION" \
    --format='value(status.latestReadyRevisionName)') || fail 'the service cannot be read'
  errors=$(errors_of "$revision") || fail 'the log cannot be read'
  [ "$(echo "$errors" | grep -c .)" -lt 5 ] || fail "$revision answered with errors"
fi
doctor ",--url,$url" || fail "the doctor found a fault at $url"
