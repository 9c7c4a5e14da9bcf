// Keys, events, refusals and variables that any document names exist. That each of them is documented is said
// by the tests of the page that lists them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECTIONS } from '../../app/config/config.ts'
import { INSTRUMENTS } from '../../app/observability/instruments.ts'
import { KEYS } from '../../infra/settings-schema.ts'
import { PAGES, pageAt, prose } from '../support/manual.ts'
import { schemaKeys } from '../support/schema-keys.ts'

// Of gateway.yaml, and of the stack's settings files.
const keys = [SECTIONS, KEYS].flatMap(schemas =>
  Object.entries(schemas).flatMap(([name, schema]) => schemaKeys(schema, name)),
)
const events = [...pageAt('app/audit/events.ts').matchAll(/evt: '([a-z_.]+)'/g)].map(([, name]) => name)

/** Every dotted word in code style; decisions are records, and name tables and things to come as well. */
const dotted = PAGES.filter(({ path }) => !path.startsWith('docs/decisions/')).flatMap(page =>
  [...prose(page).matchAll(/`([a-z_]+(?:\[\])?(?:\.[a-z_]+(?:\[\])?)+)(?:: [^`]*)?`/g)]
    .map(([, word = '']) => word)
    .filter(word => !/\.(yaml|json|ts|sh|md|js|html|sql|conf|localhost|com|mjs|internal|goog)$/.test(word))
    .map(word => ({ word, page: page.path })),
)

function isKey(word: string): boolean {
  return keys.some(key => key === word || key.startsWith(`${word}.`) || key.startsWith(`${word}[`))
}

/** A key may be named below its section, as the manual's own pages do: `limits.max_request_bytes`, `sign_in.address_match`. */
function isShortKey(word: string): boolean {
  return keys.some(key => key.endsWith(`.${word}`))
}

/** What traces are made of: names of attributes and spans. */
const traced = ['app/observability/span.ts', 'app/observability/request-spans.ts'].flatMap(path =>
  [...pageAt(path).matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g)].map(([, name = '']) => name),
)

/** What a row of the Admin API's trail says that was done. */
const actions = [...pageAt('app/store/admin-audit.ts').matchAll(/'([a-z_]+\.[a-z]+)'/g)].map(
  ([, name = '']) => name,
)

/** Names of metrics and of their labels. */
const measured = Object.entries(INSTRUMENTS).flatMap(([name, { labels }]) => [name, ...labels])

test('every configuration key, audit event, metric and attribute that a document names exists', () => {
  // Members of an error's body, and permissions of Google Cloud.
  const others = new Set([
    ...['error.type', 'error.message', 'aiplatform.endpoints.predict', 'serviceusage.services.use'],
    'service.instance.id',
    'cloud.region',
    'otel.metric.overflow',
    ...actions,
    ...traced,
    ...measured,
  ])
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
