import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCondition } from '../../app/lib/condition.ts'
import { createLog, type Log, type LogOptions } from '../../app/lib/log.ts'
import { masked } from '../../app/lib/masked.ts'
import { recordLog } from '../support/recorded-log.ts'

const clock = () => Date.UTC(2026, 0, 2, 3, 4, 5, 678)

function linesOf(write: (log: Log) => void, options: Partial<LogOptions> = {}): string[] {
  const lines: string[] = []
  const writer = { operational: (line: string) => void lines.push(line) }
  write(createLog({ writer, clock, level: 'info', format: 'text', ...options }))
  return lines
}

test('a line is the time, the level, a sentence, and details', () => {
  const lines = linesOf(log =>
    log.info('the store answers again', { after_ms: 12, host: 'db 1', a: undefined }),
  )

  assert.deepEqual(lines, [
    '[gateway] 2026-01-02T03:04:05.678Z info the store answers again after_ms=12 host="db 1"',
  ])
})

test('in JSON a line has a severity, a time, a message, and the details as members', () => {
  const write = (log: Log) => {
    log.debug('d')
    log.info('i', { n: 1 })
    log.warn('w')
    log.error('e')
  }

  assert.deepEqual(linesOf(write, { format: 'json', level: 'debug' }), [
    '{"severity":"DEBUG","time":"2026-01-02T03:04:05.678Z","message":"d"}',
    '{"severity":"INFO","time":"2026-01-02T03:04:05.678Z","message":"i","n":1}',
    '{"severity":"WARNING","time":"2026-01-02T03:04:05.678Z","message":"w"}',
    '{"severity":"ERROR","time":"2026-01-02T03:04:05.678Z","message":"e"}',
  ])
})

test('lines below the level are not written', () => {
  const write = (log: Log) => {
    log.debug('d')
    log.info('i')
    log.warn('w')
    log.error('e')
  }

  assert.equal(linesOf(write, { level: 'debug' }).length, 4)
  assert.equal(linesOf(write, { level: 'info' }).length, 3)
  assert.equal(linesOf(write, { level: 'warn' }).length, 2)
  assert.equal(linesOf(write, { level: 'error' }).length, 1)
})

test('what could break a line, clear a screen or turn the writing round is escaped', () => {
  const hostile = 'a\nb\r\u001b[2J\u0085\u2028\u202e\u0000'

  const [text] = linesOf(log => log.info(hostile, { from: hostile }))
  const [json] = linesOf(log => log.info(hostile), { format: 'json' })

  const escaped = 'a\\nb\\u000d\\u001b[2J\\u0085\\u2028\\u202e\\u0000'
  assert.equal(text, `[gateway] 2026-01-02T03:04:05.678Z info ${escaped} from=${escaped}`)
  assert.equal(JSON.parse(json ?? '').message, hostile)
  assert.match(json ?? '', /^[\x20-\x7e]*$/)
})

test('a line has at most 8 KiB, whole characters, and JSON stays JSON', () => {
  for (const character of ['x', 'ü', '€', '😀', '\n', '"']) {
    const text = character.repeat(20_000)

    const [plain = ''] = linesOf(log => log.info(text, { text }))
    const [json = ''] = linesOf(log => log.info(text, { text }), { format: 'json' })

    assert.ok(Buffer.byteLength(plain) <= 8192)
    assert.ok(plain.isWellFormed())
    assert.ok(Buffer.byteLength(json) <= 8192)
    assert.equal(JSON.parse(json).cut, true)
  }
})

test('a lasting condition is told when it begins, once a minute with a count, and when it ends', () => {
  const log = recordLog()
  let now = 0
  const condition = createCondition({ log, clock: () => now, text: 'the store does not answer' })

  for (now = 0; now <= 61_000; now += 1000) condition.occurred({ cause: 'timeout' })
  condition.ended()
  condition.ended()
  condition.occurred()

  assert.deepEqual(log.lines, [
    'warn the store does not answer {"cause":"timeout"}',
    'warn the store does not answer (60 times since the last line) {"cause":"timeout"}',
    'info over: the store does not answer (1 more times)',
    'warn the store does not answer',
  ])
})

test('what looks like a credential is masked', () => {
  assert.equal(
    masked('Authorization: Bearer abc.def-1 and basic dXNlcjpwYXNz'),
    'Authorization: [masked] and [masked]',
  )
  assert.equal(masked('token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is bad'), 'token [masked] is bad')
  assert.equal(masked('key sk-ant-api03-abcdefgh'), 'key [masked]')
  assert.equal(masked('postgres://user:secret@host/db'), 'postgres://[masked]@host/db')
  assert.equal(masked('nothing to hide at https://host/path'), 'nothing to hide at https://host/path')
})

test('a line about a traced request names the trace where Google Cloud Logging looks for it', () => {
  const lines: string[] = []
  const writer = { operational: (line: string) => void lines.push(line) }
  const log = createLog({ writer, clock: () => 0, level: 'info', format: 'json', traceProject: 'acme-prod' })

  log.warn('an attempt failed', { trace_id: 'abc' })
  log.warn('the store is slow')

  assert.deepEqual(
    lines.map(line => JSON.parse(line)['logging.googleapis.com/trace']),
    ['projects/acme-prod/traces/abc', undefined],
  )
})
