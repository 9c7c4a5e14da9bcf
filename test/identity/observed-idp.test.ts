// What whoever measures the identity provider is told: each question once, whatever became of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IdpObserver, observed, observedLookup } from '../../app/identity/observer.ts'

function recorder() {
  const told: string[] = []
  const observer: IdpObserver = {
    asking(step) {
      told.push(`asked ${step}`)
      return () => void told.push(`over ${step}`)
    },
  }
  return { told, observer }
}

test('a question is told at its begin and its end, also when it fails; revocations are not', async () => {
  const { told, observer } = recorder()

  const answers = await Promise.allSettled([
    observed(observer, 'token', async () => 'tokens'),
    observed(observer, 'userinfo', () => Promise.reject(new Error('down'))),
    observed(observer, 'revocation', async () => 'revoked'),
    observed(null, 'jwks', async () => 'keys'),
  ])

  assert.deepEqual(
    answers.map(answer => (answer.status === 'fulfilled' ? answer.value : answer.reason.message)),
    ['tokens', 'down', 'revoked', 'keys'],
  )
  assert.deepEqual(told.toSorted(), ['asked token', 'asked userinfo', 'over token', 'over userinfo'])
})

test("a directory's look-up of groups is one more question", async () => {
  const { told, observer } = recorder()
  const lookup = observedLookup(
    { groupsOf: async () => ({ kind: 'groups', groups: ['eng'], stale: false }) },
    observer,
  )

  const answer = await lookup?.groupsOf('a@example.com', { deadlineMs: 1, useStale: false })

  assert.deepEqual(answer, { kind: 'groups', groups: ['eng'], stale: false })
  assert.deepEqual(told, ['asked groups', 'over groups'])
})
