#!/bin/sh
# Keeps the plan, and what it was made from, beside the state.
set -eu
[ "$MODE" = plan ] || exit 0

cd .deploy
gcloud storage cp plan cdk.tf.json terraform.lock.hcl image stable-revision "$PLANS/$COMMIT/"
