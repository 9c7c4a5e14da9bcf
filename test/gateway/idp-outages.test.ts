// The identity provider slow, down and back, seen from signed-in work, from refreshes and from new sign-ins.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from '../support/browser.ts'
import type { Reply } from '../support/claude-client.ts'
import { hang, status } from '../support/idp-faults.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

type Whole = Awaited<ReturnType<typeof openWholeGateway>>

const COMPLETE = 'Your identity provider did not complete the sign-in'
const STOPPED = { kind: 'stopped', message: 'Sign-in was denied in the browser.' }

function headingOf(text: string): string | undefined {
  return /<h1>([^<]*)<\/h1>/.exec(text)?.[1]
}

/** What a refresh was answered: the client keeps its tokens at a 503. */
function answerOf({ status: code, headers, body }: Reply): readonly unknown[] {
  return [code, headers['retry-after'], body]
}

const LATER = [503, '5', '{"error":"temporarily_unavailable"}']

function refreshFailures({ gateway }: Whole): readonly object[] {
  return gateway.events
    .filter(event => event.evt === 'session.refresh' && event.result === 'fail')
    .map(event => ({ ...event, request_id: '' }))
}

const FAILED = { evt: 'session.refresh', request_id: '', client_ip: '127.0.0.1', result: 'fail' }

test('while the identity provider is gone, signed-in work and readiness go on and a refresh is put off', async () => {
  await using whole = await openWholeGateway()
  const { access_token, refresh_token } = await whole.tokens()
  await whole.idp[Symbol.asyncDispose]()

  const work = await whole.ask(access_token)
  const refresh = await whole.terminal.refresh(refresh_token)
  const ready = await whole.get('/readyz')

  assert.deepEqual([work.status, ready.status, ready.body], [200, 200, 'ready'])
  assert.deepEqual(answerOf(refresh), LATER)
  assert.deepEqual(refreshFailures(whole), [
    { ...FAILED, err: 'idp_unreachable', step: 'token', answer: 'refused' },
  ])
})

test('while the identity provider answers 5xx a refresh is put off; afterwards the same token works', async () => {
  await using whole = await openWholeGateway()
  const { refresh_token } = await whole.tokens()
  whole.idp.manners.faults = { refresh: status(502, 'bad gateway') }

  const during = await whole.terminal.refresh(refresh_token)
  whole.idp.manners.faults = {}
  const after = await whole.terminal.refresh(refresh_token)

  assert.deepEqual(answerOf(during), LATER)
  assert.equal(after.status, 200)
  assert.deepEqual(refreshFailures(whole), [
    { ...FAILED, err: 'idp_unavailable', step: 'token', answer: '502' },
  ])
})

test('a sign-in that is sent off while the identity provider is gone waits on in the terminal', async () => {
  await using whole = await openWholeGateway()
  const prompt = await whole.terminal.begin()
  await whole.idp[Symbol.asyncDispose]()

  await assert.rejects(whole.approve(prompt), { message: 'fetch failed' })

  const { rows } = await whole.database.pool.query('select status from device_grants')
  assert.deepEqual(rows, [{ status: 'pending' }])
})

test('after an exchange that failed, the next sign-in works without a restart', async () => {
  await using whole = await openWholeGateway({ manners: { faults: { token: status(503) } } })

  const first = await whole.signIn()
  whole.idp.manners.faults = {}
  const second = await whole.signIn()

  assert.deepEqual([first, second.kind], [STOPPED, 'signed_in'])
})

describe('an identity provider that is slow', { concurrency: true }, () => {
  test('a sign-in waits for one that takes its time, and the terminal polls on', async () => {
    await using whole = await openWholeGateway()
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    whole.idp.manners.pause = async endpoint => {
      if (endpoint !== 'token') return
      reached.resolve()
      await released.promise
    }
    let browser: Promise<Page> | null = null

    const end = await whole.signIn(async prompt => {
      if (browser === null) {
        browser = whole.approve(prompt)
        await reached.promise
      } else {
        released.resolve()
        await browser
      }
    })

    assert.deepEqual([end.kind, whole.pauses], ['signed_in', [5, 5, 5, 5]])
  })

  test('a sign-in is given up after ten seconds without an answer', async () => {
    await using whole = await openWholeGateway({ manners: { faults: { token: hang } } })
    const headings: unknown[] = []

    const end = await whole.signIn(async prompt =>
      headings.push(headingOf((await whole.approve(prompt)).text)),
    )

    assert.deepEqual([end, headings], [STOPPED, [COMPLETE]])
  })

  test('a refresh is put off before the client stops waiting, and so are the next ones at once', async () => {
    await using whole = await openWholeGateway()
    const { access_token, refresh_token } = await whole.tokens()
    whole.idp.manners.faults = { refresh: hang }

    const answers = [await whole.terminal.refresh(refresh_token), await whole.terminal.refresh(refresh_token)]

    const asked = whole.idp.requests.filter(({ endpoint }) => endpoint === 'refresh').length
    assert.deepEqual(answers.map(answerOf), [LATER, LATER])
    assert.equal(asked, 1)
    assert.equal((await whole.ask(access_token)).status, 200)
  })
})
