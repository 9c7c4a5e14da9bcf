// The two build files, against the documented form of a build. The schema is ours, after
// https://cloud.google.com/build/docs/build-config-file-schema, and narrower than Google's types: only what we use.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'

const root = join(import.meta.dirname, '../..')
const duration = z.string().regex(/^[1-9][0-9]*s$/)
const id = z.string().regex(/^[a-z][a-z0-9-]*$/)

const Step = z.strictObject({
  id,
  name: z.string().min(1),
  entrypoint: z.enum(['sh', 'npm']),
  args: z.array(z.string()).min(1),
  allowFailure: z.boolean().optional(),
})

const Build = z.strictObject({
  steps: z.array(Step).min(1),
  images: z.array(z.string()).optional(),
  artifacts: z
    .strictObject({
      genericArtifacts: z.array(z.strictObject({ folder: z.string(), registryPath: z.string() })),
    })
    .optional(),
  substitutions: z.record(z.string().regex(/^_[A-Z0-9_]+$/), z.string()),
  options: z.strictObject({
    env: z.array(z.string().regex(/^[A-Z_]+=/)),
    logging: z.literal('CLOUD_LOGGING_ONLY'),
    machineType: z.string().optional(),
    requestedVerifyOption: z.literal('VERIFIED'),
  }),
  timeout: duration,
})

/** What Cloud Build substitutes by itself. */
const BUILT_IN = ['PROJECT_ID', 'COMMIT_SHA']

const FILES = ['cloudbuild.yaml', 'infra/cloudbuild.deploy.yaml']
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')
const [push, release] = FILES.map(file => Build.parse(parse(textOf(file)))) as [Build, Build] // two files, two builds
type Build = z.infer<typeof Build>

/** The text of a file without its comments. */
const bare = (file: string) => textOf(file).replaceAll(/^\s*#.*$/gm, '')

for (const file of FILES) {
  const build = file === FILES[0] ? push : release

  test(`${file}: every substitution that is used is declared or Google’s, and every declared one is used`, () => {
    const used = new Set([...bare(file).matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, name = '']) => name))

    const undeclared = [...used].filter(name => !(name in build.substitutions) && !BUILT_IN.includes(name))
    const unused = Object.keys(build.substitutions).filter(name => !used.has(name))
    assert.deepEqual({ undeclared, unused }, { undeclared: [], unused: [] })
  })

  test(`${file}: a dollar begins a substitution in braces, and nothing else`, () => {
    assert.deepEqual(bare(file).match(/\$(?!\{[A-Z0-9_]+\})/g), null)
  })

  test(`${file}: each step has its own name, and runs a program of the repository`, () => {
    const ids = build.steps.map(step => step.id)
    assert.equal(new Set(ids).size, ids.length)
    for (const { entrypoint, args } of build.steps.filter(step => step.entrypoint === 'sh')) {
      const [script = ''] = args
      assert.ok(entrypoint === 'sh' && existsSync(join(root, script)), script)
      assert.notEqual(statSync(join(root, script)).mode & 0o111, 0, `${script} is not executable`)
    }
  })

  test(`${file}: each variable that its scripts read is one that the build sets`, () => {
    const given = build.options.env.map(line => line.split('=', 1)[0])
    const scripts = build.steps
      .filter(({ entrypoint }) => entrypoint === 'sh')
      .map(({ args }) => args[0] ?? '')
    const missing = withCalled(scripts).flatMap(script => {
      const text = textOf(script).replaceAll(/^\s*#.*$/gm, '')
      const read = [...text.matchAll(/\$\{?([A-Z][A-Z_]+)/g)].map(([, name = '']) => name)
      return read.filter(
        name => !given.includes(name) && !['PATH', 'PWD'].includes(name) && !text.includes(`${name}=`),
      )
    })

    assert.deepEqual(missing, [])
  })

  test(`${file}: images of steps have a version or a digest, save Google’s own Docker builder`, () => {
    const names = build.steps.map(({ name }) =>
      name.replace(/^\$\{(\w+)\}$/, (_, variable: string) => build.substitutions[variable] ?? ''),
    )
    const loose = names.filter(name => !/:[0-9]+\.[0-9]+\.[0-9]+|@sha256:/.test(name))

    assert.deepEqual([...new Set(loose)], file === FILES[0] ? ['gcr.io/cloud-builders/docker'] : [])
  })
}

test('a push tests before it builds, and synthesizes every environment', () => {
  assert.deepEqual(
    push.steps.map(({ id, args }) => [id, args.at(-1)]),
    [
      ['bases', 'infra/pipeline/pin-bases.sh'],
      ['install', 'ci'],
      ['test', 'test'],
      ['synth', 'infra/pipeline/synth-all.sh'],
      ['ingredients', 'infra/pipeline/sbom.sh'],
      ['image', 'infra/pipeline/build-image.sh'],
    ],
  )
})

test('Cloud Build pushes the image itself, under its commit, and so signs where it came from', () => {
  assert.deepEqual(push.images, ['${_IMAGE}:${COMMIT_SHA}'])
  assert.doesNotMatch(textOf('infra/pipeline/build-image.sh').replaceAll(/^#.*$/gm, ''), /push/)
})

test('a push applies nothing', () => {
  const scripts = push.steps.flatMap(({ args }) => args.filter(word => word.endsWith('.sh')))

  for (const script of scripts)
    assert.doesNotMatch(textOf(script).replaceAll(/^#.*$/gm, ''), /terraform|gcloud/)
})

test('a release goes through its stages in order', () => {
  assert.deepEqual(
    release.steps.map(step => step.id),
    [
      ...['image', 'sign', 'stable', 'fetch', 'terraform', 'install', 'plan', 'keep'],
      ...['apply', 'canary', 'tenth', 'tenth-smoke', 'all', 'all-smoke'],
    ],
  )
})

test('only a shift of traffic may fail, because the step after it goes back', () => {
  const tolerant = release.steps.filter(step => step.allowFailure).map(step => step.id)

  assert.deepEqual(tolerant, ['tenth', 'all'])
  for (const id of tolerant) {
    const next = release.steps[release.steps.findIndex(step => step.id === id) + 1]
    assert.equal(next?.args[0], 'infra/pipeline/smoke-test.sh')
  }
})

test('Node.js is the one that the repository is tested with', () => {
  const { dependencies } = JSON.parse(textOf('package.json'))

  assert.equal(push.substitutions['_BUILD_IMAGE'], `node:${dependencies.node}-bookworm-slim`)
  assert.equal(release.substitutions['_NODE_IMAGE'], `node:${dependencies.node}-bookworm-slim`)
})

/** The scripts, and those that they call. */
function withCalled(scripts: readonly string[]): string[] {
  const called = scripts.flatMap(script => textOf(script).match(/infra\/pipeline\/[\w-]+\.sh/g) ?? [])
  return [...new Set([...scripts, ...called])]
}
