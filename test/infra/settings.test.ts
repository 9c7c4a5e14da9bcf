// An environment's settings file: what it needs, what is filled in, and what is refused before anything is made (8.2).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsOf, REQUIRED, settingsOf } from '../support/infra-environment.ts'

test('only the required keys are needed; the rest is filled in', () => {
  const settings = settingsOf()

  assert.partialDeepStrictEqual(settings, {
    ...{ name: 'gatehouse', phase: 'complete', googleProvider: '6.50.0', deletionProtection: true },
    ...{ statePrefix: 'gatehouse/test', gatewayConfig: 'test.gateway.yaml' },
    labels: { app: 'gatehouse', env: 'test' },
    network: { mode: 'create', egress: 'PRIVATE_RANGES_ONLY', inboundResolver: true },
    database: { tier: 'db-custom-1-3840', connectionLimit: 100, endpointAddress: '10.64.1.5' },
    service: { minInstances: 1, maxInstances: 8, concurrency: 200, invoker: 'disabled' },
  })
})

test('settings cannot be changed after they were read', () => {
  const settings = settingsOf()

  assert.ok(Object.isFrozen(settings) && Object.isFrozen(settings.secrets.jwt.generations))
})

test('an empty file is told every key it lacks at once', () => {
  const lacking = Object.fromEntries(Object.keys(REQUIRED).map(key => [key, undefined]))

  assert.deepEqual(problemsOf({ ...lacking, name: 'gatehouse' }), [
    'project: missing. Fix: add `project: my-project`.',
    'projectNumber: missing. Fix: add `projectNumber: "123456789012"`.',
    'region: missing. Fix: add `region: europe-west1`.',
    'stateBucket: missing. Fix: add `stateBucket: my-project-gatehouse-state`.',
    'oidc: missing. Fix: add `oidc: { clientId: 1234-abcd.apps.googleusercontent.com, allowedEmailDomains: [example.com] }`.',
    'image: missing: phase complete runs it. Fix: set GATEHOUSE_IMAGE, or apply with GATEHOUSE_PHASE=foundation first.',
    'frontend.host: missing: the load balancer has a name of your own. Fix: add `host: claude.example.com`.',
  ])
})

test('an image by tag is refused, because the same tag again makes no new revision', () => {
  assert.deepEqual(problemsOf({ image: 'us-docker.pkg.dev/p/r/gatehouse:v1' }), [
    'image: "us-docker.pkg.dev/p/r/gatehouse:v1", needs an image by digest, …@sha256:<64 hex>. Fix: a pushed tag again makes no new revision: take the digest from the push.',
  ])
})

test('an unknown key is refused, with the key that was probably meant', () => {
  assert.deepEqual(problemsOf({ service: { maxInstance: 4 }, colour: 'red' }), [
    'colour: unknown key. Fix: remove it; infra/README.md lists the keys.',
    'service.maxInstance: unknown key. Fix: did you mean maxInstances?',
  ])
})

test('an image, a phase and a stable revision may come from the environment, so that a pipeline needs no commit', () => {
  const image = `host/other@sha256:${'1'.repeat(64)}`

  const settings = settingsOf(
    {},
    {
      ...{
        GATEHOUSE_IMAGE: image,
        GATEHOUSE_PHASE: 'database',
        GATEHOUSE_STABLE_REVISION: 'gatehouse-00007-abc',
      },
    },
  )

  assert.equal(settings.image, image)
  assert.equal(settings.phase, 'database')
  assert.deepEqual(settings.service.canary, { percent: 0, stableRevision: 'gatehouse-00007-abc' })
})

test('a variable with a bad value is named in the report', () => {
  assert.deepEqual(problemsOf({}, { GATEHOUSE_PHASE: 'all' }), [
    'phase (from ${GATEHOUSE_PHASE}): 3 characters, needs one of foundation, database, complete.',
  ])
})

test('before the foundation no image is needed', () => {
  assert.equal(settingsOf({ image: undefined, phase: 'foundation' }).image, undefined)
})

test('the default connection budget passes, and one that does not names the largest count that fits', () => {
  assert.deepEqual(problemsOf({ service: { maxInstances: 9 } }), [])
  assert.deepEqual(problemsOf({ service: { maxInstances: 10 } }), [
    'service.maxInstances: 2 × 10 instances × 5 connections = 100, and 100 − 10 are free: old and new revisions overlap. Fix: the largest count that fits is 9; or lower database.poolSize, or take a larger tier.',
  ])
})

test('a tier whose limit is not known must state it', () => {
  const tier = 'db-custom-16-61440'

  assert.deepEqual(problemsOf({ database: { tier } }), [
    'database.maxConnections: the connection limit of db-custom-16-61440 is not known here. Fix: state it: the number becomes the flag max_connections of the instance.',
  ])
  assert.equal(settingsOf({ database: { tier, maxConnections: 800 } }).database.connectionLimit, 800)
})

test('there is a password for a database without the connector, and an address that is known before it is made', () => {
  assert.deepEqual(problemsOf({ database: { path: 'direct' } }), [
    'database.path: direct needs a password: an IAM login is made by the connector. Fix: set path: connector, or login: password.',
  ])
  assert.deepEqual(problemsOf({ database: { path: 'direct', login: 'password', connectivity: 'psa' } }), [
    'database.path: direct needs an address that is known before the database is made. Fix: set connectivity: psc, or path: connector.',
  ])
})

test('a tier of the other edition is refused here, not by Google after half an apply', () => {
  assert.deepEqual(problemsOf({ database: { edition: 'ENTERPRISE_PLUS' } }), [
    'database.tier: db-custom-1-3840 is no tier of the edition ENTERPRISE_PLUS. Fix: use a db-perf-optimized-N-… tier, or edition ENTERPRISE.',
  ])
})

test('generations fall: the newest stands first and signs', () => {
  assert.deepEqual(problemsOf({ secrets: { jwt: { generations: [1, 2] } } }), [
    'secrets.jwt.generations: must fall: the newest generation stands first and signs. Fix: write such as [2, 1].',
  ])
})

test('a canary and a pinned revision exclude each other', () => {
  const service = { pinnedRevision: 'gatehouse-00001-abc', canary: { stableRevision: 'gatehouse-00002-def' } }

  assert.deepEqual(problemsOf({ service }), [
    'service.pinnedRevision: cannot stand beside service.canary: both say which revision gets the traffic. Fix: remove one of them.',
  ])
})

test('a feature of a newer provider is refused with the version that has it', () => {
  const frontend = { host: 'claude.acme.example', armor: true }

  assert.deepEqual(problemsOf({ frontend }), [
    'frontend.armor: needs the Google provider 7.8.0, and googleProvider is 6.50.0. Fix: raise googleProvider, or set it to false.',
  ])
  assert.deepEqual(problemsOf({ frontend, googleProvider: '7.8.0' }), [])
})
