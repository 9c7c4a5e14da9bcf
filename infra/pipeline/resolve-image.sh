#!/bin/sh
# Finds the digest that the commit's tag means now, and refuses an image that our pipeline did not build from it.
# Leaves .deploy/image, by digest.
set -eu
[ "$MODE" = plan ] || exit 0

mkdir -p .deploy
digest=$(gcloud artifacts docker images describe "$IMAGE:$COMMIT" --format='value(image_summary.digest)')
case $digest in
  sha256:*) ;;
  *)
    echo "$IMAGE:$COMMIT has no digest: was the commit built?" >&2
    exit 1
    ;;
esac

provenance=$(gcloud artifacts docker images describe "$IMAGE@$digest" --show-provenance --format=json)
for wanted in 'https://cloudbuild.googleapis.com/GoogleHostedWorker' "$COMMIT"; do
  case $provenance in
    *"$wanted"*) ;;
    *)
      echo "the provenance of $IMAGE@$digest does not name $wanted" >&2
      exit 1
      ;;
  esac
done
echo "$IMAGE@$digest" | tee .deploy/image
