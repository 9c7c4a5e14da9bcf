// The manual's table of metrics is the code's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { familyName } from '../../app/observability/exposition.ts'
import { INSTRUMENTS, type Instrument } from '../../app/observability/instruments.ts'
import { pageAt } from '../support/manual.ts'

const manual = pageAt('docs/observability.md')

const SHORT = { counter: 'C', up_down_counter: 'U', gauge: 'G', histogram: 'H' }

test('docs/observability.md has a row for every metric, with its kind and labels, and for no other', () => {
  const rows = [...manual.matchAll(/^\| `([a-z0-9_.]+)` \| ([CUGH]) \|([^|]*)\|/gm)].map(
    ([, name = '', kind = '', labels = '']) => ({
      ...{ name, kind },
      labels: [...labels.matchAll(/`([^`]+)`/g)].map(([, label]) => label),
    }),
  )

  const wanted = Object.entries<Instrument>(INSTRUMENTS).map(([name, { kind, labels }]) => ({
    ...{ name, kind: SHORT[kind], labels: [...labels] },
  }))
  assert.deepEqual(rows, wanted)
})

test('every metric that a query of the manual names is on the page', () => {
  const families = Object.entries<Instrument>(INSTRUMENTS).map(([name, row]) => familyName(name, row))
  const named = [...manual.matchAll(/\b((?:gatehouse|nodejs|process|http|v8js)_[a-z0-9_]+)\b/g)].map(
    ([, name = '']) => name.replace(/_(bucket|sum|count)$/, ''),
  )

  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter(name => !families.includes(name)),
    [],
  )
})
