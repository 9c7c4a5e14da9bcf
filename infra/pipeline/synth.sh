#!/bin/sh
# Synthesizes the environment with the image of the release, and this share of traffic for it.
#   synth.sh <percent> | none
set -eu

stable=$(cat .deploy/stable-revision)
settings=infra/environments/$GATEHOUSE_ENV.yaml
if [ "$1" = none ] || [ -z "$stable" ]; then
  node infra/pipeline/canary.ts "$settings" none
else
  node infra/pipeline/canary.ts "$settings" "$1" "$stable"
fi
GATEHOUSE_IMAGE=$(cat .deploy/image) node infra/main.ts
