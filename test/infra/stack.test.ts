// Whole environments: the same every time, and phases that only add. What else holds in each is in facts.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'
import { ENVIRONMENTS, shipped } from '../support/shipped-environments.ts'
import type { Synthesized } from '../support/synthesized.ts'

const complete = new Map(ENVIRONMENTS.map(env => [env, shipped(env)]))

/** Such as `google_compute_network.network_vpc`. */
function addressesOf({ text }: Synthesized): string[] {
  const { resource } = JSON.parse(text)
  return Object.entries<object>(resource).flatMap(([type, named]) =>
    Object.keys(named).map(name => `${type}.${name}`),
  )
}

for (const env of ENVIRONMENTS) {
  const environment = complete.get(env) ?? shipped(env)

  test(`${env}: the same settings give the same text, byte for byte`, () => {
    assert.equal(shipped(env).text, environment.text)
  })

  test(`${env}: the text says nothing of the machine that made it`, () => {
    assert.doesNotMatch(environment.text, /"(\/(?!\/|etc\/claude|secrets\/|healthz|ready)|[A-Z]:\\)/)
    assert.equal(environment.text.includes(process.cwd()), false)
  })

  test(`${env}: each phase holds all of the one before it, and more`, () => {
    const [first, second, last] = ['foundation', 'database', 'complete'].map(phase =>
      addressesOf(shipped(env, phase)),
    )

    assert.deepEqual(
      first?.filter(address => !second?.includes(address)),
      [],
    )
    assert.deepEqual(
      second?.filter(address => !last?.includes(address)),
      [],
    )
    assert.ok(first!.length < second!.length && second!.length < last!.length) // three phases were listed
  })
}

test('production is protected from deletion: service, database and secrets', () => {
  const prod = complete.get('prod') ?? shipped('prod')
  const types = [
    'google_cloud_run_v2_service',
    'google_sql_database_instance',
    'google_secret_manager_secret',
  ]

  for (const resource of types.flatMap(type => prod.all(type)))
    assert.equal(resource['deletion_protection'], true)
})

test('the state is in a bucket, one prefix for each environment, and write-only arguments are understood', () => {
  const { terraform } = JSON.parse(environmentOf().text)

  assert.deepEqual(terraform, {
    backend: { gcs: { bucket: 'acme-state', prefix: 'gatehouse/test' } },
    required_providers: {
      google: { source: 'hashicorp/google', version: '6.50.0' },
      random: { source: 'hashicorp/random', version: '~> 3.7' },
    },
    required_version: '>= 1.11.0',
  })
})

test('two parts that would be called the same are refused', () => {
  const emails = ['a.b@acme.example', 'a-b@acme.example']

  assert.throws(
    () => environmentOf({ monitoring: { emails } }),
    /would both be called monitoring_mail-a-b-acme-example/,
  )
})
