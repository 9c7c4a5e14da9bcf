// gatehouse.observability: who may read the gateway's own metrics, and how they travel (T-26 to T-29).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from '../../app/config/document.ts'
import { readEnvironment } from '../../app/config/environment.ts'
import { problemOf } from '../../app/config/findings.ts'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { Tree } from '../../app/config/tree.ts'
import { configWarnings } from '../../app/config/warnings.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { assertProblem, fileWith, problemsOf } from '../support/config-text.ts'
import { SOURCES } from '../support/manual.ts'

const BEARER = 'bearer: "${METRICS_TOKEN}"'
const GOOGLE = 'url: "https://telemetry.googleapis.com", auth: { google: {} }'
const AT = 'gatehouse.observability'

const variables = { METRICS_TOKEN: 'marked-metrics-token-0123456789abcdef' }
const fileOf = (lines: string) => fileWith({ gatehouse: `gatehouse: { observability: { ${lines} } } # here` })
const prometheus = (lines: string) => fileOf(`prometheus: { ${lines} }`)
const otlp = (lines: string) => fileOf(`otlp: { ${lines} }`)

function assertRefused(text: string, path: string, words: readonly string[]): void {
  assertProblem(text, path === '' ? AT : `${AT}.${path}`, words, { variables })
}

function assertAccepted(text: string): void {
  assert.deepEqual(problemsOf(text, { variables }), [])
}

/** The warnings below the block, with their paths. */
function warned(lines: string): string[] {
  const { root } = readDocument(fileOf(lines))
  assert.ok(root !== null)
  const tree = new Tree(root)
  const environment = readEnvironment({})
  const readFile = () => ({ kind: 'failed', code: 'ENOENT' }) as const
  const facts = { environment, readFile, judgeHost, now: 0, builtins: [], judgePolicies: () => [] }
  return configWarnings(tree, facts)
    .map(finding => problemOf(finding, tree))
    .filter(({ path }) => path.startsWith(AT))
    .map(({ path, text }) => `${path}: ${text}`)
}

test('everything is off by default, and the block has the defaults of the manual', () => {
  assert.equal(GatehouseSection.parse({}).observability, undefined)

  const block = { prometheus: { port: 9464 }, otlp: { url: 'https://otel.example.com/' } }
  assert.deepEqual(GatehouseSection.parse({ observability: block }).observability, {
    prometheus: { port: 9464, host: '127.0.0.1' },
    otlp: {
      url: 'https://otel.example.com',
      headers: {},
      metrics: true,
      traces: false,
      interval_seconds: 60,
      trace_ratio: 0.01,
    },
    resource_attributes: {},
    client_traceparent: 'ignore',
  })
})

test('metrics are read on a port of their own, or on a path of the gateway', () => {
  assertAccepted(prometheus('port: 9464'))
  assertAccepted(prometheus(`path: /metrics, ${BEARER}`))
  assertRefused(prometheus('{}').replace('{ {} }', '{}'), 'prometheus', ['neither port nor path'])
  assertRefused(prometheus(`port: 9464, path: /metrics, ${BEARER}`), 'prometheus.path', ['beside port'])
  assertRefused(prometheus(`path: /metrics, host: 127.0.0.1, ${BEARER}`), 'prometheus.host', [
    'that port opens',
  ])
})

test('whoever is not on this machine shows a bearer', () => {
  assertRefused(prometheus('path: /metrics'), 'prometheus.bearer', ['missing', 'bearer: ${METRICS_TOKEN}'])
  for (const host of ['0.0.0.0', '10.0.0.1', '"::"', 'metrics.example.com']) {
    assertRefused(prometheus(`port: 9464, host: ${host}`), 'prometheus.bearer', ['missing'])
    assertAccepted(prometheus(`port: 9464, host: ${host}, ${BEARER}`))
  }
  for (const host of ['127.0.0.1', '"::1"', 'localhost'])
    assertAccepted(prometheus(`port: 9464, host: ${host}`))
})

test('a bearer is long, and can be sent', () => {
  assertRefused(prometheus(`port: 1, bearer: ${'x'.repeat(31)}`), 'prometheus.bearer', [
    '31 characters, needs at least 32',
    'openssl rand',
  ])
  assertRefused(prometheus(`port: 1, bearer: "${'x '.repeat(16)}"`), 'prometheus.bearer', ['without a space'])
  assertRefused(prometheus(`port: 1, bearer: "${'é'.repeat(32)}"`), 'prometheus.bearer', ['printable ASCII'])
})

test('a path that the gateway serves is not given away', () => {
  const served = SOURCES.flatMap(({ path, text }) =>
    path === 'app/http/health.ts'
      ? [...text.matchAll(/'(\/[a-z]+)'/g)].map(([, url = '']) => url)
      : [...text.matchAll(/\burl: '(\/[^']+)'/g)].map(([, url = '']) => url),
  )

  assert.ok(served.length > 15 && served.includes('/healthz') && served.includes('/v1/models'))
  // A path below `/.well-known` is no plain one: the next test.
  for (const url of served.filter(url => !url.startsWith('/.'))) {
    const path = url.replace(/:[a-z_]+$/, 'x')
    assertRefused(prometheus(`path: ${path}, ${BEARER}`), 'prometheus.path', ['the gateway serves itself'])
  }
})

