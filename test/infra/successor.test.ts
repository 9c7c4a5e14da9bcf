// cdktf is archived: the way to its successor is two lines of package.json, and is kept open here (G-65).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SuccessorProject } from '../support/successor-project.ts'
import { synthesizeApart } from '../support/synth-process.ts'

/** What npm says when it has no registry to ask, or is not there itself. */
const CANNOT_FETCH =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOENT|ERR_SOCKET_TIMEOUT|ENOTCACHED|E50\d)\b/

test('with the successor’s two lines the stack becomes the same, but for the version of its maker', async t => {
  await using project = await SuccessorProject.open()
  const installed = await project.install()
  if (installed.code !== 0 && CANNOT_FETCH.test(installed.said)) return t.skip('npm cannot fetch cdktn here')
  assert.equal(installed.code, 0, installed.said)
  await project.linkTheRest()

  const [successors, ours] = await Promise.all([
    synthesizeApart('prod', { program: project.program }),
    synthesizeApart('prod'),
  ])

  assert.deepEqual([successors.code, successors.said], [0, ['']])
  const [stack, expected] = [successors.text, ours.text].map(text => JSON.parse(text))
  assert.equal(stack['//'].metadata.version, '0.24.0')
  expected['//'].metadata.version = '0.24.0'
  assert.deepEqual(stack, expected)
})

test('the first line alone is refused: the bindings want cdktf of its own version', async t => {
  await using project = await SuccessorProject.open()

  const { code, said } = await project.install({})

  if (CANNOT_FETCH.test(said)) return t.skip('npm cannot fetch cdktn here')
  assert.equal(code, 1)
  assert.match(said, /ERESOLVE/)
})
