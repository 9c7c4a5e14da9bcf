// References in values: `${VAR}`, `${file:}`, `${secret:}`, and the escape (chapter 01 §4).
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readDocument } from '../../app/config/document.ts'
import { expandReferences } from '../../app/config/expand.ts'
import { readLocalFile } from '../../app/config/local-file.ts'
import { Tree } from '../../app/config/tree.ts'
import { assertProblem, fileWith, type JudgeOptions, judge, warningsOf } from '../support/config-text.ts'

const oidcWith = (secret: string) =>
  `oidc:\n  issuer: https://idp.example.com\n  client_id: claude\n  client_secret: ${secret} # here`

/** The `client_secret` that `yaml` becomes. */
function secretOf(yaml: string, options: JudgeOptions = {}): string | undefined {
  const result = judge(fileWith({ oidc: oidcWith(yaml) }), options)
  return result.kind === 'loaded' ? result.config.oidc.client_secret : undefined
}

test('a variable is expanded anywhere in a value, several times', () => {
  assert.equal(secretOf('a-${A}-${B_2}-${A}', { variables: { A: 'x', B_2: 'y' } }), 'a-x-y-x')
})

test('a value that looks like YAML and like a reference stays one string', () => {
  const hostile = ': {}\n#${X}'

  assert.equal(secretOf('${HOSTILE}', { variables: { HOSTILE: hostile, X: 'expanded' } }), hostile)
  assert.equal(secretOf('${file:/run/s}', { files: { '/run/s': hostile } }), hostile)
})

test('a dollar with a dollar before it is a literal reference', () => {
  assert.equal(secretOf("'$${A}-$$${A}'", { variables: { A: 'x' } }), '${A}-$${A}')
})

test('an undefined variable is a problem that names it', () => {
  assertProblem(fileWith({ oidc: oidcWith('${NOWHERE}') }), 'oidc.client_secret (from ${NOWHERE})', [
    '${NOWHERE} is not set',
    'set the environment variable NOWHERE',
  ])
})

test('an inherited property of the environment object is no variable', () => {
  assertProblem(fileWith({ oidc: oidcWith('${constructor}') }), 'oidc.client_secret (from ${constructor})', [
    'is not set',
  ])
})

test('an empty variable is refused by a key that forbids it', () => {
  assertProblem(
    fileWith({ oidc: oidcWith('${EMPTY}') }),
    'oidc.client_secret (from ${EMPTY})',
    ['an empty text'],
    {
      variables: { EMPTY: '' },
    },
  )
})

test('a shell default is no reference', () => {
  assertProblem(fileWith({ oidc: oidcWith('${A:-marked-b}') }), 'oidc.client_secret', [
    'no reference',
    '$${ for a literal',
  ])
})

test('a reference that is never closed is no reference', () => {
  assertProblem(fileWith({ oidc: oidcWith('marked-${A') }), 'oidc.client_secret', ['no reference'])
})

test('a file’s content is trimmed at both ends', () => {
  assert.equal(
    secretOf('${file:/run/secrets/idp}', { files: { '/run/secrets/idp': '\n top secret\r\n ' } }),
    'top secret',
  )
})

test('a secret mount of symbolic links is followed', t => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mount-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, '..2026_07_01'))
  writeFileSync(join(folder, '..2026_07_01/jwt'), 'from the mount\n')
  symlinkSync('..2026_07_01', join(folder, '..data'))
  symlinkSync('..data/jwt', join(folder, 'jwt'))

  assert.deepEqual(readLocalFile(join(folder, 'jwt'), 1000), {
    kind: 'read',
    bytes: Buffer.from('from the mount\n'),
  })
})

test('a file that is missing is named with the system’s code', () => {
  assertProblem(
    fileWith({ oidc: oidcWith('${file:/run/nowhere}') }),
    'oidc.client_secret (from ${file:/run/nowhere})',
    ['${file:/run/nowhere} cannot be read (ENOENT)'],
  )
})

