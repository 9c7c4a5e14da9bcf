// Bundles the service into dist/: main.mjs, and in chunks/ what is loaded when a file asks for it, as the container ships it.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin, transform } from 'esbuild'

const root = join(import.meta.dirname, '..')
const out = process.argv[2] ?? join(root, 'dist')

/**
 * Turns imports of Node's own modules into calls of `require`: an import reads every export, and reading that
 * of node:http loads a whole fetch and WebSocket implementation, a quarter of a cold start.
 */
const builtinsByRequire: Plugin = {
  name: 'builtins by require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * Gives packages that are loaded when they are needed the exports that Node.js sees: of a CommonJS module the bundler
 * would leave only the default.
 */
const namedWhenLoaded: Plugin = {
  name: 'named when loaded',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^.]/ }, ({ path, kind, importer, resolveDir }) => {
      const isOurs = kind === 'dynamic-import' && importer.startsWith(join(root, 'app')) && !isBuiltin(path)
      return isOurs ? { path, namespace: 'loaded', pluginData: resolveDir } : undefined
    })
    onLoad({ filter: /./, namespace: 'loaded' }, async ({ path, pluginData }) => {
      const names = Object.keys(await import(path)).filter(name => /^[A-Za-z_$][\w$]*$/.test(name))
      return {
        contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)}`,
        resolveDir: pluginData,
      }
    })
  },
}

/**
 * Leaves out the connector's way to a tunnel over gRPC, with 5 MB of generated messages: `gatehouse.cloud_sql.ip_type`
 * has no word for it.
 */
const noTunnel: Plugin = {
  name: 'no tunnel',
  setup({ onLoad }) {
    onLoad({ filter: /cloud-sql-connector\/.*\/sql-data-client\.js$/ }, () => ({
      contents: "export class SqlDataClient { constructor() { throw new Error('there is no tunnel') } }",
    }))
  },
}

/** Leaves out messages that Google's library only hands on: of services that are asked for by JSON here, if at all. */
const noMessages: Plugin = {
  name: 'no messages',
  setup({ onLoad }) {
    onLoad({ filter: /google-gax\/build\/protos\/(iam_service|locations|operations)\.js$/ }, () => ({
      contents: 'module.exports = {}',
    }))
  },
}

/** Leaves out what libraries load in browsers, and in releases of Node.js without web streams. */
const nodeOnly: Plugin = {
  name: 'Node.js only',
  setup({ onLoad }) {
    onLoad({ filter: /\/(bowser\/bowser\.mjs|web-streams-polyfill\/dist\/.*)$/ }, () => ({
      contents: 'export {}',
    }))
  },
}

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'protocol'), { recursive: true })
await build({
  entryPoints: [join(root, 'app/main.ts')],
  outdir: out,
  outExtension: { '.js': '.mjs' },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  // Names stay, for whoever reads a stack trace.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [namedWhenLoaded, builtinsByRequire, noTunnel, noMessages, nodeOnly],
  legalComments: 'linked',
  absWorkingDir: root,
  external: [
    './development/*', // needs the repository: it starts a database and an identity provider of its own
    'pg-native', // pg asks for it in a try
    // Fastify asks for these two unless it is told that no route has a schema, as http/server.ts does.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
  ],
  // Of CommonJS too; google-gax makes paths of it that nobody reads.
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  // Some dependencies are CommonJS and ask for `require` at run time.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
})
// Libraries for the most part: shorter inside, while functions keep their names for stack traces and for those who ask.
const chunks = readdirSync(join(out, 'chunks')).filter(name => name.endsWith('.mjs'))
for (const chunk of chunks.map(name => join(out, 'chunks', name))) {
  const { code } = await transform(readFileSync(chunk, 'utf8'), {
    ...{ format: 'esm', target: 'node26', legalComments: 'none' },
    ...{ minifyIdentifiers: true, minifyWhitespace: true, keepNames: true },
  })
  writeFileSync(chunk, code)
}
cpSync(join(root, 'app/store/migrations'), join(out, 'store/migrations'), { recursive: true })
copyFileSync(join(root, 'app/protocol/protocol.md'), join(out, 'protocol/protocol.md'))
copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
const megabytes = (files: readonly string[]) =>
  (files.reduce((sum, file) => sum + statSync(join(out, file)).size, 0) / 1e6).toFixed(2)
const all = ['main.mjs', ...chunks.map(name => join('chunks', name))]
console.log(
  `${join(out, 'main.mjs')}: ${megabytes(['main.mjs'])} MB; with everything that may be loaded: ${megabytes(all)} MB`,
)
