// What is recorded of a request, under which id, and how it is read back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf, readEntry } from '../../app/spend/entry.ts'
import { entryIdAt } from '../../app/spend/entry-id.ts'
import { nanoUsd } from '../../app/spend/money.ts'
import { entry, SUNDAY } from '../support/entries.ts'
import { partOf } from '../support/prices.ts'

test('an id is a UUIDv7 of its moment, and no two are the same', () => {
  const ids = Array.from({ length: 10_000 }, () => entryIdAt(0x0123_4567_89ab))

  assert.match(ids[0] ?? '', /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(ids).size, 10_000)
  assert.equal(entryIdAt(1).slice(0, 15), '00000000-0001-7')
})

test('an entry holds sums over the parts, exact amounts, and the periods of its admission', () => {
  const made = entryOf(
    { entryId: 'id', admittedAt: Date.UTC(2027, 0, 3, 23, 59), identity: { sub: 'dev', groups: ['eng'] } },
    {
      parts: [
        partOf('a', { input: 1, output: 2, cache_read: 3, cache_write_5m: 4, cache_write_1h: 5 }),
        partOf('b', { input: Number.MAX_SAFE_INTEGER, output: 2 }),
      ],
      ...{ upstream: 'main', served_model: 'a', web_searches: 6, speed: null, inference_geo: null },
      ...{ estimated: true, aborted: false, billing_group: 'team' },
    },
    { costs: { amount: nanoUsd(10n ** 18n), list: nanoUsd(1n) }, model: 'claude-a' },
  )

  assert.deepEqual(made, {
    ...{ entry_id: 'id', admitted_at: '2027-01-03T23:59:00.000Z', principal: 'dev', groups: ['eng'] },
    ...{ day: '2027-01-03', week: '2026-W53', month: '2027-01' },
    ...{ week_start: '2026-12-28', month_start: '2027-01-01' },
    ...{ model: 'claude-a', upstream: 'main', billing_group: 'team' },
    ...{ input_tokens: '9007199254740992', output_tokens: '4', cache_read_tokens: '3' },
    ...{ cache_write_5m_tokens: '4', cache_write_1h_tokens: '5', web_search_requests: '6' },
    ...{ nano_usd: '1000000000000000000', list_nano_usd: '1', estimated: true, aborted: false },
  })
})

test('names of a bearer that no text of the database can hold are left out, and half of a character is replaced', () => {
  const { principal, groups } = entry({ sub: 'ada\ud800', groups: ['a\0b', 'eng', '\udc00x'] })

  assert.deepEqual([principal, groups], ['ada\ufffd', ['eng', '\ufffdx']])
})

test('an entry is read back from whatever line it stands in', () => {
  const made = entry({ groups: ['eng'], at: SUNDAY })

  const read = readEntry({
    ts: 'x',
    evt: 'spend.unsettled',
    ...JSON.parse(JSON.stringify(made)),
    severity: 'x',
  })

  assert.deepEqual(read, made)
})

const WRONG: readonly (readonly [string, object, string])[] = [
  ['without an id', { entry_id: undefined }, 'entry_id'],
  ['with an id of a client', { entry_id: '3b241101-e2bb-4255-8caf-4136c566a962' }, 'entry_id'],
  ['with a fraction of money', { nano_usd: '1.5' }, 'nano_usd'],
  ['with negative tokens', { input_tokens: '-1' }, 'input_tokens'],
  ['with a number for text', { list_nano_usd: 1 }, 'list_nano_usd'],
  ['of nobody', { principal: '' }, 'principal'],
  ['with groups that are no list', { groups: 'eng' }, 'groups'],
]

for (const [title, changes, field] of WRONG) {
  test(`an entry ${title} is not taken`, () => {
    assert.equal(readEntry({ ...entry(), ...changes }), `${field} is not that of an entry`)
  })
}

test('an entry whose periods are not those of its admission is not taken', () => {
  assert.equal(readEntry(entry({ changes: { month: '2026-12' } })), 'month is not that of admitted_at')
  assert.equal(readEntry('text'), 'it is no entry')
})
