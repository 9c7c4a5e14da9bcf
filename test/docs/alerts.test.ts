// docs/alerts.md: its programs check what the gateway signs, and its example is a message of the gateway's.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { readAlert } from '../../app/spend/alert.ts'
import { alertBody } from '../../app/spend/alert-message.ts'
import { alertSignature } from '../../app/spend/alert-signature.ts'
import { codeBlocks, pageAt } from '../support/manual.ts'

const blocks = codeBlocks({ path: 'docs/alerts.md', text: pageAt('docs/alerts.md') })
const blockIn = (language: string) => blocks.find(block => block.language === language)?.text ?? ''

const SECRET = 'ünder-the-sea-0123456789-abcdefghij'
const NOW = 1_795_003_200
const ALERT = readAlert({
  ...{ id: '5c0e3f0a-9b1c-8d2e-8f34-1a2b3c4d5e6f', scope: 'user:248289761001', period: '2026-11' },
  ...{ share: '0.8', cap_cents: '50000', nano_usd: '400123456789' },
})
const BODY = alertBody(ALERT, new Date('2026-11-18T12:00:00.250Z'), 'json')
const SIGNATURE = alertSignature(SECRET, BODY, NOW * 1000)

/** Signature, body, secret, the time of day, and whether that is authentic. */
const CASES: readonly (readonly [string | null, string, string, number, boolean])[] = [
  [SIGNATURE, BODY, SECRET, NOW, true],
  [SIGNATURE, BODY, SECRET, NOW + 300, true],
  [SIGNATURE, BODY, SECRET, NOW + 301, false],
  [SIGNATURE, BODY, SECRET, NOW - 301, false],
  [SIGNATURE, `${BODY} `, SECRET, NOW, false],
  [SIGNATURE, BODY, `${SECRET}x`, NOW, false],
  [SIGNATURE.replace(`t=${NOW}`, `t=${NOW + 1}`), BODY, SECRET, NOW, false],
  [SIGNATURE.slice(0, -1), BODY, SECRET, NOW, false],
  [SIGNATURE.toUpperCase(), BODY, SECRET, NOW, false],
  ['', BODY, SECRET, NOW, false],
  [null, BODY, SECRET, NOW, false],
]
const EXPECTED = CASES.map(row => row[4])

test('the example of a message is one that the gateway sends', () => {
  assert.deepEqual(JSON.parse(blockIn('json')), JSON.parse(BODY))
})

test('the program for Node.js accepts what the gateway signs, and nothing else', async () => {
  const source = `data:text/javascript;base64,${Buffer.from(blockIn('js')).toString('base64')}`
  const { isAuthentic } = await import(source)

  assert.deepEqual(
    CASES.map(([signature, body, secret, now]) => isAuthentic(signature, body, secret, now)),
    EXPECTED,
  )
})

test('the program for Python accepts what the gateway signs, and nothing else', t => {
  const judge = `import json, sys
print(json.dumps([is_authentic(s, b.encode(), k, n) for s, b, k, n, _ in json.load(sys.stdin)]))`
  const run = spawnSync('python3', ['-c', `${blockIn('python')}\n${judge}`], {
    input: JSON.stringify(CASES),
    encoding: 'utf8',
  })
  if (run.error !== undefined) return t.skip('there is no python3 here')

  assert.deepEqual([run.stderr, JSON.parse(run.stdout || 'null')], ['', EXPECTED])
})
