import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replicaPool } from '../support/postgres.ts'
import { openSessionRig, type SessionRig } from '../support/session-rig.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** A replica whose way to the database can be held up, and which waits `storeMs` for an answer. */
async function startBehind(rig: SessionRig, storeMs: number): Promise<{ proxy: TcpProxy } & AsyncDisposable> {
  const proxy = await startTcpProxy(rig.database.tcpUrl)
  const pool = replicaPool(proxy.through(rig.database.tcpUrl), 3)
  await rig.start({ pool, storeMs })
  return {
    proxy,
    async [Symbol.asyncDispose]() {
      proxy.cut()
      await pool.end()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

test('while Postgres takes connections and says nothing, polls wait, refreshes work and log-outs hold here', async () => {
  await using rig = await openSessionRig()
  const [code, tokens, kept] = [await rig.approvedGrant(), await rig.signIn(), await rig.signIn()]
  await using behind = await startBehind(rig, 100)
  const replica = rig.replicas[1]! // the rig's own, and this one
  behind.proxy.pause()

  const answers = [await replica.collect(code), await replica.refresh(kept.refresh_token)]
  answers.push(await replica.revoke(tokens.access_token), await replica.visit(tokens.access_token))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [400, 200, 503, 401],
  )
  assert.deepEqual(answers[0]?.body, { error: 'slow_down' })
})

test('what was promised while Postgres was cut off is kept when it is back', async () => {
  await using rig = await openSessionRig()
  const tokens = await rig.signIn()
  await using behind = await startBehind(rig, 60_000)
  const replica = rig.replicas[1]! // the rig's own, and this one
  behind.proxy.cut()
  await replica.revoke(tokens.access_token)
  behind.proxy.resume()

  await replica.revocations.poll()
  await rig.gateway.revocations.poll()

  assert.equal((await rig.gateway.visit(tokens.access_token)).status, 401)
})
