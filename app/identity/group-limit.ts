/** How many bytes of groups, written as JSON, one bearer carries (S-38). */
export const MAX_GROUP_BYTES = 32 * 1024

/**
 * Cuts `groups` to `maxBytes` of JSON: those in `named` (somewhere in the configuration or in a cap) come
 * first, the rest follow in the IdP's order until it is full.
 */
export function limitGroups(
  groups: readonly string[],
  named: ReadonlySet<string>,
  maxBytes: number = MAX_GROUP_BYTES,
): { readonly groups: readonly string[]; readonly dropped: number } {
  if (jsonBytes(groups) <= maxBytes) return { groups, dropped: 0 }
  const byImportance = [...groups.filter(name => named.has(name)), ...groups.filter(name => !named.has(name))]
  const kept: string[] = []
  let bytes = 2 // the brackets
  for (const name of byImportance) {
    bytes += jsonBytes(name) + 1
    if (bytes > maxBytes) break
    kept.push(name)
  }
  return { groups: kept, dropped: groups.length - kept.length }
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