test('a path is plain, so that no spelling of it leads elsewhere', () => {
  for (const path of [
    'metrics',
    '/',
    '/.well-known/x',
    '/a/../v1',
    '//metrics',
    '/metrics/',
    '/m?x',
    '/m%20',
    `/${'m'.repeat(64)}`,
  ])
    assertRefused(prometheus(`path: "${path}", ${BEARER}`), 'prometheus.path', ['a path such as /metrics'])
})

test('the collector is reached as all others are', () => {
  assertAccepted(otlp('url: "https://otel.example.com:4318/base"'))
  const rows = [
    ['url: "http://otel.example.com"', 'otlp.url', 'clear text'],
    ['url: "https://otel.example.com?a=b"', 'otlp.url', 'without a query'],
    ['url: "https://otel.example.com#a"', 'otlp.url', 'without a fragment'],
    ['url: "http://127.0.0.1:4318"', 'otlp.url', 'CLAUDE_GATEWAY_ALLOW_LOOPBACK=1'],
    ['url: "http://localhost:4318"', 'otlp.url', 'CLAUDE_GATEWAY_ALLOW_LOOPBACK=1'],
    ['url: "https://169.254.169.254"', 'otlp.url', 'metadata'],
    ['url: "https://metadata.google.internal"', 'otlp.url', 'metadata'],
    ['metrics: true', 'otlp.url', 'missing'],
    ['url: "https://o.example.com", headers: { Host: x }', 'otlp.headers.Host', 'is set by the gateway'],
    ['url: "https://o.example.com", headers: { "a b": x }', 'otlp.headers["a b"]', 'is not a header name'],
  ] as const
  for (const [lines, path, words] of rows) assertRefused(otlp(lines), path, [words])
})

test('Google’s bearer goes to Google only, and beside nothing that it brings', () => {
  assertAccepted(otlp(GOOGLE))
  assertAccepted(otlp(GOOGLE.replace('google: {}', 'google: { quota_project: my-project }')))
  const rows = [
    [GOOGLE.replace('telemetry.', 'evil'), 'otlp.auth.google', 'not below googleapis.com'],
    [`${GOOGLE}, headers: { Authorization: x }`, 'otlp.headers.Authorization', 'both are the credential'],
    [
      GOOGLE.replace('google: {}', 'google: { quota_project: X }'),
      'otlp.auth.google.quota_project',
      'a project id',
    ],
    [
      `${GOOGLE.replace('{}', '{ quota_project: my-project }')}, headers: { X-Goog-User-Project: x }`,
      'otlp.headers.X-Goog-User-Project',
      'quota_project',
    ],
    ['url: "https://telemetry.googleapis.com", auth: {}', 'otlp.auth.google', 'missing'],
  ] as const
  for (const [lines, path, words] of rows) assertRefused(otlp(lines), path, [words])
})

test('the rest keeps its ranges', () => {
  const url = 'url: "https://o.example.com"'
  const rows = [
    [otlp(`${url}, interval_seconds: 9`), 'otlp.interval_seconds', 'from 10 to 3600'],
    [otlp(`${url}, interval_seconds: 3601`), 'otlp.interval_seconds', 'from 10 to 3600'],
    [otlp(`${url}, trace_ratio: 1.1`), 'otlp.trace_ratio', 'of at least 0 and up to 1'],
    [otlp(`${url}, trace_ratio: -0.1`), 'otlp.trace_ratio', 'of at least 0 and up to 1'],
    [prometheus('port: 65536'), 'prometheus.port', 'from 0 to 65535'],
    [fileOf('client_traceparent: parent'), 'client_traceparent', 'ignore, link'],
    [
      fileOf('resource_attributes: { service.name: x }'),
      'resource_attributes["service.name"]',
      'the gateway sets',
    ],
    [fileOf('resource_attributes: { a: "x y" }'), 'resource_attributes.a', 'without space'],
    [fileOf('promtheus: {}'), 'promtheus', 'Did you mean prometheus?'],
  ] as const
  for (const [text, path, words] of rows) assertRefused(text, path, [words])
})

test('a block that measures nothing, or sends nothing, is named', () => {
  assert.deepEqual(warned('client_traceparent: link'), [
    `${AT}: names neither prometheus nor otlp: nothing is measured.`,
  ])
  assert.deepEqual(warned('otlp: { url: "https://o.example.com", metrics: false }'), [
    `${AT}.otlp: has neither metrics nor traces: nothing is sent there.`,
  ])
  assert.deepEqual(warned(`otlp: { ${GOOGLE} }, resource_attributes: { gcp.project_id: my-project }`), [])
  assert.deepEqual(warned(`otlp: { ${GOOGLE} }`), [
    `${AT}.otlp.auth.google: needs the attribute gcp.project_id, and the gateway adds none.`,
  ])
})

test('a bearer and headers that stand in the file are secrets', () => {
  const lines = `prometheus: { port: 1, bearer: ${'x'.repeat(32)} }, otlp: { url: "https://o.example.com", headers: { x-key: y } }`

  assert.deepEqual(warned(lines), [
    `${AT}.prometheus.bearer: a secret stands in the file as it is.`,
    `${AT}.otlp.headers.x-key: a secret stands in the file as it is.`,
  ])
})
