// What is said about collectors of clients' telemetry: who would get nothing, and who would drop it (T-16, T-22, T-23).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertProblem,
  assertWarning,
  fileWith,
  type JudgeOptions,
  warningsOf,
} from '../support/config-text.ts'

const PUBLIC = {
  listen: 'listen: { host: 127.0.0.1, public_url: "https://claude.example.com" }',
  access_control: 'access_control: { allow_cidrs: [10.0.0.0/8] }',
}

const forward = (lines: string, attributes = '') => ({
  ...PUBLIC,
  telemetry: `telemetry: { forward_to: [{ ${lines} }], resource_attributes: { ${attributes} } }`,
})
const warned = (changes: Record<string, string>, options?: JudgeOptions) =>
  warningsOf(fileWith(changes), options)

const GOOGLE = 'url: "https://telemetry.googleapis.com", auth: { google: {} }'
const CUMULATIVE =
  'managed: { policies: [{ match: {}, code: { env: { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: cumulative } } }] }'

test('a sound collector gives no warning', () => {
  assert.deepEqual(warned(forward('url: "https://otel.example.com"')), [])
})

test('clients are told to export here only under a public name', () => {
  const { listen: _, access_control: __, ...rest } = forward('url: "https://otel.example.com"')

  assertWarning(warned(rest), 'telemetry.forward_to', 'without listen.public_url')
  assert.deepEqual(warned({ telemetry: 'telemetry: { forward_to: [] }' }), [])
})

test('a collector that takes nothing is named', () => {
  assertWarning(
    warned(forward('url: "https://otel.example.com", metrics: false')),
    'telemetry.forward_to[0]',
    'takes no signal',
  )
})

test('a collector on this machine is refused at each export unless the variable allows it', () => {
  for (const url of ['http://localhost:4318', 'https://localhost:4318']) {
    const changes = forward(`url: "${url}"`)
    const allowed = { variables: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' } }

    assertWarning(warned(changes), 'telemetry.forward_to[0].url', 'every export will be refused')
    assert.deepEqual(warned(changes, allowed), [])
  }
})

test('Google’s store wants the project on the resource', () => {
  assertWarning(
    warned({ ...forward(GOOGLE), managed: CUMULATIVE }),
    'telemetry.forward_to[0].auth.google',
    'gcp.project_id',
  )
  assert.deepEqual(warned({ ...forward(GOOGLE, 'gcp.project_id: my-project'), managed: CUMULATIVE }), [])
})

test('Google’s store drops differences, where it takes metrics', () => {
  const project = 'gcp.project_id: my-project'

  assertWarning(
    warned(forward(GOOGLE, project)),
    'telemetry.forward_to[0].auth.google',
    'drops them without a word',
  )
  assert.deepEqual(warned(forward(`${GOOGLE}, metrics: false, logs: true`, project)), [])
})

test('a collector’s address has neither query nor fragment, and its headers are headers', () => {
  const at = 'telemetry.forward_to[0]'
  const rows = [
    ['url: "https://o.example.com/x?key=1"', `${at}.url`, 'without a query'],
    ['url: "https://o.example.com/x#y"', `${at}.url`, 'without a fragment'],
    ['url: "https://u:p@o.example.com"', `${at}.url`, 'without user info'],
    ['url: "https://o.example.com", headers: { "a b": x }', `${at}.headers["a b"]`, 'not a header name'],
    [GOOGLE.replace('{}', '{ quota_project: "1" }'), `${at}.auth.google.quota_project`, 'a project id'],
    [
      `${GOOGLE.replace('{}', '{ quota_project: my-project }')}, headers: { x-goog-user-project: x }`,
      `${at}.headers.x-goog-user-project`,
      'quota_project',
    ],
  ] as const
  for (const [lines, path, words] of rows) assertProblem(fileWith(forward(lines)), path, [words])
})

test('the queues of collectors keep their bounds', () => {
  const rows = [
    ['queue_bytes: 0', 'queue_bytes', 'from 1 to 1073741824'],
    ['queue_items: 100001', 'queue_items', 'from 1 to 100000'],
    ['in_flight: 0', 'in_flight', 'from 1 to 256'],
    ['attempts: 11', 'attempts', 'from 1 to 10'],
    ['max_age_seconds: 3601', 'max_age_seconds', 'from 1 to 3600'],
  ]
  for (const [lines = '', key = '', words = ''] of rows) {
    const text = fileWith({ gatehouse: `gatehouse: { telemetry: { ${lines} } } # here` })
    assertProblem(text, `gatehouse.telemetry.${key}`, [words])
  }
})
