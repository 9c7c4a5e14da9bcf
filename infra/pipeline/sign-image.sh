#!/bin/sh
# Attests that the image was tested, once. Does nothing where Binary Authorization is off.
set -eu
[ "$MODE" = plan ] && [ -n "$ATTESTOR" ] || exit 0

image=$(cat .deploy/image)
signed=$(gcloud container binauthz attestations list \
  --attestor="$ATTESTOR" --artifact-url="$image" --format='value(name)')
if [ -n "$signed" ]; then
  echo "$image is signed"
  exit 0
fi
gcloud beta container binauthz attestations sign-and-create \
  --attestor="$ATTESTOR" --artifact-url="$image" --keyversion="$KEY_VERSION"
