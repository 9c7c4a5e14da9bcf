// The house rules of the tree: which folder may import which, how long a file may be, who touches the world.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** From left to right: a folder imports only what stands in an earlier row; rows' members do not import each other. */
const RANKS: readonly (readonly string[])[] = [
  ['lib'],
  ['config'],
  ['net', 'store', 'audit'],
  ['http', 'otlp'],
  ['identity', 'session'],
  ['oauth', 'inference', 'protocol', 'spend'],
  ['managed'],
  ['admin', 'desktop', 'telemetry', 'observability'],
  ['explain'],
  ['services'],
  ['gateway'],
  ['run'],
  ['doctor'],
  ['commands'],
  ['development'],
  ['main'],
]

/** Tables and documents: their length is their content's. */
const TABLES = new Set([
  'app/inference/builtin-models.ts',
  'app/config/cli-settings.ts',
  'app/config/desktop-overlay.ts',
])

/** Names of a drawer: a file is named after the one noun it defines. */
const DRAWERS = /^(utils?|helpers?|common|misc|types|constants|shared|lib|index|manager)\.ts$/

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !/node_modules/.test(entry.parentPath))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm,
  )
  return [...found].map(match => match[1] ?? match[2] ?? match[3] ?? '')
}

/** Relative, and not the manifest, which holds the version. */
function isOurs(specifier: string): boolean {
  return specifier.startsWith('.') && specifier !== '../package.json'
}

function rankOf(file: string): { rank: number; folder: string } {
  const folder = file.split('/')[1]!.replace(/\.ts$/, '') // every file listed stands below app/
  return { rank: RANKS.findIndex(row => row.includes(folder)), folder }
}

const appFiles = filesBelow('app')
const infraFiles = filesBelow('infra')

test('every folder of app has its place in the direction of dependency', () => {
  const homeless = appFiles.filter(file => rankOf(file).rank === -1)

  assert.deepEqual(homeless, [])
})

test('imports point from right to left only, and siblings do not import each other', () => {
  const wrong: string[] = []
  for (const file of appFiles) {
    const from = rankOf(file)
    for (const specifier of importsOf(file).filter(isOurs)) {
      const target = relative(root, join(root, dirname(file), specifier))
        .split(sep)
        .join('/')
      const to = rankOf(target)
      const isAllowed = to.folder === from.folder || to.rank < from.rank
      if (!isAllowed) wrong.push(`${file} imports ${target}`)
    }
  }

  assert.deepEqual(wrong, [])
})

test('relative imports name the file that defines the thing', () => {
  const wrong = appFiles.flatMap(file =>
    importsOf(file)
      .filter(name => isOurs(name) && !name.endsWith('.ts'))
      .map(name => `${file} imports ${name}`),
  )

  assert.deepEqual(wrong, [])
})

