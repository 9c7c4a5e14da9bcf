#!/bin/sh
# Copies Terraform, one static file, to where the steps that have Node.js find it.
set -eu

mkdir -p .deploy/bin
cp "$(command -v terraform)" .deploy/bin/terraform
.deploy/bin/terraform version
