#!/bin/sh
# Plans the release with no share of traffic. What is approved later is this very plan.
set -eu
[ "$MODE" = plan ] || exit 0

PATH=$PWD/.deploy/bin:$PATH
stack=cdktf.out/stacks/$GATEHOUSE_ENV
sh infra/pipeline/synth.sh 0
terraform -chdir="$stack" init -input=false
terraform -chdir="$stack" plan -input=false -out="$PWD/.deploy/plan"
cp "$stack/cdk.tf.json" .deploy/cdk.tf.json
cp "$stack/.terraform.lock.hcl" .deploy/terraform.lock.hcl
