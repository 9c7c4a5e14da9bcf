// What `gatehouse spend replay` stores of the lines of a log, and what it refuses.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { replaySpend } from '../../app/commands/spend-replay.ts'
import { readEnvironment } from '../../app/config/environment.ts'
import type { Entry } from '../../app/spend/entry.ts'
import { judge, SECTIONS } from '../support/config-text.ts'
import { allOf, entry, SUNDAY, totals } from '../support/entries.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

/** As long as entries are kept. */
const DAYS = 8

const lineOf = (one: Entry, more: object = {}) =>
  JSON.stringify({
    ts: '2026-11-29T12:00:00.000Z',
    evt: 'spend.unsettled',
    reason: 'shutdown',
    ...one,
    ...more,
  })

async function replayed({ tcpUrl }: TestDatabase, lines: readonly string[], { admin = 'admin: {}' } = {}) {
  const file = { ...SECTIONS, store: `store: { postgres_url: ${JSON.stringify(tcpUrl)} }`, admin }
  const loaded = judge(Object.values(file).join('\n'))
  if (loaded.kind !== 'loaded') throw new Error(`${loaded.kind}`)
  const printed: string[] = []
  const complaints: string[] = []
  const isFit = await replaySpend(loaded.config, {
    environment: readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' }),
    clock: () => SUNDAY + DAYS * 86_400_000,
    input: Readable.from(lines.map(line => Buffer.from(`${line}\n`))),
    print: line => void printed.push(line),
    complain: line => void complaints.push(line),
  })
  return { isFit, printed, complaints }
}

test('what a log says could not be stored is stored, and doing it again changes nothing', async () => {
  await using database = await createDatabase()
  const lines = [
    '[gateway] 2026-11-29T12:00:00.000Z info ready',
    '{"ts":"2026-11-29T12:00:00.000Z","evt":"server.stop","signal":"SIGTERM"}',
    ...Array.from({ length: 1100 }, () => lineOf(entry())),
    '',
  ]

  const first = await replayed(database, [...lines, lines[2] ?? ''])
  const second = await replayed(database, lines)

  assert.deepEqual(first, {
    ...{ isFit: true, complaints: [] },
    printed: ['1100 settled, 1 were there already, 0 refused, 3 other lines'],
  })
  assert.deepEqual(second.printed, ['0 settled, 1100 were there already, 0 refused, 3 other lines'])
  assert.deepEqual(await totals(database.pool), allOf(110_000n))
})

test('nonsense is refused by the number of its line, and what is fit is stored all the same', async () => {
  await using database = await createDatabase()
  const lines = [
    lineOf(entry()),
    'no JSON',
    '["spend.unsettled"]',
    lineOf(entry(), { nano_usd: -1 }),
    lineOf(entry(), { day: '2026-11-28' }),
    lineOf(entry({ at: SUNDAY - 86_400_000 })),
    lineOf(entry(), { nano_usd: '9223372036854775808' }),
    lineOf(entry(), { pad: 'x'.repeat(1024 * 1024) }),
    lineOf(entry()),
  ]

  const { isFit, printed, complaints } = await replayed(database, lines)

  assert.deepEqual(complaints, [
    'line 2: it is no JSON object',
    'line 3: it is no JSON object',
    'line 4: nano_usd is not that of an entry',
    'line 5: day is not that of admitted_at',
    'line 6: it is older than gatehouse.spend.entry_retention_days: nobody knows any more whether it is stored',
    'line 8: it is longer than 1048576 bytes',
    'line 7: value "9223372036854775808" is out of range for type bigint',
  ])
  assert.deepEqual([isFit, printed], [false, ['2 settled, 0 were there already, 7 refused, 0 other lines']])
  assert.deepEqual(await totals(database.pool), allOf(200n))
})

test('where nothing is metered, nothing is replayed', async () => {
  await using database = await createDatabase()

  await assert.rejects(replayed(database, [lineOf(entry())], { admin: '' }), {
    message: 'the file has no `admin`, without which nothing is metered',
  })
})
