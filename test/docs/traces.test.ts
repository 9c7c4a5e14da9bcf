import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageAt } from '../support/manual.ts'

test('docs/observability.md lists every attribute and event of a span, and no other', () => {
  const code = pageAt('app/observability/span.ts')
  const inCode = [...code.matchAll(/readonly '([a-z_.]+)'\?:|'([a-z_]+)'(?= \||\n)/g)].map(
    ([, attribute, event]) => attribute ?? event,
  )
  const [, section = ''] = pageAt('docs/observability.md').split(
    'A span holds no more than these attributes:',
  )
  const [list = ''] = section.split(' No body', 1)
  const outcomes = ['complete', 'client_abort', 'upstream_abort', 'drained', 'refused', 'unmatched', 'other']
  const inManual = [...list.matchAll(/`([a-z_.]+)`/g)].map(([, name = '']) => name)

  const kinds = ['server', 'client', 'internal']
  assert.deepEqual(
    inManual.filter(name => !outcomes.includes(name)).toSorted(),
    inCode.filter(name => !kinds.includes(name ?? '')).toSorted(),
  )
})
