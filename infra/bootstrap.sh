#!/bin/sh
# What must be there before the stack: a bucket for its state, an account that deploys, and two APIs (G-9).
# Run it as an owner of the project, and again whenever you like: what is there stays.
#   infra/bootstrap.sh <project> <region> [<feature>…]
# Features are parts of the settings file that need further roles: armor, binary-authorization, build, psa, rotation,
# vertex-multi-region. Run it a second time after the phase `foundation`: only then are the accounts there
# that the deploying one must be able to use.
set -eu

[ $# -ge 2 ] || {
  echo 'usage: infra/bootstrap.sh <project> <region> [<feature>…]' >&2
  exit 2
}
project=$1
region=$2
shift 2
name=${GATEHOUSE_NAME:-gatehouse} # `name` of the settings file
bucket=$project-$name-state
account=$name-deploy@$project.iam.gserviceaccount.com

roles='run.admin compute.networkAdmin compute.loadBalancerAdmin dns.admin cloudsql.admin secretmanager.admin
artifactregistry.admin certificatemanager.editor iam.serviceAccountAdmin iam.roleAdmin
resourcemanager.projectIamAdmin serviceusage.serviceUsageAdmin monitoring.admin logging.configWriter
cloudscheduler.admin'
for feature in "$@"; do
  case $feature in
    build) roles="$roles cloudbuild.builds.editor containeranalysis.occurrences.viewer logging.logWriter logging.viewer" ;;
    binary-authorization) roles="$roles binaryauthorization.policyAdmin binaryauthorization.attestorsAdmin containeranalysis.admin cloudkms.admin" ;;
    armor) roles="$roles compute.securityAdmin" ;;
    psa) roles="$roles servicenetworking.networksAdmin" ;;
    vertex-multi-region) roles="$roles networkconnectivity.regionalEndpointAdmin" ;;
    rotation) roles="$roles pubsub.admin" ;;
    *)
      echo "no feature is called $feature" >&2
      exit 2
      ;;
  esac
done

echo "APIs of $project"
gcloud services enable serviceusage.googleapis.com cloudresourcemanager.googleapis.com --project="$project"

echo "bucket gs://$bucket"
found=$(gcloud storage buckets list --project="$project" --filter="name=$bucket" --format='value(name)')
if [ -z "$found" ]; then
  gcloud storage buckets create "gs://$bucket" --project="$project" --location="$region" \
    --uniform-bucket-level-access --public-access-prevention
fi
gcloud storage buckets update "gs://$bucket" --versioning --uniform-bucket-level-access --public-access-prevention

echo "account $account"
found=$(gcloud iam service-accounts list --project="$project" --filter="email=$account" --format='value(email)')
if [ -z "$found" ]; then
  gcloud iam service-accounts create "$name-deploy" --project="$project" --display-name="deploys $name"
fi
for role in $roles; do
  gcloud projects add-iam-policy-binding "$project" --condition=None --format=none \
    --member="serviceAccount:$account" --role="roles/$role"
done
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --format=none \
  --member="serviceAccount:$account" --role=roles/storage.objectAdmin

# On the accounts of the stack alone: a role on the project would be one on every account of it.
missing=''
for short in run directory bootstrap probe build; do
  email=$name-$short@$project.iam.gserviceaccount.com
  found=$(gcloud iam service-accounts list --project="$project" --filter="email=$email" --format='value(email)')
  if [ -z "$found" ]; then
    missing="$missing $email"
    continue
  fi
  gcloud iam service-accounts add-iam-policy-binding "$email" --project="$project" --format=none \
    --member="serviceAccount:$account" --role=roles/iam.serviceAccountUser
done

echo "Write to the settings file:  stateBucket: $bucket"
if [ -n "$missing" ]; then
  echo "Not there yet:$missing. Run this again after the phase foundation was applied."
fi
