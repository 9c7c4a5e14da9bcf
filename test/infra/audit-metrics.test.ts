// The metrics and the audit log agree: events, fields, and labels that nobody can fill with a name (G-53, G-54).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHECK_IDS } from '../../app/config/doctor-arguments.ts'
import { AUDIT_METRICS, labelExtractor } from '../../infra/audit-metrics.ts'

const source = readFileSync(join(import.meta.dirname, '../../app/audit/events.ts'), 'utf8')

/** Fields that people, groups or models fill. */
const PERSONAL = [
  'email',
  'sub',
  'sid',
  'group',
  'groups',
  'model',
  'path',
  'client_ip',
  'actor',
  'request_id',
]

/** The text of each event's declaration, by its name. */
const declared = new Map(
  source
    .split(/(?=evt: ')/)
    .slice(1)
    .map(text => [/^evt: '([^']+)'/.exec(text)?.[1] ?? '', text]),
)

/** Fields of an event that come from the types it is put together with. */
const SHARED = source.slice(source.indexOf('interface SessionFacts'))

function typeOf(evt: string, field: string): string | undefined {
  const declaration = `${declared.get(evt) ?? ''}${evt.startsWith('session.') ? SHARED : ''}`
  return new RegExp(`\\b${field}\\??: ([^\\n;]+)`).exec(declaration)?.[1]
}

const rows = AUDIT_METRICS.flatMap(metric => metric.evt.map(evt => ({ metric, evt })))

test('every event that is counted is one that the gateway writes', () => {
  const unknown = rows.map(({ evt }) => evt).filter(evt => !declared.has(evt))

  assert.deepEqual(unknown, [])
})

test('every field that is read is one of its event', () => {
  const missing = rows
    .filter(({ evt }) => declared.has(evt))
    .flatMap(({ metric, evt }) =>
      [
        ...Object.keys(metric.where ?? {}),
        ...Object.values(metric.labels).map(({ field }) => field),
        ...(metric.distributionOf ? [metric.distributionOf.field] : []),
      ].flatMap(field => (typeOf(evt, field) === undefined ? [`${evt} has no ${field}`] : [])),
    )

  assert.deepEqual(missing, [])
})

test('no label is a person, a group, a model or an address', () => {
  const labels = AUDIT_METRICS.flatMap(({ labels }) => Object.values(labels).map(({ field }) => field))

  assert.deepEqual(
    labels.filter(field => PERSONAL.includes(field)),
    [],
  )
})

/** Fields whose type is wide, and whose values are few: a name in the configuration, a status, a check of the doctor. */
const FEW = ['upstream', 'status', 'check']

test('a label has few values: words of the gateway, a status, a name in the configuration, or a listed answer', () => {
  const open = rows
    .filter(({ evt }) => declared.has(evt))
    .flatMap(({ metric, evt }) =>
      Object.values(metric.labels)
        .filter(({ field, pattern }) => {
          const type = typeOf(evt, field) ?? ''
          const isClosed = /^('[\w]+'( \| )?)+$/.test(type)
          return !isClosed && pattern === undefined && !FEW.includes(field)
        })
        .map(({ field }) => `${evt} ${field}`),
    )

  assert.deepEqual(open, [])
})

test('the doctor’s checks are a table of the gateway’s', () => {
  assert.ok(CHECK_IDS.length < 30)
  for (const check of CHECK_IDS) assert.match(check, /^[a-z-]+$/)
})

test('of what an identity provider answers, only listed words become a label', () => {
  const { labels } = AUDIT_METRICS.find(({ name }) => name === 'refresh_failed') ?? {}
  const pattern = new RegExp(labels?.['answer']?.pattern ?? '')

  for (const word of ['timeout', '503', 'invalid_grant']) assert.equal(pattern.exec(word)?.[1], word)
  for (const text of ['dev@example.com', 'invalid_grant: dev', '5033', ''])
    assert.equal(pattern.exec(text), null)
  assert.match(
    labelExtractor(labels?.['answer'] ?? { description: '', field: '' }),
    /^REGEXP_EXTRACT\(jsonPayload\.answer, "\^\(/,
  )
})
