// Google's credentials on bad days: each ends in a sentence that says what to do, and none quotes a secret.
import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import type { LookupFunction } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openNetwork } from '../../app/net/network.ts'
import {
  ambient,
  credentialsFile,
  googleNetwork,
  granted,
  onGoogle,
  openToken,
  serviceAccount,
} from '../support/google.ts'
import { startHttp } from '../support/http-server.ts'

/** What the operator is told; it is the same in the log. */
async function faultOf({ token, log }: ReturnType<typeof openToken>): Promise<string> {
  try {
    return `no fault: ${await token.get()}`
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    assert.ok(log.lines[0]?.includes(JSON.stringify({ cause: message })))
    return message
  }
}

async function faultOfMetadata(t: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  await onGoogle(t, answer)
  return faultOf(openToken(t))
}

async function faultOfService(t: TestContext, listener: RequestListener): Promise<string> {
  credentialsFile(t, JSON.stringify(serviceAccount().file))
  return faultOf(openToken(t, await googleNetwork(t, listener)))
}

test('no service account at the workload', async t => {
  assert.equal(
    await faultOfMetadata(t, response => response.writeHead(404).end('<html>')),
    'the metadata server has no service account for this workload: attach one that has the roles',
  )
})

test('a machine without the scope', async t => {
  assert.equal(
    await faultOfMetadata(t, response => response.writeHead(403).end('Forbidden')),
    'the metadata server refuses a token (403): the access scopes of the machine leave out cloud-platform',
  )
})

test('a metadata server that fails', async t => {
  assert.equal(
    await faultOfMetadata(t, response => response.writeHead(500).end('x'.repeat(100_000))),
    'the metadata server answered 500 when asked for a token',
  )
})

test('no file and no metadata server', async t => {
  const nobody = await startHttp(() => {})
  await nobody.stop()
  ambient(t, { GCE_METADATA_HOST: `127.0.0.1:${nobody.port}` })

  assert.equal(
    await faultOf(openToken(t)),
    'no Google credentials: GOOGLE_APPLICATION_CREDENTIALS names no file, and no metadata server answers (ECONNREFUSED)',
  )
})

test('something else in the place of the metadata server', async t => {
  const sentence = 'what answers in the place of the metadata server gave no token'

  const answers = ['<html>login</html>', '[]', '{}', granted(7), granted(''), granted('a\r\nx-evil: 1')]
  for (const answer of answers)
    assert.equal(await faultOfMetadata(t, response => response.end(answer)), sentence, answer)
  assert.equal(
    await faultOfMetadata(t, response => {
      response.removeHeader('metadata-flavor')
      response.end(granted('ya29.evil'))
    }),
    sentence,
  )
})

test('an answer that never ends is not read to its end', async t => {
  assert.match(
    await faultOfMetadata(t, response => {
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      more()
    }),
    /no metadata server answers \(ERR_ANSWER_TOO_LONG\)$/,
  )
})

test('a file that is not there', async t => {
  ambient(t, { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' })

  assert.match(
    await faultOf(openToken(t)),
    /^the Google credentials file cannot be used: .*\/nowhere\/key\.json.*; GOOGLE_APPLICATION_CREDENTIALS must name a key or federation file$/,
  )
})

test('a file that is broken, without a word of what is in it', async t => {
  credentialsFile(t, '{"private_key": "-----BEGIN PRIVATE KEY-----\\nmarked-key" marked-rest')

  assert.equal(
    await faultOf(openToken(t)),
    'the Google credentials file cannot be used: it is not JSON; GOOGLE_APPLICATION_CREDENTIALS must name a key or federation file',
  )
})

test('a file that is none of Google’s', async t => {
  credentialsFile(t, '{"hello":"world"}')

  assert.match(await faultOf(openToken(t)), /cannot be used: .*client_email/)
})

test('a key that is no key', async t => {
  credentialsFile(t, JSON.stringify({ ...serviceAccount().file, private_key: 'marked-key' }))

  const fault = await faultOf(openToken(t))

  assert.match(fault, /^the credentials of the file gave no token: /)
  assert.equal(fault.includes('marked'), false)
})

test('a key that Google does not accept', async t => {
  assert.equal(
    await faultOfService(t, (_request, response) => {
      const body = { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }),
    'Google refuses the credentials of the file (400: invalid_grant: Invalid JWT Signature.): ' +
      'check the key or the federation, that the service account is enabled, and the clock',
  )
})

test('a refusal that names the account leaves its address out of the log', async t => {
  const fault = await faultOfService(t, (_request, response) => {
    const body = {
      error: 'invalid_grant',
      error_description: 'Gaia id not found for g@p.iam.gserviceaccount.com',
    }
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })

  assert.match(fault, /\(400: invalid_grant: Gaia id not found for \[masked\]\)/)
})

test('a refusal that quotes the assertion does not bring it into the log', async t => {
  const fault = await faultOfService(t, (request, response) => {
    request.on('data', chunk => {
      const assertion = new URLSearchParams(`${chunk}`).get('assertion')
      response.writeHead(401, { 'content-type': 'text/plain' }).end(`bad: ${assertion}\u202e\r\nlevel=error`)
    })
  })

  assert.match(fault, /^Google refuses the credentials of the file \(401: bad: \[masked\]/)
  assert.equal(fault.includes('eyJ'), false)
})

test('a token service that fails three times', async t => {
  let asked = 0
  const fault = await faultOfService(t, (_request, response) => {
    asked += 1
    response.writeHead(503).end('unavailable')
  })

  assert.equal(fault, "Google's token service answered 503")
  assert.equal(asked, 3)
})

test('a token service that resets, and one that has no address', async t => {
  const reset = await faultOfService(t, request => request.socket.destroy())
  const lookup: LookupFunction = (_host, _options, done) =>
    done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
  const unknown = await faultOf(openToken(t, openNetwork({ allowLoopback: false, lookup })))

  const hint = 'allow oauth2.googleapis.com and sts.googleapis.com'
  assert.match(
    reset,
    new RegExp(`^Google's token service cannot be reached \\((UND_ERR_SOCKET|ECONNRESET)\\): ${hint}$`),
  )
  assert.equal(unknown, `Google's token service cannot be reached (ENOTFOUND): ${hint}`)
})
