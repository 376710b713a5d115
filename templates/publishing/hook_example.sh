{#- A call of the hook, signed with OpenSSL: run by its test as it stands. Variables: address. -#}
SECRET=${SECRET:?one of the secrets of REVIEW_PUBLISH_HOOK_SECRET}
BODY='{"type": "publish.requested", "data": {"scope": "approved"}}'
NOW=$(date +%s)
ID=call-$NOW-$$
KEY=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
SIGNATURE=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl --silent --show-error --fail-with-body {{ address }} \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $ID" \
  --header "webhook-timestamp: $NOW" \
  --header "webhook-signature: v1,$SIGNATURE" \
  --data-binary "$BODY"
