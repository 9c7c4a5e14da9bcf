// Secrets of Secret Manager: each once, whole, undamaged, in words; and what is said when they are not (C-16).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSecretManager, payloadOf, TOKEN, type VersionAnswer } from '../support/secret-manager.ts'

const A = 'projects/p/secrets/a/versions/1'
const REGIONAL = 'projects/p/locations/europe-west1/secrets/a/versions/7'
const ROLE = 'roles/secretmanager.secretAccessor'

test('a version is read with the service’s own credentials, and trimmed; a regional one behind its region’s address', async t => {
  const { asked, read } = await openSecretManager(t, {
    versions: { [A]: [' top secret\n'], [REGIONAL]: ['ünïcode'] },
  })

  const answers = await read([A, REGIONAL])

  assert.deepEqual(Object.fromEntries(answers), {
    [A]: { kind: 'read', value: 'top secret' },
    [REGIONAL]: { kind: 'read', value: 'ünïcode' },
  })
  assert.deepEqual(asked.toSorted(), [
    `secretmanager.europe-west1.rep.googleapis.com/v1/${REGIONAL}:access Bearer ${TOKEN}`,
    `secretmanager.googleapis.com/v1/${A}:access Bearer ${TOKEN}`,
  ])
})

test('a reference that stands in many places is asked for once, and eight are asked for at a time', async t => {
  const names = Array.from({ length: 20 }, (_, i) => `projects/p/secrets/s${i}/versions/1`)
  const { asked, read, mostRunning } = await openSecretManager(t, {
    versions: Object.fromEntries(names.map(name => [name, ['x']])),
  })

  await read([...names, ...names])

  assert.equal(asked.length, 20)
  assert.ok(mostRunning() <= 8, `${mostRunning()}`)
})

/** What becomes of one version that answers so, and the pauses between the attempts. */
async function answerOf(t: import('node:test').TestContext, ...answers: VersionAnswer[]) {
  const { read, pauses } = await openSecretManager(t, { versions: { [A]: answers } })
  const answer = (await read([A])).get(A)
  assert.ok(!JSON.stringify(answer).includes('marked-'), JSON.stringify(answer))
  return { answer, pauses }
}

test('what passes is tried three times: too many requests, failures of Google, and broken answers', async t => {
  const read = { kind: 'read', value: 'x' }

  assert.deepEqual(await answerOf(t, 503, 503, 'x'), { answer: read, pauses: [500, 1000] })
  assert.deepEqual(await answerOf(t, 429, 'x'), { answer: read, pauses: [500] })
  assert.deepEqual(await answerOf(t, 500), {
    answer: {
      kind: 'failed',
      text: 'cannot be read: Secret Manager answered 500.',
      fix: `the service's account needs ${ROLE} on the secret.`,
    },
    pauses: [500, 1000],
  })
})

test('what does not pass is said at once, with the status and the role', async t => {
  const said = async (status: number) => {
    const { answer, pauses } = await answerOf(t, status)
    assert.ok(answer?.kind === 'failed')
    assert.deepEqual(pauses, [])
    assert.equal(answer.text, `cannot be read: Secret Manager answered ${status}.`)
    return answer.fix
  }

  assert.equal(await said(403), `grant ${ROLE} on the secret to the service's account, and enable the API.`)
  assert.equal(
    await said(404),
    `check project, secret and version; the service's account needs ${ROLE} on the secret.`,
  )
  assert.equal(
    await said(400),
    `check that the version is enabled and not destroyed; the service's account needs ${ROLE} on the secret.`,
  )
  assert.equal(await said(401), `the service's account needs ${ROLE} on the secret.`)
})

test('a payload that is damaged, too long, or no text is refused', async t => {
  const damaged = { body: { payload: { ...payloadOf('marked-value'), dataCrc32c: '1' } } }
  const unchecked = { body: { payload: { data: payloadOf('x').data } } }
  const textOf = async (answer: VersionAnswer) => {
    const { answer: said } = await answerOf(t, answer)
    return said?.kind === 'failed' ? said.text : said?.value
  }

  assert.equal(await textOf(damaged), 'arrived damaged: its CRC32C does not match.')
  assert.equal(await textOf(unchecked), 'x')
  assert.equal(await textOf(new Uint8Array(65_537)), 'is longer than 65536 bytes.')
  assert.equal((await textOf('y'.repeat(65_536)))?.length, 65_536)
  assert.equal(await textOf(Buffer.of(0xff, 0xfe)), 'is not UTF-8 text.')
})

test('what is no version of Secret Manager’s is no secret', async t => {
  for (const body of [{}, { payload: {} }, [], 'marked-text', { error: 'marked-error' }]) {
    const { answer } = await answerOf(t, { body })
    assert.equal(answer?.kind, 'failed', JSON.stringify(body))
  }
})

test('a location that is no region is asked nowhere', async t => {
  const evil = 'projects/p/locations/evil.example.com#/secrets/a/versions/1'
  const { asked, read } = await openSecretManager(t, { versions: {} })

  assert.deepEqual((await read([evil])).get(evil), {
    kind: 'failed',
    text: 'names no region of Google Cloud.',
    fix: 'write a location such as europe-west1.',
  })
  assert.deepEqual(asked, [])
})

test('without credentials every reference says so, and Secret Manager is not asked', async t => {
  const metadata = (response: import('node:http').ServerResponse) => void response.writeHead(404).end()
  const { asked, read } = await openSecretManager(t, { versions: { [A]: ['x'] }, metadata })

  assert.deepEqual((await read([A])).get(A), {
    kind: 'failed',
    text: 'cannot be read: the metadata server has no service account for this workload: attach one that has the roles.',
    fix: `give the service an account with ${ROLE}.`,
  })
  assert.deepEqual(asked, [])
})

test('a boot that is given up waits for no secret', async t => {
  const { read, asked } = await openSecretManager(t, { versions: { [A]: ['hang'] } })
  const giveUp = new AbortController()

  const reading = read([A], giveUp.signal)
  while (asked.length === 0) await new Promise(setImmediate)
  giveUp.abort('SIGTERM')

  await assert.rejects(reading, error => error === 'SIGTERM')
})
