// What holds for any two documents: nothing denied is lost, order of keys means nothing, and the checksum is the manual's.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../app/config/cli-settings.ts'
import { canonical } from '../../app/managed/canonical.ts'
import { mergeSettings } from '../../app/managed/merge.ts'
import { servedSettings } from '../../app/managed/served-settings.ts'

const word = fc.constantFrom('a', 'B', 'é', '10', '9', '__proto__', 'constructor', 'x y', '\u{1f600}')
const scalar = fc.oneof(word, fc.boolean(), fc.integer(), fc.constant(3.3))
const entry = fc.dictionary(word, scalar, { maxKeys: 3 })
const texts = fc.array(word, { maxLength: 4 })
const objects = fc.array(entry, { maxLength: 3 })
const textMap = fc.dictionary(word, word, { maxKeys: 4 })

/** Documents of the shapes that boot lets through. */
const settings = fc.record(
  {
    availableModels: texts,
    deniedModels: texts,
    disabledMcpjsonServers: texts,
    deniedMcpServers: objects,
    blockedMarketplaces: objects,
    env: textMap,
    skillOverrides: fc.dictionary(word, entry, { maxKeys: 3 }),
    permissions: fc.record({ allow: texts, ask: texts, deny: texts, extra: scalar }, { requiredKeys: [] }),
    hooks: fc.dictionary(word, objects, { maxKeys: 3 }),
    sandbox: entry,
    model: word,
    verbose: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject> // every member is JSON

/** The same value with the keys of all its objects in another order. */
function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, reordered(member)] as const)
  return Object.fromEntries(entries.reverse()) as T
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member)
    Object.freeze(value)
  }
  return value
}

test('merging twice is merging once, and an empty policy changes nothing', () => {
  fc.assert(
    fc.property(settings, settings, (base, policy) => {
      const once = mergeSettings(frozen(base), frozen(policy))
      assert.equal(canonical(mergeSettings(once, policy)), canonical(once))
      assert.equal(canonical(mergeSettings(once, {})), canonical(once))
      assert.equal(canonical(mergeSettings({}, once)), canonical(once))
    }),
  )
})

test('nothing that the base denies, asks about or hooks is ever lost', () => {
  const paths = [
    ['deniedModels'],
    ['disabledMcpjsonServers'],
    ['deniedMcpServers'],
    ['blockedMarketplaces'],
    ['permissions', 'deny'],
    ['permissions', 'ask'],
  ]
  const at = (document: JsonObject, path: readonly string[]): unknown[] => {
    const found = path.reduce<unknown>((inner, key) => (inner as JsonObject | undefined)?.[key], document) // a path of objects
    return Array.isArray(found) ? found : []
  }
  fc.assert(
    fc.property(settings, settings, (base, policy) => {
      const merged = mergeSettings(base, policy)
      const events = Object.keys(base['hooks'] ?? {}).map(event => ['hooks', event])
      for (const path of [...paths, ...events]) {
        assert.deepEqual(at(merged, path).slice(0, at(base, path).length), at(base, path))
        for (const item of at(policy, path))
          assert.ok(
            at(merged, path).some(kept => canonical(kept as JsonObject) === canonical(item as JsonObject)),
          )
      }
    }),
  )
})

test('the order of keys means nothing', () => {
  fc.assert(
    fc.property(settings, settings, (base, policy) => {
      const one = canonical(mergeSettings(base, policy))
      assert.equal(canonical(mergeSettings(reordered(base), reordered(policy))), one)
      assert.equal(canonical(reordered(base)), canonical(base))
    }),
  )
})

/** Computed another way: keys compared unit by unit, members read without touching prototypes. */
function independent(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(independent).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Reflect.ownKeys(value).map(String)
  const units = (key: string) => [...Array(key.length).keys()].map(index => key.charCodeAt(index))
  keys.sort((a, b) => {
    const [left, right] = [units(a), units(b)]
    const at = left.findIndex((unit, index) => unit !== right[index])
    if (at === -1) return left.length - right.length
    return (left[at] ?? 0) - (right[at] ?? -1)
  })
  return `{${keys.map(key => `${JSON.stringify(key)}:${independent(Object.getOwnPropertyDescriptor(value, key)?.value)}`).join()}}`
}

test('the checksum is that of an independent computation', () => {
  fc.assert(
    fc.property(settings, document => {
      const { checksum, etag, body } = servedSettings(document)
      const expected = `sha256:${createHash('sha256').update(independent(document), 'utf8').digest('hex')}`
      assert.deepEqual([checksum, etag], [expected, `"${expected}"`])
      assert.deepEqual(JSON.parse(body.toString()), {
        uuid: expected,
        checksum: expected,
        settings: JSON.parse(JSON.stringify(document)),
      })
    }),
  )
})

test('the checksums of the manual', () => {
  const rows = [
    ['{}', 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
    [
      '{"permissions":{"deny":["WebFetch","Bash(npm *)"]},"env":{"ZED":"é","ALPHA":"1"},"availableModels":["claude-haiku-4-5"],"cleanupPeriodDays":30}',
      'sha256:be2eb740f2fb0a6d180774c80f03d379752479333af191aa192e45525c6c6bd6',
    ],
    [
      '{"modelPricing":{"multiplier":0.85,"overrides":{"claude-sonnet-4-6":{"input":3.3,"output":16.5,"cacheRead":0.33,"cacheWrite":4.125}}},"env":{"B":"2","a":"1","A":"3"}}',
      'sha256:dbc019246ec92e362c3c59dd21d4cd8a2b4b12a4682ac1b48713cdea31f7c8ad',
    ],
  ]
  for (const [document = '', checksum] of rows)
    assert.equal(servedSettings(JSON.parse(document)).checksum, checksum)
})
