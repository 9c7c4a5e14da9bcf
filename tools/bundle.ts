// Bundles the service into dist/: one ESM file with everything it needs beside it, as the container ships it.
import { copyFileSync, cpSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const out = process.argv[2] ?? join(root, 'dist')

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'protocol'), { recursive: true })
await build({
  entryPoints: [join(root, 'app/main.ts')],
  outfile: join(out, 'main.mjs'),
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  // Development mode needs the repository: it starts a database and an identity provider of its own.
  external: ['./development/*', 'pg-native'],
  // Some dependencies are CommonJS and ask for `require` at run time.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
})
cpSync(join(root, 'app/store/migrations'), join(out, 'store/migrations'), { recursive: true })
copyFileSync(join(root, 'app/protocol/protocol.md'), join(out, 'protocol/protocol.md'))
copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
console.log(`${join(out, 'main.mjs')}: ${(statSync(join(out, 'main.mjs')).size / 1e6).toFixed(2)} MB`)
