// A reservation that the store took, and of which the gateway never heard.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReservingGateway, QUESTION } from '../support/reserving-gateway.ts'
import { heldCents } from '../support/spend-tables.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** Asks while the store hears everything and nothing that it says arrives; answers what became of it, once nothing is held. */
async function askDeaf(fail_closed_on_error: boolean) {
  await using closing = new AsyncDisposableStack()
  const { promise: made, resolve } = Promise.withResolvers<TcpProxy>()
  const sut = closing.use(
    await openReservingGateway({
      databaseUrl: async database => {
        const proxy = closing.use(await startTcpProxy(database.tcpUrl))
        resolve(proxy)
        return proxy.through(database.tcpUrl)
      },
      sections: { gatehouse: { spend: { reserve: true } }, enforcement: { fail_closed_on_error } },
    }),
  )
  const proxy = await made
  await sut.cap({ amount: 100 })
  const bearer = await sut.bearer()
  sut.letGo()
  await sut.ask(bearer, QUESTION)
  await sut.holdsGone()

  proxy.deafen()
  const asking = sut.ask(bearer, QUESTION)
  while ((await sut.holds()).length === 0);
  const { status } = await asking
  await sut.holdsGone()
  proxy.cut()
  proxy.resume()

  return { status, left: await heldCents(sut.database.pool) }
}

test('it is given back when its request was charged, and when its request was refused', async () => {
  const [open, closed] = await Promise.all([askDeaf(false), askDeaf(true)])

  assert.deepEqual(open, { status: 200, left: {} })
  assert.deepEqual(closed, { status: 429, left: {} })
})
