import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { validate } from 'dockerfile-utils'
import { buildBundle, dockerfileStages, runtimeSays } from '../support/image.ts'

const root = join(import.meta.dirname, '../..')

test('the Dockerfile has nothing that its linter complains of, which would find a wrong word', () => {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
  const complaints = (dockerfile: string) => validate(dockerfile).map(({ message }) => message)

  assert.deepEqual(complaints(text), [])
  assert.deepEqual(complaints(text.replace('WORKDIR /app', 'WORKDER /app')), ['Unknown instruction: WORKDER'])
})

test('every base of the image is an argument without a default, so that its digest is never invented', () => {
  const [before = [], ...stages] = dockerfileStages()

  assert.deepEqual(before, [
    ['ARG', 'BUILD_IMAGE'],
    ['ARG', 'RUNTIME_IMAGE'],
  ])
  assert.deepEqual(
    stages.map(([from]) => from),
    [
      ['FROM', '${BUILD_IMAGE} AS build'],
      ['FROM', '${RUNTIME_IMAGE}'],
    ],
  )
})

/** https://docs.docker.com/reference/dockerfile, without what is deprecated or needs another front end. */
const INSTRUCTIONS = new Set([
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'ONBUILD'],
  ...['RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
])

test('every instruction is one of the reference, and what is copied from a stage comes from an earlier one', () => {
  const [before = [], ...stages] = dockerfileStages()
  const unknown = [...before, ...stages.flat()].filter(([name]) => !INSTRUCTIONS.has(name))
  const early = stages.flatMap((stage, index) => {
    const earlier = stages.slice(0, index).map(([from]) => / AS (\S+)$/.exec(from?.[1] ?? '')?.[1])
    const sources = stage.flatMap(([, rest]) => /--from=(\S+)/.exec(rest)?.[1] ?? [])
    return sources.filter(source => !earlier.includes(source))
  })

  assert.deepEqual({ unknown, early }, { unknown: [], early: [] })
})

test('the runtime stage runs nothing and copies only the program, Node.js and its library', () => {
  const runtime = dockerfileStages().at(-1) ?? []

  assert.deepEqual(
    runtime.filter(([name]) => name === 'RUN' || name === 'ADD'),
    [],
  )
  assert.deepEqual(
    runtime.filter(([name]) => name === 'COPY').map(([, rest]) => rest),
    [
      '--from=build /libraries/ /usr/lib/',
      '--from=build /usr/local/bin/node /usr/local/bin/node',
      '--from=build --chown=0:0 /app /app',
    ],
  )
})

test('the process has a number for a user, who owns nothing, and whose compile cache is baked', () => {
  const [, build = []] = dockerfileStages()

  assert.equal(runtimeSays('USER'), '65532:65532')
  assert.deepEqual(build.slice(-2), [
    ['USER', '65532:65532'],
    [
      'RUN',
      'NODE_COMPILE_CACHE=/app/.cache /usr/local/bin/node /app/main.mjs --version && chmod -R a+rX /app/.cache',
    ],
  ])
  assert.equal(runtimeSays('ENV'), 'NODE_ENV=production NODE_COMPILE_CACHE=/app/.cache')
})

test('the image starts the service with the file of the documented place', () => {
  assert.deepEqual(
    [runtimeSays('ENTRYPOINT'), runtimeSays('CMD')].map(words => JSON.parse(words)),
    [
      ['node', '/app/main.mjs'],
      ['--config', '/etc/claude/gateway.yaml'],
    ],
  )
})

test('everything that the build copies reaches it, and nothing else does', () => {
  const [, build = []] = dockerfileStages()
  const copied = build
    .filter(([name]) => name === 'COPY')
    .flatMap(([, rest]) => rest.split(' ').slice(0, -1))
    .sort()
  const [all, ...exceptions] = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))

  assert.equal(all, '*')
  assert.deepEqual(exceptions.map(line => line.slice(1)).sort(), copied)
  assert.deepEqual(
    copied.filter(path => !existsSync(join(root, path))),
    [],
  )
})

test('the bundle is a program of at most 4 MB, and 6 with what it loads when asked, beside migrations and contract', async () => {
  await using bundle = await buildBundle()

  const files = await readdir(bundle.folder)
  const migrations = await readdir(join(bundle.folder, 'store/migrations'))
  const chunks = await readdir(join(bundle.folder, 'chunks'))
  const sizeOf = (file: string) => statSync(join(bundle.folder, file)).size
  const program = sizeOf('main.mjs')
  const all = chunks.reduce((sum, chunk) => sum + sizeOf(`chunks/${chunk}`), program)

  assert.deepEqual(files.filter(file => !file.endsWith('.LEGAL.txt')).sort(), [
    'LICENSE',
    'chunks',
    'main.mjs',
    'protocol',
    'store',
  ])
  assert.deepEqual(migrations, await readdir(join(root, 'app/store/migrations')))
  assert.ok(program <= 4_000_000, `main.mjs has ${program} bytes`)
  assert.ok(all <= 6_000_000, `the bundle has ${all} bytes`)
})
