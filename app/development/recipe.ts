import type { Person } from './people.ts'

/**
 * A shell script of curl calls: the whole device flow as `person`, then a streamed answer; with the key of an
 * administrator also a cap of nothing for everybody, the refusal that it makes, and its end.
 *
 * Every step is plain curl and sed, so that each can be read, changed and repeated alone. There are no
 * comments in it: an interactive zsh takes `#` for a command.
 */
export function curlRecipe(publicUrl: string, person: Person, writeKey: string | null = null): string {
  return `(
G=${publicUrl}
J=$(mktemp)
member() { sed -E 's/.*"'$1'":"([^"]*)".*/\\1/'; }
ask() {
  curl -sSN "$G/v1/messages" -H "Authorization: Bearer $T" -H 'Content-Type: application/json' \\
    -H 'anthropic-version: 2023-06-01' \\
    -d '{"model":"claude-haiku-4-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'
}

echo '1. The terminal asks for a code.'
D=$(curl -sS -d surface=curl "$G/oauth/device_authorization")
C=$(printf %s "$D" | member user_code)
echo "   $C"

echo '2. The browser confirms it and signs in as ${person.email}.'
LOGIN=$(curl -sS -L -c "$J" -b "$J" -H "Origin: $G" --data-urlencode "user_code=$C" \\
  -o /dev/null -w '%{url_effective}' "$G/device")
curl -sS -L -c "$J" -b "$J" --data-urlencode 'login=${person.email}' \\
  --data-urlencode 'password=${person.password}' "$LOGIN" | sed -n 's/.*<h1>\\(.*\\)<\\/h1>.*/   \\1/p'
rm -f "$J"

echo '3. The terminal collects its bearer and streams an answer.'
T=$(curl -sS -d grant_type=urn:ietf:params:oauth:grant-type:device_code \\
  --data-urlencode "device_code=$(printf %s "$D" | member device_code)" "$G/oauth/token" | member access_token)
ask
${writeKey === null ? '' : limitSteps(writeKey)})`
}

/** Whoever repeats them changes the same cap: one that was left is lifted the next time. */
function limitSteps(writeKey: string): string {
  return `
echo '4. An administrator lets nobody spend anything today.'
K='x-api-key: ${writeKey}'
L=$(curl -sS "$G/v1/organizations/spend_limits" -H "$K" \\
  -d '{"scope":{"type":"organization"},"period":"daily","amount":"0"}' | member id)
{ ask; echo; } | sed -n 's/.*"message":"\\([^"]*\\)".*/   \\1/p'

echo '5. The cap is lifted, and answers come again.'
curl -sS -o /dev/null -X DELETE "$G/v1/organizations/spend_limits/$L" -H "$K"
ask | sed -n 1p
`
}
