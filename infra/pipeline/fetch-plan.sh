#!/bin/sh
# Brings back the plan of this commit.
set -eu
[ "$MODE" = apply ] || exit 0

mkdir -p .deploy
for file in plan cdk.tf.json terraform.lock.hcl image stable-revision; do
  gcloud storage cp "$PLANS/$COMMIT/$file" ".deploy/$file" || {
    echo "the plan of $COMMIT is not complete: run the plan first" >&2
    exit 1
  }
done
