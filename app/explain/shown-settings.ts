import type { Json, JsonObject } from '../config/cli-settings.ts'

/** Names of values that are not for a terminal's history, though machines get them. */
const SECRET_NAME = /key|token|secret|password|passphrase|credential|authorization|cookie/i

const HIDDEN = '(not shown)'

/**
 * `settings` as a terminal may show them.
 *
 * Hidden are texts that a secret variable stands in (`secretValues`), texts below a name that says so (but not
 * top-level settings, such as `apiKeyHelper`, which is a command), and the user info of URLs.
 */
export function shownSettings(settings: JsonObject, secretValues: readonly string[]): JsonObject {
  const secrets = new Set(secretValues)
  const shown = (value: Json, isHidden: boolean): Json => {
    if (typeof value === 'string') return isHidden || secrets.has(value) ? HIDDEN : withoutUserInfo(value)
    if (typeof value !== 'object') return value
    if (isList(value)) return value.map(item => shown(item, isHidden))
    return members(value, key => isHidden || SECRET_NAME.test(key))
  }
  const members = (object: JsonObject, isHidden: (key: string) => boolean): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, shown(value, isHidden(key))]))
  return members(settings, () => false)
}

/** `https://name:word@host` → `https://(not shown)@host`. */
function withoutUserInfo(text: string): string {
  return text.replaceAll(/(:\/\/)[^/@\s]+@/g, `$1${HIDDEN}@`)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
