// A file with references to Secret Manager: resolved at the boot, and judged with what came back (C-16, C-32).
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readEnvironment } from '../../app/config/environment.ts'
import { configLoadEvent, type LoadedConfig } from '../../app/config/load.ts'
import { problemReport, warningLine } from '../../app/config/problems.ts'
import { loadWithSecrets } from '../../app/net/load-with-secrets.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { fileWith, SECRETS } from '../support/config-text.ts'
import { openSecretManager, type VersionAnswer } from '../support/secret-manager.ts'

const nameOf = (secret: string, version = '1') => `projects/p/secrets/${secret}/versions/${version}`
const reference = (secret: string, version?: string) => `\${secret:${nameOf(secret, version)}}`
const JWT = 'marked-jwt-of-secret-manager-0123456789'

interface Loading {
  readonly loaded: LoadedConfig
  readonly asked: readonly string[]
  readonly read: readonly string[]
}

async function load(
  t: TestContext,
  changes: Record<string, string>,
  answers: Record<string, readonly VersionAnswer[]>,
): Promise<Loading> {
  const versions = Object.fromEntries(Object.entries(answers).map(([secret, list]) => [nameOf(secret), list]))
  const { asked, network } = await openSecretManager(t, {
    versions: { ...versions, [nameOf('s', 'latest')]: [JWT] },
  })
  const read: string[] = []
  const text = fileWith(changes)
  const loaded = await loadWithSecrets(
    {
      path: '/etc/gateway.yaml',
      environment: readEnvironment(SECRETS),
      readFile(path) {
        read.push(path)
        return { kind: 'read', bytes: Buffer.from(text) }
      },
      ...{ now: 0, judgeHost, judgePolicies: () => [], builtins: [] },
    },
    { openNetwork: () => network, signal: new AbortController().signal },
  )
  return { loaded, asked, read }
}

const twice = `session: { jwt_secret: ["${reference('jwt')}", "\${JWT}"] }`

test('what Secret Manager answers becomes the value, wherever the reference stands, and is asked for once', async t => {
  const upstreams = `upstreams: [{ provider: anthropic, auth: { api_key: "${reference('jwt')}" } }]`

  const { loaded, asked, read } = await load(t, { session: twice, upstreams }, { jwt: [`${JWT}\n`] })

  assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded))
  assert.deepEqual(loaded.config.session.jwt_secret, [JWT, SECRETS.JWT])
  assert.equal(asked.length, 1)
  assert.deepEqual(read, ['/etc/gateway.yaml'])
  assert.deepEqual(configLoadEvent(loaded, '1')?.secrets, { env: 3, file: 0, secret: 2 })
})

test('a value that does not fit is reported like any other: by its reference and its length', async t => {
  const { loaded } = await load(t, { session: twice }, { jwt: ['marked-short'] })

  assert.equal(
    loaded.kind === 'refused' && problemReport(loaded.path, loaded.problems),
    'gatehouse: 1 problem in /etc/gateway.yaml\n' +
      `  line 3, column 25  session.jwt_secret[0] (from ${reference('jwt')}): 12 characters, needs at least 32.\n` +
      '      Fix: generate one with `openssl rand -base64 32`.\n',
  )
})

test('every secret that cannot be read stands in one report, with its line, resource, status and role', async t => {
  const upstreams = `upstreams: [{ provider: anthropic, auth: { api_key: "${reference('key')}" } }]`
  const session = `session: { jwt_secret: ["${reference('jwt')}", "${reference('gone')}"] }`

  const { loaded } = await load(t, { session, upstreams }, { jwt: [403], key: [Buffer.of(0xff)] })

  assert.ok(loaded.kind === 'refused')
  const role = 'roles/secretmanager.secretAccessor'
  assert.deepEqual(
    loaded.problems.map(({ line, path, text, fix }) => [line, path.replace(/ \(from.*/, ''), text, fix]),
    [
      [
        3,
        'session.jwt_secret[0]',
        `${reference('jwt')} cannot be read: Secret Manager answered 403.`,
        `grant ${role} on the secret to the service's account, and enable the API.`,
      ],
      [
        3,
        'session.jwt_secret[1]',
        `${reference('gone')} cannot be read: Secret Manager answered 404.`,
        `check project, secret and version; the service's account needs ${role} on the secret.`,
      ],
      [
        5,
        'upstreams[0].auth.api_key',
        `${reference('key')} is not UTF-8 text.`,
        'store it as text, such as base64.',
      ],
    ],
  )
  assert.equal(configLoadEvent(loaded, '1')?.problems, 3)
})

test('a file with another fault asks for no secret', async t => {
  const { loaded, asked } = await load(t, { session: twice, listen: 'listen: { hots: x }' }, { jwt: [JWT] })

  assert.equal(loaded.kind, 'refused')
  assert.deepEqual(asked, [])
})

test('the latest version is taken with a warning', async t => {
  const { loaded } = await load(t, { session: `session: { jwt_secret: "${reference('s', 'latest')}" }` }, {})

  assert.equal(loaded.kind, 'loaded')
  assert.match(
    loaded.warnings.map(warningLine).join('\n'),
    /versions\/latest\} names no fixed version: a rotated secret/,
  )
})
