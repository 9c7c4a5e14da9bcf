#!/bin/sh
# Builds the image for Cloud Run: amd64, and without buildx's own provenance, whose index Cloud Run refuses.
# It is pushed by Cloud Build afterwards, which is what makes the signed provenance.
set -eu

build=$(sed -n 's/^BUILD_IMAGE=//p' .build/base-arguments)
runtime=$(sed -n 's/^RUNTIME_IMAGE=//p' .build/base-arguments)
DOCKER_BUILDKIT=1 docker build --platform=linux/amd64 --provenance=false \
  --build-arg="BUILD_IMAGE=$build" --build-arg="RUNTIME_IMAGE=$runtime" \
  --tag="$IMAGE:$COMMIT" .
