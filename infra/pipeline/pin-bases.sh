#!/bin/sh
# Turns the two base images of the Dockerfile into digests, as their registries have them now. A base that is given
# by digest stays as it is. Leaves .build/base-arguments, one build argument a line.
set -eu

pinned() {
  case $1 in
    *@sha256:*) echo "$1" ;;
    *)
      docker pull --quiet --platform=linux/amd64 "$1" >&2
      docker inspect --format='{{index .RepoDigests 0}}' "$1"
      ;;
  esac
}

mkdir -p .build
build=$(pinned "$BUILD_IMAGE")
runtime=$(pinned "$RUNTIME_IMAGE")
for base in "$build" "$runtime"; do
  case $base in
    *@sha256:*) ;;
    *)
      echo "no digest was found: $base" >&2
      exit 1
      ;;
  esac
done
printf 'BUILD_IMAGE=%s\nRUNTIME_IMAGE=%s\n' "$build" "$runtime" | tee .build/base-arguments
