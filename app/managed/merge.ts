// How a policy's settings are laid over the base's: the rule is chosen by the path inside the document (P-12).
import type { Json, JsonObject } from '../config/cli-settings.ts'
import { canonical, isList } from './canonical.ts'

type Combine = (key: string, under: Json, over: Json) => Json

const UNITED: ReadonlySet<string> = new Set([
  'disabledMcpjsonServers',
  'deniedMcpServers',
  'blockedMarketplaces',
  'deniedModels',
])
const SHALLOW: ReadonlySet<string> = new Set(['env', 'modelOverrides', 'skillOverrides'])
const UNITED_PERMISSIONS: ReadonlySet<string> = new Set(['deny', 'ask'])

/** The base's document with the policy's laid over it; neither is changed. What the policy does not set is inherited. */
export function mergeSettings(base: JsonObject, policy: JsonObject): JsonObject {
  return overlaid(base, policy, (key, under, over) => {
    if (UNITED.has(key)) return united(under, over)
    if (SHALLOW.has(key)) return membersOverlaid(under, over, replaced)
    if (key === 'permissions') {
      return membersOverlaid(under, over, (name, a, b) => (UNITED_PERMISSIONS.has(name) ? united(a, b) : b))
    }
    return key === 'hooks' ? membersOverlaid(under, over, (_event, a, b) => united(a, b)) : over
  })
}

/**
 * The base's overlay of Claude Desktop with the policy's laid over it (P-48).
 *
 * Disabled tools add up, and a tool that the base restricts cannot be allowed again.
 */
export function mergeDesktop(base: JsonObject, policy: JsonObject): JsonObject {
  return overlaid(base, policy, (key, under, over) => {
    if (key === 'disabledBuiltinTools') return united(under, over)
    if (key !== 'builtinToolPolicy') return over
    return membersOverlaid(under, over, (_tool, a, b) => (b === 'allow' ? a : b))
  })
}

/** Keys of both: the base's first, each combined where both have it. Built from entries, so that no name is special. */
function overlaid(base: JsonObject, policy: JsonObject, combine: Combine): JsonObject {
  const members = new Map(Object.entries(base))
  for (const [key, over] of Object.entries(policy)) {
    const under = members.get(key)
    members.set(key, under === undefined ? over : combine(key, under, over))
  }
  return Object.fromEntries(members)
}

function membersOverlaid(under: Json, over: Json, combine: Combine): Json {
  return isObject(under) && isObject(over) ? overlaid(under, over, combine) : over
}

/** The base's entries, then each of the policy's that equals none already there, whatever the order of their keys. */
function united(under: Json, over: Json): Json {
  if (!isList(under) || !isList(over)) return over
  const known = new Set(under.map(canonical))
  const added = over.filter(entry => {
    const text = canonical(entry)
    const isNew = !known.has(text)
    known.add(text)
    return isNew
  })
  return [...under, ...added]
}

function replaced(_key: string, _under: Json, over: Json): Json {
  return over
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && !isList(value)
}
