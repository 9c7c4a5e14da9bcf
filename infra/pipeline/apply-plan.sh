#!/bin/sh
# Applies the plan that was approved, with the providers it was made with. Terraform refuses it when the state
# changed since.
set -eu
[ "$MODE" = apply ] || exit 0

PATH=$PWD/.deploy/bin:$PATH
stack=cdktf.out/stacks/$GATEHOUSE_ENV
mkdir -p "$stack"
cp .deploy/cdk.tf.json "$stack/cdk.tf.json"
cp .deploy/terraform.lock.hcl "$stack/.terraform.lock.hcl"
terraform -chdir="$stack" init -input=false -lockfile=readonly
terraform -chdir="$stack" apply -input=false "$PWD/.deploy/plan"