test('a relative file is refused', () => {
  assertProblem(
    fileWith({ oidc: oidcWith('${file:secret.txt}') }),
    'oidc.client_secret (from ${file:secret.txt})',
    ['not an absolute path'],
  )
})

test('a file that is not UTF-8 is refused', () => {
  assertProblem(
    fileWith({ oidc: oidcWith('${file:/b}') }),
    'oidc.client_secret (from ${file:/b})',
    ['not UTF-8'],
    {
      files: { '/b': Buffer.of(0xff, 0xfe) },
    },
  )
})

test('a file inside a longer value is refused; for a database the fix is store.password', () => {
  const text = fileWith({ store: 'store:\n  postgres_url: postgres://u:${file:/p}@db/x # here' })

  assertProblem(text, 'store.postgres_url', ['${file:…} must be the whole value', 'store.password'])
})

test('a secret of Secret Manager is checked for its form', () => {
  assertProblem(
    fileWith({ oidc: oidcWith('${secret:my-secret}') }),
    'oidc.client_secret (from ${secret:my-secret})',
    ['projects/P/secrets/S/versions/V'],
  )
})

test('a regional secret takes its resolved value, and the latest version warns', () => {
  const name = 'projects/p/locations/europe-west1/secrets/s/versions/latest'
  const { root } = readDocument(`a: "\${secret:${name}}"\n`)
  assert.ok(root)

  const expansion = expandReferences(root, {
    variable: () => undefined,
    readFile: () => ({ kind: 'failed', code: 'ENOENT' }),
    secrets: new Map([[name, { kind: 'read', value: 'resolved' }]]),
    allowUnset: false,
  })

  assert.equal(new Tree(expansion.root).text('a'), 'resolved')
  assert.deepEqual(expansion.unresolvedSecrets, [])
  assert.match(JSON.stringify(expansion.warnings), /names no fixed version/)
})

test('keys and comments are never expanded', () => {
  const result = judge(
    fileWith({ models: '# ${NOWHERE}\nmodels: [{ id: x, upstream_model: { anthropic: y } }]' }),
  )

  assert.equal(result.kind, 'loaded')
})

test('in a block for clients shell syntax is left as written, and plain references are expanded', () => {
  const command = '${A:-b} ${A:-${B}} $${HOME} ${B} ${'
  const { root } = readDocument(
    `managed: { policies: [{ match: {}, code: { apiKeyHelper: '${command}' } }] }\n`,
  )
  assert.ok(root)

  const expansion = expandReferences(root, {
    variable: name => (name === 'B' ? 'expanded' : undefined),
    readFile: () => ({ kind: 'failed', code: 'ENOENT' }),
    secrets: new Map(),
    allowUnset: false,
  })

  const helper = new Tree(expansion.root).text('managed', 'policies', 0, 'code', 'apiKeyHelper')
  assert.equal(helper, '${A:-b} ${A:-expanded} ${HOME} expanded ${')
  assert.deepEqual(expansion.problems, [])
})

test('an undefined variable in a block for clients says how to send it as it is', () => {
  const text = fileWith({
    managed: "managed:\n  policies:\n    - match: {}\n      code: { apiKeyHelper: 'x ${NOWHERE}' } # here",
  })

  assertProblem(text, 'managed.policies[0].code.apiKeyHelper (from ${NOWHERE})', [
    'write $${NOWHERE} to send it',
  ])
})

test('with --allow-unset an undefined variable is a warning, and its key is skipped', () => {
  const text = fileWith({ oidc: oidcWith('${NOWHERE}') })

  const result = judge(text, { allowUnset: true })

  assert.equal(result.kind, 'incomplete')
  assert.ok(
    warningsOf(text, { allowUnset: true }).some(line =>
      line.startsWith('oidc.client_secret (from ${NOWHERE}): ${NOWHERE} is not set'),
    ),
  )
})

test('references are counted by kind', () => {
  const result = judge(fileWith({ oidc: oidcWith('${file:/s}') }), { files: { '/s': 'x' } })

  assert.deepEqual(result.references, { env: 3, file: 1, secret: 0 })
})
