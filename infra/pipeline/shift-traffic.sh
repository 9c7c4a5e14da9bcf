#!/bin/sh
# Gives the new revision this share of traffic, and refuses to change anything else. Leaves .deploy/shifted-<share>.
#   shift-traffic.sh <percent> | none
set -eu
[ "$MODE" = apply ] || exit 0
[ -s .deploy/stable-revision ] || exit 0 # the first deployment has all of it

PATH=$PWD/.deploy/bin:$PATH
stack=cdktf.out/stacks/$GATEHOUSE_ENV
sh infra/pipeline/synth.sh "$1"
terraform -chdir="$stack" init -input=false -lockfile=readonly
terraform -chdir="$stack" plan -input=false -out="$PWD/.deploy/shift"
terraform -chdir="$stack" show -json "$PWD/.deploy/shift" >.deploy/shift.json
node infra/pipeline/only-traffic.ts .deploy/shift.json
terraform -chdir="$stack" apply -input=false "$PWD/.deploy/shift"
: >".deploy/shifted-$1"
