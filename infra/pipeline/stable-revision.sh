#!/bin/sh
# Finds the revision that most requests go to now. Leaves .deploy/stable-revision, empty before the first deployment.
set -eu
[ "$MODE" = plan ] || exit 0

mkdir -p .deploy
found=$(gcloud run services list --project="$PROJECT" --region="$REGION" \
  --filter="metadata.name=$SERVICE" --format='value(metadata.name)')
if [ -n "$found" ]; then
  gcloud run services describe "$SERVICE" --project="$PROJECT" --region="$REGION" \
    --flatten='status.traffic[]' --format='csv[no-heading](status.traffic.percent,status.traffic.revisionName)' |
    grep -E '^[0-9]+,' | sort -rn | head -n 1 | cut -d, -f2 >.deploy/stable-revision
  [ -s .deploy/stable-revision ] || { echo "$SERVICE serves no revision" >&2; exit 1; }
else
  : >.deploy/stable-revision
fi
echo "stable revision: $(cat .deploy/stable-revision)"
