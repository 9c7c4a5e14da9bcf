// What an operator sees of the command line: streams, texts, exit codes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELP, USAGE } from '../../app/config/arguments.ts'
import manifest from '../../package.json' with { type: 'json' }
import { fileWith, SECRETS } from '../support/config-text.ts'
import { configFile, startProcess } from '../support/gateway-process.ts'

/** The whole of a run that ends by itself. */
async function runOf(words: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  await using started = startProcess({ words, variables })
  const code = await started.exited
  return { code, stdout: started.stdout, stderr: started.stderr }
}

test('--version prints the version, and nothing else', async () => {
  assert.deepEqual(await runOf(['--version']), { code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

test('--help prints the calls and every option to stdout', async () => {
  assert.deepEqual(await runOf(['--help']), { code: 0, stdout: HELP, stderr: '' })
})

const WRONG: readonly (readonly [readonly string[], string])[] = [
  [['--frobnicate'], 'unknown option --frobnicate'],
  [['gateway.yaml'], 'a file is given with --config'],
  [['--config'], '--config needs a file'],
  [['--check'], '--check needs --config FILE'],
]

test('a wrong call is told what is wrong and how it goes, on stderr, with exit code 1', async () => {
  const runs = await Promise.all(WRONG.map(([words]) => runOf(words)))

  assert.deepEqual(
    runs,
    WRONG.map(([, problem]) => ({ code: 1, stdout: '', stderr: `gatehouse: ${problem}\n${USAGE}\n` })),
  )
})

test('--check says on stdout that a file is valid, and what it warns of on stderr', async () => {
  using file = configFile(
    fileWith({
      oidc: 'oidc: { issuer: "https://idp.example.com", client_id: c, client_secret: "${CLIENT_SECRET}" }',
    }),
  )

  const { code, stdout, stderr } = await runOf(['--config', file.path, '--check'], SECRETS)

  assert.deepEqual([code, stdout], [0, `${file.path}: valid\n`])
  assert.match(stderr, /^warning: .*allowed_email_domains/m)
  assert.ok(!stderr.includes('marked-'))
})

test('--check names every problem of a file with its place on stderr, and exits with 1', async () => {
  using file = configFile(
    fileWith({ session: 'session: { jwt_secret: "${SHORT}", ttl: 1 }', listen: 'listen: { prot: 1 }' }),
  )

  const { code, stdout, stderr } = await runOf(['--config', file.path, '--check'], SECRETS)

  const places = [...stderr.matchAll(/^ {2}(line \d+, column \d+ {2}[a-z_.]+)/gm)].map(([, place]) => place)
  assert.deepEqual([code, stdout, stderr.split('\n')[0]], [1, '', `gatehouse: 4 problems in ${file.path}`])
  assert.deepEqual(places, [
    'line 1, column 1  listen.public_url',
    'line 1, column 11  listen.prot',
    'line 3, column 24  session.jwt_secret',
    'line 3, column 36  session.ttl',
  ])
  assert.ok(!stderr.includes('marked-'))
})

test('--check of a file that is not there names the path, the reason and the option', async () => {
  const { code, stdout, stderr } = await runOf(['--config', '/nowhere/gateway.yaml', '--check'])

  assert.deepEqual([code, stdout], [1, ''])
  for (const word of ['/nowhere/gateway.yaml', 'ENOENT', '--config']) assert.ok(stderr.includes(word), stderr)
})

test('a service that may not start says so on stderr only, after the audit line of its configuration', async () => {
  using file = configFile(fileWith({ session: 'session: { jwt_secret: "${SHORT}" }' }))

  const { code, stdout, stderr } = await runOf(['--config', file.path], SECRETS)

  const [audit, ...report] = stderr
    .split('\n')
    .sort((line, other) => Number(other.startsWith('{')) - Number(line.startsWith('{')))
  const { evt, result, problems, path } = JSON.parse(audit ?? '')
  assert.deepEqual([code, stdout], [1, ''])
  assert.deepEqual(
    { evt, result, problems, path },
    { evt: 'config.load', result: 'fail', problems: 1, path: file.path },
  )
  assert.ok(
    report.some(line => line.includes('session.jwt_secret')),
    stderr,
  )
  assert.ok(!stderr.includes('marked-'))
})