test('only net opens outbound HTTP: nobody else imports undici or calls fetch', () => {
  // The relay and the upstreams take undici's types; a type opens no socket.
  const wrong = appFiles.filter(file => {
    if (file.startsWith('app/net/')) return false
    const text = readFileSync(join(root, file), 'utf8')
    const importsUndici = /import\s+(?!type\b)[^'"]*from\s+'undici'/.test(text)
    return importsUndici || /(^|[^\w.#'`])fetch\(/m.test(text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))
  })

  assert.deepEqual(wrong, [])
})

/** Packages that can open connections of their own (H-33), each with the only file that may load it. */
const OWN_TRANSPORT: Readonly<Record<string, string>> = {
  '@aws-sdk/client-sts': 'app/net/aws-role.ts',
  '@aws-sdk/credential-provider-node': 'app/net/aws-credentials.ts',
  '@azure/identity': 'app/net/entra-credentials.ts',
  '@google-cloud/cloud-sql-connector': 'app/store/cloud-sql.ts',
  '@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js': 'app/net/google-secrets.ts',
  'google-auth-library': 'app/net/google-credentials.ts',
  'googleapis/build/src/apis/admin/index.js': 'app/net/google-apis.ts',
  'googleapis/build/src/apis/cloudidentity/index.js': 'app/net/google-apis.ts',
  'googleapis/build/src/apis/iamcredentials/index.js': 'app/net/google-apis.ts',
}

test('a library with a transport of its own is loaded in one place, which gives it ours', () => {
  const loading = appFiles.flatMap(file =>
    [...new Set(importsOf(file))].flatMap(name => (Object.hasOwn(OWN_TRANSPORT, name) ? [[name, file]] : [])),
  )

  assert.deepEqual(loading.sort(), Object.entries(OWN_TRANSPORT))
})

test('only config/environment.ts and main.ts read the environment', () => {
  const readers = appFiles.filter(file => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')))

  assert.deepEqual(
    readers.filter(file => !['app/config/environment.ts', 'app/main.ts'].includes(file)),
    [],
  )
})

test('nothing of app imports the stack', () => {
  const wrong = appFiles.filter(file => importsOf(file).some(name => /(^|\/)infra\//.test(name)))

  assert.deepEqual(wrong, [])
})

test('the stack has one reader of the environment, and one file that names files of the provider', () => {
  const having = (pattern: RegExp) =>
    infraFiles.filter(file => pattern.test(readFileSync(join(root, file), 'utf8')))

  assert.deepEqual(having(/process\.env\b/), ['infra/settings.ts'])
  assert.deepEqual(having(/@cdktf\/provider-google/), ['infra/google.ts'])
})

test('only store contains SQL', () => {
  const sql = /`\s*(select|insert into|update|delete from|with)\s/i
  const wrong = appFiles.filter(
    file => !file.startsWith('app/store/') && sql.test(readFileSync(join(root, file), 'utf8')),
  )

  assert.deepEqual(wrong, [])
})

/** Words that make, or work on, a binary fraction; the sentences of comments may have any. */
const FLOAT =
  /\bNumber\(|\bNumber\.parse|\bparse(?:Float|Int)\(|\bMath\.|\.toFixed\(|\b\d[\d_]*\.\d|\d[eE]-?\d/

test('no fraction that is binary touches money', () => {
  const wrong = appFiles
    .filter(file => file.startsWith('app/spend/'))
    .flatMap(file => {
      const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'/gm, '')
      return code.split('\n').flatMap(line => (FLOAT.test(line) ? [`${file}: ${line.trim()}`] : []))
    })

  assert.deepEqual(wrong, [])
})

test('logic has at most 300 lines a file, and a test at most 250', () => {
  const tooLong = [
    ...[...appFiles, ...infraFiles].filter(file => !TABLES.has(file)).map(file => ({ file, limit: 300 })),
    ...filesBelow('test').map(file => ({ file, limit: 250 })),
  ].filter(({ file, limit }) => readFileSync(join(root, file), 'utf8').split('\n').length - 1 > limit)

  assert.deepEqual(tooLong, [])
})

test('every file of app opens with a sentence that says what it is for, or with a documented export', () => {
  const silent = appFiles.filter(file => {
    const text = readFileSync(join(root, file), 'utf8').replace(/^#!.*\n/, '')
    const afterImports = text.replace(/^(import\s[\s\S]*?from\s+'[^']+'\n|import\s+'[^']+'\n|\s*\n)+/, '')
    return !/^\s*(\/\/|\/\*\*)/.test(text) && !/^\s*(\/\/|\/\*\*)/.test(afterImports)
  })

  assert.deepEqual(silent, [])
})

test('every file of infra opens with a sentence, or its construct has one', () => {
  const silent = infraFiles.filter(file => {
    const text = readFileSync(join(root, file), 'utf8')
    return !/^(\/\/|\/\*\*)/.test(text) && !/^ ?\*\/\nexport |^\/\*\* .* \*\/\nexport /m.test(text)
  })

  assert.deepEqual(silent, [])
})

test('no file is a drawer', () => {
  const drawers = [...appFiles, ...infraFiles, ...filesBelow('test'), ...filesBelow('bench')].filter(file =>
    DRAWERS.test(file.split('/').at(-1) ?? ''),
  )

  assert.deepEqual(drawers, [])
})
