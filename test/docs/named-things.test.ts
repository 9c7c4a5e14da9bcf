// Keys, events, refusals and variables that any document names exist. That each of them is documented is said
// by the tests of the page that lists them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECTIONS } from '../../app/config/config.ts'
import { REFUSALS } from '../../app/http/errors.ts'
import { PAGES, pageAt, prose, SOURCES } from '../support/manual.ts'
import { schemaKeys } from '../support/schema-keys.ts'

const keys = Object.entries(SECTIONS).flatMap(([name, schema]) => schemaKeys(schema, name))
const events = [...pageAt('app/audit/events.ts').matchAll(/evt: '([a-z_.]+)'/g)].map(([, name]) => name)

/** Every dotted word in code style; decisions are records, and name tables and things to come as well. */
const dotted = PAGES.filter(({ path }) => !path.startsWith('docs/decisions/')).flatMap(page =>
  [...prose(page).matchAll(/`([a-z_]+(?:\[\])?(?:\.[a-z_]+(?:\[\])?)+)(?:: [^`]*)?`/g)]
    .map(([, word = '']) => word)
    .filter(word => !/\.(yaml|json|ts|md|js|html|sql|conf|localhost|com|mjs|internal|goog)$/.test(word))
    .map(word => ({ word, page: page.path })),
)

function isKey(word: string): boolean {
  return keys.some(key => key === word || key.startsWith(`${word}.`) || key.startsWith(`${word}[`))
}

/** A key may be named below its section, as the manual's own pages do: `limits.max_request_bytes`, `sign_in.address_match`. */
function isShortKey(word: string): boolean {
  return keys.some(key => key.endsWith(`.${word}`))
}

test('every configuration key and audit event that a document names exists', () => {
  const others = new Set(['error.type'])
  const unknown = dotted.filter(
    ({ word }) => !isKey(word) && !isShortKey(word) && !events.includes(word) && !others.has(word),
  )

  assert.deepEqual(
    unknown.map(({ word, page }) => `${page}: ${word}`),
    [],
  )
})

test('every variable of the gateway that a document names is read', () => {
  const environment = pageAt('app/config/environment.ts')
  const named = PAGES.flatMap(page =>
    [...page.text.matchAll(/\bCLAUDE_GATEWAY_[A-Z_]+\b/g)].map(([name]) => name),
  )

  assert.deepEqual([...new Set(named)].filter(name => !environment.includes(`'${name}'`)).toSorted(), [])
})

test('the statuses and types of the wire contract are those of the refusals', () => {
  const contract = pageAt('app/protocol/protocol.md')
  const errors = contract.slice(contract.indexOf('## Errors'))
  const listed = [...errors.matchAll(/^\| (\d{3}) +\| `([a-z_]+)` +\|/gm)].map(
    match => `${match[1]} ${match[2]}`,
  )
  const made = Object.entries(REFUSALS)
    // What only sign-in answers has its own tables; a 501 is an upstream's own today.
    .filter(([code, { type }]) => type !== 'oauth' && code !== 'not_supported')
    .map(([, { status, type }]) => `${status} ${type}`)

  assert.deepEqual(listed, [...new Set(made)].toSorted())
})

test('the wire contract names every route, and no other', () => {
  const code = [
    ...['oauth', 'inference', 'protocol'].flatMap(folder => routesOf(folder)),
    ...[...pageAt('app/http/health.ts').matchAll(/'(\/[a-z]+)'/g)].map(([, path]) => path ?? ''),
  ]
  const contract = pageAt('app/protocol/protocol.md')
  const named = [...contract.matchAll(/`(?:(?:GET|POST) )?(\/[a-z_\-./0-9]*)`/g)].map(
    ([, path]) => path ?? '',
  )

  // The Stop button's target is the page's own business.
  const published = code.filter(path => path !== '/device/deny')
  assert.deepEqual([...new Set(named)].toSorted(), [...new Set(published)].toSorted())
})

function routesOf(folder: string): string[] {
  const files = SOURCES.filter(({ path }) => path.startsWith(`app/${folder}/`))
  return files.flatMap(({ text }) => [...text.matchAll(/\burl: '(\/[^']*)'/g)].map(([, path]) => path ?? ''))
}
