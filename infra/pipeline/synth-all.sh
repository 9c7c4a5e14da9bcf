#!/bin/sh
# Synthesizes every environment of the repository. Nothing is planned or applied.
set -eu

for file in infra/environments/*.yaml; do
  env=$(basename "$file" .yaml)
  case $env in
    *.gateway) ;; # the organisation's keys of gateway.yaml, which belong to the settings beside them
    *)
      echo "synth $env"
      GATEHOUSE_ENV=$env node infra/main.ts
      ;;
  esac
done
