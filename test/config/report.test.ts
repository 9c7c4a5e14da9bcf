// What an operator reads when a file is wrong (C-32).
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEnvironment } from '../../app/config/environment.ts'
import { loadConfig } from '../../app/config/load.ts'
import { readLocalFile } from '../../app/config/local-file.ts'
import { problemReport } from '../../app/config/problems.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

const load = (path: string) =>
  loadConfig({
    path,
    environment: readEnvironment({}),
    readFile: readLocalFile,
    now: 0,
    judgeHost,
    judgePolicies: () => [],
    builtins: [],
  })

test('a report names the file, the line, the column, the path, the fault and the fix', () => {
  const text = fileWith({
    listen: 'listen:\n  host: 127.0.0.1\n  public_ulr: x',
    session: 'session:\n  jwt_secret: ${SHORT}',
  })

  const report = problemReport('/etc/gateway/gateway.yaml', problemsOf(text))

  assert.equal(
    report,
    [
      'gatehouse: 2 problems in /etc/gateway/gateway.yaml',
      '  line 3, column 3  listen.public_ulr: unknown key. Did you mean public_url? (Keys of reference versions up to 2.1.330 are known.)',
      '  line 6, column 15  session.jwt_secret (from ${SHORT}): 12 characters, needs at least 32.',
      '      Fix: generate one with `openssl rand -base64 32`.',
      '',
    ].join('\n'),
  )
})

test('ten problems in ten sections come in one report, in the order of the file', () => {
  const text = fileWith({
    listen: 'listen: { host: 127.0.0.1, port: 70000 }',
    oidc: 'oidc: { issuer: idp.example.com, client_id: claude, client_secret: "${CLIENT_SECRET}" }',
    session: 'session: { jwt_secret: "${SHORT}" }',
    store: 'store: { postgres_url: mysql://db }',
    upstreams: 'upstreams: [{ provider: anthropic }]',
    models: 'models: [{ label: x }]',
    access_control: 'access_control: { allow_cidrs: [10.0.0.0/33] }',
    limits: 'limits: { max_request_bytes: 0 }',
    timeouts: 'timeouts: { upstream_ttfb_ms: soon }',
    gatehouse: 'gatehouse: { log_format: xml }',
  })

  const problems = problemsOf(text)

  assert.deepEqual(
    problems.map(({ line, path }) => `${line} ${path}`),
    [
      '1 listen.port',
      '2 oidc.issuer',
      '3 session.jwt_secret (from ${SHORT})',
      '4 store.postgres_url',
      '5 upstreams[0].auth',
      '6 models[0].id',
      '7 access_control.allow_cidrs[0]',
      '8 limits.max_request_bytes',
      '9 timeouts.upstream_ttfb_ms',
      '10 gatehouse.log_format',
    ],
  )
})

test('a report shows at most a hundred problems and counts the rest', () => {
  const entries = Array.from({ length: 130 }, () => 'nowhere').join(', ')

  const report = problemReport(
    'f',
    problemsOf(fileWith({ access_control: `access_control: { deny_cidrs: [${entries}] }` })),
  )

  assert.equal(report.match(/deny_cidrs/g)?.length, 100)
  assert.match(report, /^gatehouse: 130 problems in f\n/)
  assert.match(report, / {2}and 30 more\n$/)
})

test('a missing section is named with a line to write, secrets as references', () => {
  const problems = problemsOf('gatehouse: { revocation: true }\n')

  assert.deepEqual(
    problems.map(({ path, text, fix }) => [path, text, fix]),
    [
      [
        'listen',
        'missing.',
        'add `listen: { host: 0.0.0.0, port: 8080, public_url: "https://claude.example.com" }`.',
      ],
      [
        'oidc',
        'missing.',
        'add `oidc: { issuer: "https://idp.example.com", client_id: claude, client_secret: "${OIDC_CLIENT_SECRET}" }`.',
      ],
      ['session', 'missing.', 'add `session: { jwt_secret: "${GATEWAY_JWT_SECRET}" }`.'],
      ['store', 'missing.', 'add `store: { postgres_url: "${DATABASE_URL}" }`.'],
      [
        'upstreams',
        'missing.',
        'add `upstreams: [{ provider: anthropic, auth: { api_key: "${ANTHROPIC_API_KEY}" } }]`.',
      ],
    ],
  )
})

test('a missing key points at the line of its section', () => {
  assertProblem(
    fileWith({ oidc: 'oidc: # here\n  issuer: https://idp.example.com\n  client_secret: ${CLIENT_SECRET}' }),
    'oidc.client_id',
    ['missing', 'client_id: claude'],
  )
})

test('an unknown key far from every known one gets no suggestion', () => {
  assertProblem(fileWith({ colour: 'colour: red # here' }), 'colour', ['unknown key. (Keys of reference'])
})

test('values are quoted at most 60 characters long, and URLs without user info', () => {
  const long = `https://user:pass@host.example.com/${'x'.repeat(100)}?q=1`

  const [problem] = problemsOf(fileWith({ listen: `listen: { host: 127.0.0.1, public_url: "${long}" }` }))

  assert.equal(
    problem?.text,
    `"${`https://host.example.com/${'x'.repeat(100)}`.slice(0, 60)}…", needs a URL without user info.`,
  )
})

test('control characters of a value cannot write to the terminal', () => {
  const [problem] = problemsOf(fileWith({ timeouts: 'timeouts: { upstream_ttfb_ms: "\\e[31m" }' }))

  assert.equal(problem?.text, '"\\u001b[31m", needs a whole number from 1 to 2147483647.')
})

test('a file that is missing, a directory or too big is named with the system’s code and --config', t => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'directory'))
  writeFileSync(join(folder, 'big'), Buffer.alloc(1_048_577, ' '))

  const reports = ['missing', 'directory', 'big'].map(name => load(join(folder, name)))

  for (const [index, code] of ['ENOENT', 'EISDIR', 'EFBIG'].entries()) {
    const result = reports[index]
    assert.ok(result?.kind === 'refused')
    assert.equal(result.sha256, null)
    assert.equal(
      problemReport(result.path, result.problems),
      `gatehouse: 1 problem in ${result.path}\n  ${result.path} cannot be read (${code}).\n      Fix: give --config the path of a YAML file of at most 1 MiB.\n`,
    )
  }
})

test('a file with every fault judged answers no configuration', () => {
  const result = judge(fileWith({ session: 'session: {}' }))

  assert.equal(result.kind, 'refused')
  assert.equal('config' in result, false)
})
