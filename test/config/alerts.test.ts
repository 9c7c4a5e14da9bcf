// gatehouse.spend.alerts and alert_webhook.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertProblem,
  assertWarning,
  fileWith,
  judge,
  problemsOf,
  warningsOf,
} from '../support/config-text.ts'

const ADMIN = 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }'
const HOOK = 'url: "https://alerts.example.com/hook?token=x", secret: "${JWT}"'

const withSpend = (spend: string) =>
  fileWith({ admin: ADMIN, gatehouse: `gatehouse: { spend: { ${spend} } } # here` })

/** `gatehouse.spend` of a file that is valid. */
function spendOf(spend: string) {
  const result = judge(withSpend(spend))
  assert.equal(result.kind, 'loaded', JSON.stringify(result))
  return result.kind === 'loaded' ? result.config.gatehouse.spend : null
}

test('alerts are raised at half, 80, 90 and 100 percent unless the file says otherwise', () => {
  assert.deepEqual(spendOf('')?.alerts, ['0.5', '0.8', '0.9', '1'])
  assert.deepEqual(spendOf('alerts: []')?.alerts, [])
})

test('a share is kept as it is written, without its trailing zeros', () => {
  const written = '[0.50, "0.8", 1.0, 0.3333, 0.10]'

  assert.deepEqual(spendOf(`alerts: ${written}`)?.alerts, ['0.5', '0.8', '1', '0.3333', '0.1'])
})

test('a share is a plain decimal above 0 and up to 1, of at most four places', () => {
  for (const share of [
    '0',
    '0.0',
    '1.1',
    '2.5',
    '-0.5',
    '.5',
    '5e-1',
    '0.33333',
    '"50 %"',
    'true',
    '[0.5]',
  ]) {
    assertProblem(withSpend(`alerts: [${share}]`), 'gatehouse.spend.alerts[0]', [
      'a share above 0 and up to 1',
    ])
  }
})

test('whoever writes percents is told how shares are written', () => {
  for (const share of ['80', '100', '2'])
    assertProblem(withSpend(`alerts: [${share}]`), 'gatehouse.spend.alerts[0]', ['write 0.8 for 80 %.'])
})

test('a share that is there twice is refused, also in another spelling', () => {
  assertProblem(withSpend('alerts: [0.5, 0.8, 0.50]'), 'gatehouse.spend.alerts[2]', ['is there already.'])
})

test('there are at most twenty shares', () => {
  const shares = Array.from({ length: 21 }, (_, index) => `0.${index + 10}`)

  assertProblem(withSpend(`alerts: [${shares}]`), 'gatehouse.spend.alerts', ['more than 20'])
  assert.equal(spendOf(`alerts: [${shares.slice(1)}]`)?.alerts.length, 20)
})

test('a webhook is a URL and a secret, and gets JSON', () => {
  const headers = 'headers: { authorization: "Bearer x" }'

  assert.deepEqual(spendOf(`alert_webhook: { ${HOOK}, ${headers} }`)?.alert_webhook, {
    url: 'https://alerts.example.com/hook?token=x',
    secret: 'marked-jwt-secret-9f8e7d6c5b4a3f2e1d0c',
    format: 'json',
    headers: { authorization: 'Bearer x' },
  })
})

test('a webhook needs its secret, unless it is a chat that checks none', () => {
  const url = 'url: "https://alerts.example.com/x"'

  assertProblem(withSpend(`alert_webhook: { ${url} }`), 'gatehouse.spend.alert_webhook.secret', [
    'missing: the receiver could not tell whose alerts they are.',
    'secret: ${ALERT_SECRET}',
  ])
  assertProblem(
    withSpend(`alert_webhook: { ${url}, secret: "\${SHORT}" }`),
    'gatehouse.spend.alert_webhook.secret (from ${SHORT})',
    ['12 characters, needs at least 32', 'openssl rand'],
  )
  assert.deepEqual(problemsOf(withSpend(`alert_webhook: { ${url}, format: slack }`)), [])
})

test('a webhook needs the section admin', () => {
  assertProblem(
    fileWith({ gatehouse: `gatehouse: { spend: { alert_webhook: { ${HOOK} } } } # here` }),
    'gatehouse.spend.alert_webhook',
    ['needs the section admin'],
  )
})

test('alerts travel by https, or by http to this machine where that is allowed', () => {
  const hook = (url: string) => withSpend(`alert_webhook: { url: "${url}", secret: "\${JWT}" }`)
  const allowed = { variables: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' } }
  const path = 'gatehouse.spend.alert_webhook.url'

  assertProblem(hook('http://alerts.example.com/'), path, ['carries alerts in clear text.'])
  assertProblem(hook('http://127.0.0.1:8080/'), path, ['CLAUDE_GATEWAY_ALLOW_LOOPBACK'])
  assert.deepEqual(problemsOf(hook('http://127.0.0.1:8080/'), allowed), [])
  assertProblem(hook('https://169.254.169.254/'), path, ['metadata'])
  assertProblem(hook('https://a:b@alerts.example.com/'), path, ['without user info'])
  assertProblem(hook('https://alerts.example.com/#x'), path, ['without a fragment'])
  assertProblem(hook('alerts.example.com'), path, ['an http or https URL'])
})

test('no header of a webhook replaces one of ours', () => {
  for (const name of ['Gatehouse-Signature', 'gatehouse-alert-id', 'content-type', 'host']) {
    const headers = `headers: { ${name}: x }`
    const [problem] = problemsOf(withSpend(`alert_webhook: { ${HOOK}, ${headers} }`))
    assert.equal(problem?.text, 'is set by the gateway and cannot be replaced.', name)
  }
})

test('a webhook beside an empty list of shares gets nothing, which is said', () => {
  const lines = warningsOf(withSpend(`alerts: [], alert_webhook: { ${HOOK} }`))

  assertWarning(
    lines.filter(line => line.startsWith('gatehouse.spend')),
    'gatehouse.spend.alert_webhook',
    'gatehouse.spend.alerts is empty',
  )
})

test("a URL of Slack that stands in the file is a secret in the file; another receiver's is none", () => {
  const said = (url: string) =>
    warningsOf(withSpend(`alert_webhook: { url: "${url}", format: slack }`)).filter(line =>
      line.includes('a secret stands in the file'),
    )

  assert.equal(said('https://hooks.slack.com/services/T000/B000/marked').length, 1)
  assert.deepEqual(said('https://alerts.example.com/hook'), [])
})
