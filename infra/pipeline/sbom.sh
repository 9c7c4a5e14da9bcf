#!/bin/sh
# Lists what the image is made of, in CycloneDX: the locked packages that the gateway loads.
set -eu

mkdir -p .build/sbom
npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx >.build/sbom/gatehouse.cdx.json
