import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { trustedProxies } from '../../app/doctor/trusted-proxies.ts'
import { type ExaminedEnvironment, findingsOf } from '../support/examination.ts'
import { startHttp } from '../support/http-server.ts'

const LISTEN = { host: '127.0.0.1', port: 8080, public_url: 'https://gateway.example' }

/** On Cloud Run, with a gateway that refuses strangers, and a log that `answer`s what is asked of it. */
async function onCloudRun(
  t: TestContext,
  answer: (filter: string) => Response,
): Promise<ExaminedEnvironment> {
  const gateway = await startHttp((_request, response) => void response.writeHead(401).end())
  t.after(() => gateway.stop())
  return {
    ...{ origin: gateway.origin, isOnCloudRun: true, project: 'acme-prod' },
    sections: { listen: { ...LISTEN, trusted_proxies: ['169.254.0.0/16', '10.64.2.0/23'] } },
    googleToken: async () => 'ya29.doctor',
    transport: purpose => async (input, init) => {
      if (purpose !== 'google') return fetch(input, init)
      assert.equal(String(input), 'https://logging.googleapis.com/v2/entries:list')
      return answer(JSON.parse(String(init?.body)).filter)
    },
  }
}

test('on Cloud Run the proxy of the platform has to be listed', async () => {
  assert.deepEqual(await findingsOf(trustedProxies, { isOnCloudRun: true }), [
    {
      ...{ id: 'trusted-proxies', status: 'fail', fix: 'add 169.254.0.0/16 to listen.trusted_proxies' },
      evidence: "Cloud Run's own proxy is not trusted: all developers share one address",
    },
  ])
})

test('the audit line of a request of its own tells which address the gateway sees', async t => {
  const lineWith = (client_ip: string) => (filter: string) => {
    assert.match(
      filter,
      /^jsonPayload\.evt="auth\.denied" AND jsonPayload\.request_id="doctor-[0-9a-f-]{36}"$/,
    )
    return Response.json({ entries: [{ jsonPayload: { client_ip } }] })
  }

  const [seen] = await findingsOf(trustedProxies, await onCloudRun(t, lineWith('10.64.0.7')))
  const [proxy] = await findingsOf(trustedProxies, await onCloudRun(t, lineWith('169.254.8.129')))

  assert.deepEqual(seen, {
    ...{ id: 'trusted-proxies', status: 'ok' },
    evidence: 'the audit says that this request came from 10.64.0.7',
  })
  assert.deepEqual(
    [proxy?.status, proxy?.fix],
    ['fail', 'add 169.254.0.0/16, and the proxy-only subnet, to listen.trusted_proxies'],
  )
})

test('a log that may not be read is left to the operator, with the line to do it', async t => {
  const refused = await onCloudRun(t, () => new Response('{}', { status: 403 }))

  const [finding] = await findingsOf(trustedProxies, refused)

  assert.equal(finding?.status, 'skip')
  assert.match(
    finding?.evidence ?? '',
    /gcloud logging read 'jsonPayload\.evt="auth\.denied" AND .*' --limit 1/,
  )
})
