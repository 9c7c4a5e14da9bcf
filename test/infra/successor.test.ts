// cdktf is archived: the way to its successor is two lines of package.json, and is kept open here (G-65).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SuccessorProject } from '../support/successor-project.ts'
import { synthesizeApart } from '../support/synth-process.ts'

test('with the successor’s two lines the stack becomes the same, but for the version of its maker', async t => {
  await using project = await SuccessorProject.open()
  const unreachable = await project.unreachable()
  if (unreachable !== null) return t.skip(unreachable)
  const { code, said } = await project.install()
  assert.equal(code, 0, said)
  await project.linkTheRest()

  const [successors, ours] = await Promise.all([
    synthesizeApart('prod', { program: project.program }),
    synthesizeApart('prod'),
  ])

  assert.equal(successors.code, 0, successors.said.join('\n'))
  assert.deepEqual(successors.said, ours.said)
  const [stack, expected] = [successors.text, ours.text].map(text => JSON.parse(text))
  assert.equal(stack['//'].metadata.version, '0.24.0')
  expected['//'].metadata.version = '0.24.0'
  assert.deepEqual(stack, expected)
})

test('the first line alone is refused: the bindings want cdktf of its own version', async t => {
  await using project = await SuccessorProject.open()
  const unreachable = await project.unreachable()
  if (unreachable !== null) return t.skip(unreachable)

  const { code, said } = await project.install({})

  assert.equal(code, 1)
  assert.match(said, /ERESOLVE/)
})
