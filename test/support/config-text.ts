// Judges the text of a gateway.yaml as a test sees it: problems, warnings, and everything that was printed.
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readEnvironment } from '../../app/config/environment.ts'
import type { FileRead } from '../../app/config/expand.ts'
import { type ConfigResult, type ParseOptions, parseConfigText } from '../../app/config/load.ts'
import { type Problem, problemReport, warningLine } from '../../app/config/problems.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'

/** Values that no message may ever show. */
export const SECRETS = {
  JWT: 'marked-jwt-secret-9f8e7d6c5b4a3f2e1d0c',
  CLIENT_SECRET: 'marked-client-secret',
  API_KEY: 'marked-api-key',
  DATABASE_URL: 'postgres://gateway:marked-password@127.0.0.1:5432/gateway',
  SHORT: 'marked-short',
} as const

/** The sections that every file needs, each on lines of its own. */
export const SECTIONS: Readonly<Record<string, string>> = {
  listen: 'listen: { host: 127.0.0.1 }',
  oidc: 'oidc: { issuer: "https://idp.example.com", client_id: claude, client_secret: "${CLIENT_SECRET}", allowed_email_domains: [example.com] }',
  session: 'session: { jwt_secret: "${JWT}" }',
  store: 'store: { postgres_url: "${DATABASE_URL}" }',
  upstreams: 'upstreams: [{ provider: anthropic, auth: { api_key: "${API_KEY}" } }]',
}

/** A valid file; `changes` replace a section's lines, `''` drops it, and further sections are added. */
export function fileWith(changes: Readonly<Record<string, string>> = {}): string {
  const sections = { ...SECTIONS, ...changes }
  return `${Object.values(sections)
    .filter(lines => lines !== '')
    .join('\n')}\n`
}

export interface JudgeOptions extends Partial<Omit<ParseOptions, 'environment' | 'readFile'>> {
  variables?: Readonly<Record<string, string>>
  files?: Readonly<Record<string, string | Buffer>>
}

/** Judges `text` with the marked secrets in the environment. */
export function judge(text: string, { variables, files = {}, ...options }: JudgeOptions = {}): ConfigResult {
  const readFile = (path: string): FileRead => {
    const content = files[path]
    return content === undefined
      ? { kind: 'failed', code: 'ENOENT' }
      : { kind: 'read', bytes: Buffer.from(content) }
  }
  const environment = readEnvironment({ ...SECRETS, ...variables })
  return parseConfigText(text, {
    now: Date.UTC(2026, 6, 1),
    judgeHost,
    builtins: [],
    judgePolicies: () => [],
    ...options,
    environment,
    readFile,
  })
}

/** The problems of `text`. */
export function problemsOf(text: string, options: JudgeOptions = {}): Problem[] {
  const result = judge(text, options)
  const problems = result.kind === 'refused' ? [...result.problems] : []
  assertNoSecret(problemReport('gateway.yaml', problems))
  return problems
}

/** The warnings of a valid `text`, as `--check` prints them. */
export function warningsOf(text: string, options: JudgeOptions = {}): string[] {
  const result = judge(text, options)
  assert.equal(result.kind === 'refused' ? problemReport('gateway.yaml', result.problems) : '', '')
  const lines = result.warnings.map(warningLine)
  assertNoSecret(lines.join('\n'))
  return lines
}

/** The only problem of `text`: it stands on the line marked `# here`, names `path`, and holds every one of `words`. */
export function assertProblem(
  text: string,
  path: string,
  words: readonly string[],
  options: JudgeOptions = {},
): void {
  const problems = problemsOf(text, options)
  assert.deepEqual(
    problems.map(problem => problem.path),
    [path],
    problemReport('gateway.yaml', problems),
  )
  const [problem] = problems
  const said = `${problem?.text} ${problem?.fix ?? ''}`
  for (const word of words) assert.ok(said.includes(word), `${JSON.stringify(word)} is not in: ${said}`)
  const marked = text.split('\n').findIndex(line => line.includes('# here'))
  if (marked !== -1) assert.equal(problem?.line, marked + 1)
}

/** Fails unless exactly one warning is given, at `path`, and holds `words`. */
export function assertWarning(lines: readonly string[], path: string, words: string): void {
  assert.equal(lines.length, 1, lines.join('\n'))
  assert.ok(lines[0]?.startsWith(`${path}: `) && lines[0].includes(words), lines[0] ?? '')
}

/** Fails when anything printed holds a marked secret. */
export function assertNoSecret(output: string): void {
  assert.ok(!output.includes('marked-'), 'a secret was printed')
}

/** The same private key, behind a passphrase. */
export function encrypted(pem: string): string {
  const protection = { cipher: 'aes-256-cbc', passphrase: 'test' } as const
  return createPrivateKey(pem)
    .export({ type: 'pkcs8', format: 'pem', ...protection })
    .toString()
}
