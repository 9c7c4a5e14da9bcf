// Bundles the service into dist/: one ESM file with everything it needs beside it, as the container ships it.
import { copyFileSync, cpSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

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

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'protocol'), { recursive: true })
await build({
  entryPoints: [join(root, 'app/main.ts')],
  outfile: join(out, 'main.mjs'),
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  // Names stay, for whoever reads a stack trace.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [builtinsByRequire],
  legalComments: 'linked',
  absWorkingDir: root,
  external: [
    './development/*', // needs the repository: it starts a database and an identity provider of its own
    'pg-native', // pg asks for it in a try
    // Fastify asks for these two unless it is told that no route has a schema, as http/server.ts does.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
  ],
  // Some dependencies are CommonJS and ask for `require` at run time.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
})
cpSync(join(root, 'app/store/migrations'), join(out, 'store/migrations'), { recursive: true })
copyFileSync(join(root, 'app/protocol/protocol.md'), join(out, 'protocol/protocol.md'))
copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
console.log(`${join(out, 'main.mjs')}: ${(statSync(join(out, 'main.mjs')).size / 1e6).toFixed(2)} MB`)
