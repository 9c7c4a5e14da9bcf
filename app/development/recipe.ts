import { managedSettings } from '../protocol/landing-page.ts'

/** A sample person of development mode's identity provider. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly role: string
  readonly groups: readonly string[]
}

/** What development mode tells a person to do next. */
export interface Recipe {
  /** For Claude Code: where to place which managed settings, and what to type. */
  readonly claude: string
  /** A shell script of curl calls: the whole device flow as one of the people, then a streamed answer. */
  readonly curl: string
  readonly people: readonly Person[]
}

export interface RecipeOptions {
  readonly publicUrl: string
  readonly people: readonly Person[]
}

/** Writes the recipe for a gateway at `publicUrl`; the curl part signs in as the first person who may. */
export function writeRecipe({ publicUrl, people }: RecipeOptions): Recipe {
  const person = people[0]
  if (person === undefined) throw new Error('development mode has no people')
  return { claude: claudeRecipe(publicUrl), curl: curlRecipe(publicUrl, person), people }
}

function claudeRecipe(publicUrl: string): string {
  return `sudo mkdir -p /etc/claude-code && sudo tee /etc/claude-code/managed-settings.json <<'JSON'
${managedSettings(publicUrl)}
JSON
claude    # then type /login`
}

/** Every step is plain curl and sed, so that each can be read, changed and repeated alone. */
function curlRecipe(publicUrl: string, person: Person): string {
  return `(
G=${publicUrl}
J=$(mktemp)
member() { sed -E 's/.*"'$1'":"([^"]*)".*/\\1/'; }
# the terminal asks for a code
D=$(curl -sS -d surface=curl $G/oauth/device_authorization)
echo "code to compare: $(echo "$D" | member user_code)"
# the browser confirms it, signs in as ${person.email} and comes back
LOGIN=$(curl -sS -L -c $J -b $J -H "Origin: $G" --data-urlencode "user_code=$(echo "$D" | member user_code)" \\
  -o /dev/null -w '%{url_effective}' $G/device)
curl -sS -L -c $J -b $J --data-urlencode login='${person.email}' --data-urlencode password='${person.password}' \\
  "$LOGIN" | sed -n 's/.*<h1>\\(.*\\)<\\/h1>.*/page: \\1/p'
# the terminal collects its bearer
T=$(curl -sS -d grant_type=urn:ietf:params:oauth:grant-type:device_code \\
  --data-urlencode "device_code=$(echo "$D" | member device_code)" $G/oauth/token | member access_token)
rm -f $J
# and streams an answer
curl -sSN $G/v1/messages -H "authorization: Bearer $T" -H 'content-type: application/json' \\
  -H 'anthropic-version: 2023-06-01' \\
  -d '{"model":"claude-haiku-4-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'
)`
}
