import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForCodes, press, titleOf } from '../support/device-browser.ts'
import { createDatabase } from '../support/postgres.ts'
import { startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

const OWN = 'https://gateway.example'

for (const [what, headers] of [
  ['from another origin', { origin: 'https://evil.example' }],
  ['from another port', { origin: 'https://gateway.example:8443' }],
  ['from the same host by http', { origin: 'http://gateway.example' }],
  ['from a sandboxed frame', { origin: 'null' }],
  ['with our origin, from a cross-site context', { origin: OWN, 'sec-fetch-site': 'cross-site' }],
  ['with our origin, from a sibling site', { origin: OWN, 'sec-fetch-site': 'same-site' }],
  ['typed into the address bar', { 'sec-fetch-site': 'none' }],
  ['with our Referer alone', { referer: `${OWN}/device` }],
  ['that says nothing about its origin', {}],
] as const) {
  for (const [button, evt] of [
    ['continue', 'device.verify'],
    ['stop', 'device.deny'],
  ] as const) {
    test(`A-5: a form ${what} cannot press ${button}, and consumes no try`, async () => {
      await using database = await createDatabase()
      const { pool } = database
      await using gateway = await startSignInGateway({ pool, signIn: stubSignIn() })
      const { user_code } = await askForCodes(gateway)

      const answer = await press(gateway, { button, userCode: user_code, headers })

      const tries = await pool.query("select hits from rate_windows where key like 'device_verify %'")
      const grants = await pool.query('select status from device_grants')
      const verdict = gateway.events.at(-1)
      assert.deepEqual(
        [answer.status, titleOf(answer), answer.headers['set-cookie']],
        [200, 'Check your code', undefined],
      )
      assert.match(answer.body, /That form did not come from this page/)
      assert.deepEqual([tries.rows, grants.rows], [[], [{ status: 'pending' }]])
      assert.deepEqual(
        { ...verdict, request_id: '' },
        { evt, request_id: '', result: 'csrf_rejected', client_ip: '127.0.0.1' },
      )
    })
  }
}

for (const [what, headers] of [
  ['our origin alone', { origin: OWN }],
  ['our origin and same-origin', { origin: OWN, 'sec-fetch-site': 'same-origin' }],
  ['same-origin alone', { 'sec-fetch-site': 'same-origin' }],
] as const) {
  test(`a form that carries ${what} is ours`, async () => {
    await using database = await createDatabase()
    await using gateway = await startSignInGateway({ pool: database.pool, signIn: stubSignIn() })
    const { user_code } = await askForCodes(gateway)

    const answer = await press(gateway, { userCode: user_code, headers })

    assert.equal(answer.status, 302)
  })
}
