#!/bin/sh
# Gives all traffic to the revision that had it before the release, in seconds and without Terraform.
set -eu

stable=$(cat .deploy/stable-revision)
if [ -z "$stable" ]; then
  echo 'there is no earlier revision to go back to' >&2
  exit 0
fi
gcloud run services update-traffic "$SERVICE" --project="$PROJECT" --region="$REGION" --to-revisions="$stable=100"
cat >&2 <<TEXT
All traffic goes to $stable again. Commit  service: { pinnedRevision: $stable }  to
infra/environments/$GATEHOUSE_ENV.yaml, so that the next apply keeps it; remove it for the next release.
TEXT
