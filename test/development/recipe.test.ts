import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PEOPLE } from '../../app/development/people.ts'
import { curlRecipe } from '../../app/development/recipe.ts'
import { developmentFolder, paste, startDevelopment } from '../support/development-process.ts'

test('the printed recipe, pasted as it is, streams an answer, meets a cap and lifts it', async t => {
  const gateway = await startDevelopment(t, await developmentFolder(t))

  const shown = await paste(gateway.recipe)

  const [asked = '', code = '', confirmed, page, collected, first] = shown.split('\n')
  assert.deepEqual(
    [asked, code.replace(/[A-Z]/g, 'X'), confirmed, page, collected, first],
    [
      '1. The terminal asks for a code.',
      '   XXXX-XXXX',
      '2. The browser confirms it and signs in as erin@example.com.',
      '   You are signed in',
      '3. The terminal collects its bearer and streams an answer.',
      'event: message_start',
    ],
  )
  assert.match(shown, /"text":"canned "/)
  assert.equal(
    shown.slice(shown.lastIndexOf('event: message_stop')),
    `event: message_stop
data: {"type":"message_stop"}

4. An administrator lets nobody spend anything today.
   Spending is switched off for your account
5. The cap is lifted, and answers come again.
event: message_start
`,
  )
})

test('the recipe is plain enough for the simplest shell', async t => {
  const gateway = await startDevelopment(t, await developmentFolder(t))

  const shown = await paste(gateway.recipe, 'sh')

  assert.match(shown, /message_stop/)
  assert.ok(shown.endsWith('\nevent: message_start\n'))
  assert.doesNotMatch(gateway.recipe, /^\s*#/m) // an interactive zsh takes it for a command
})

test('everybody of the company can sign in, and the outsider is refused', async t => {
  const gateway = await startDevelopment(t, await developmentFolder(t))

  const ends: Record<string, string> = {}
  for (const person of PEOPLE) {
    const shown = await paste(curlRecipe(gateway.url, person))
    ends[person.email] = /message_stop|"type":"[a-z]+_error"/.exec(shown)?.[0] ?? shown
  }

  assert.deepEqual(ends, {
    'erin@example.com': 'message_stop',
    'ada@example.com': 'message_stop',
    'casey@example.com': 'message_stop',
    'olga@elsewhere.test': '"type":"authentication_error"',
  })
})
