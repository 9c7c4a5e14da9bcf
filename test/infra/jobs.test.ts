// The jobs: the database's grants, and the doctor with the clock that starts it (G-35, G-57).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../app/config/arguments.ts'
import { DatabaseGrants } from '../../infra/database-grants.ts'
import { Doctor } from '../../infra/doctor.ts'
import { CONTAINER, MOUNTS, PLACE } from '../support/infra-props.ts'
import { type Block, synthesized } from '../support/synthesized.ts'

const PROBE = 'gatehouse-probe@p1.iam.gserviceaccount.com'

const doctor = synthesized(
  stack =>
    new Doctor(stack, 'doctor', {
      ...{ ...CONTAINER, name: PLACE.name, probeAccount: PROBE, schedule: '*/15 * * * *' },
    }),
)
const grants = synthesized(
  stack =>
    new DatabaseGrants(stack, 'grants', {
      ...{ ...CONTAINER, name: PLACE.name, serviceAccount: 'gatehouse-bootstrap@p1.iam.gserviceaccount.com' },
      ...{ instance: 'p1:us-east5:gatehouse', ipType: 'PSC', database: 'gatehouse' },
      ...{ role: 'gatehouse-run@p1.iam', user: 'bootstrap' },
      password: {
        ...{ name: 'db-bootstrap', secret: 'gatehouse-db-bootstrap', version: '1' },
        ...{ folder: '/secrets/db-bootstrap', file: 'value' },
      },
    }),
)

function runOf(job: Block): Block & { container: Block } {
  const { template } = job['template'] as { template: Block & { containers: [Block] } } // as the construct writes it
  return { ...template, container: template.containers[0] }
}

const doctorJob = doctor.one('google_cloud_run_v2_job')
const grantsJob = grants.one('google_cloud_run_v2_job')

test('the doctor is asked with the configuration that the service has', () => {
  const run = runOf(doctorJob)

  assert.equal(doctorJob['name'], 'gatehouse-doctor')
  assert.deepEqual(run.container['args'], ['doctor', '--config', '/etc/claude/gateway.yaml', '--json'])
  assert.equal((run['volumes'] as unknown[]).length, new Set(MOUNTS.map(({ name }) => name)).size)
})

test('the doctor stands where the service stands: account, image and subnet', () => {
  const run = runOf(doctorJob)

  assert.equal(run['service_account'], CONTAINER.serviceAccount)
  assert.equal(run.container['image'], CONTAINER.image)
  assert.deepEqual(run['vpc_access'], {
    egress: 'PRIVATE_RANGES_ONLY',
    network_interfaces: [{ network: CONTAINER.network, subnetwork: CONTAINER.subnetwork }],
  })
})

test('the clock starts the doctor as an account that may do nothing else', () => {
  assert.partialDeepStrictEqual(doctor.one('google_cloud_scheduler_job'), {
    ...{ schedule: '*/15 * * * *', time_zone: 'Etc/UTC' },
    http_target: { http_method: 'POST', oauth_token: { service_account_email: PROBE } },
  })
  assert.match(
    JSON.stringify(doctor.one('google_cloud_scheduler_job')['http_target']),
    /https:\/\/run\.googleapis\.com\/v2\/\$\{google_cloud_run_v2_job\.[\w]+\.id\}:run/,
  )
  assert.partialDeepStrictEqual(doctor.one('google_cloud_run_v2_job_iam_member'), {
    ...{ role: 'roles/run.invoker', member: `serviceAccount:${PROBE}` },
  })
})

test('the grants are made by the built-in user, from its own password file alone', () => {
  const run = runOf(grantsJob)

  assert.equal(grantsJob['name'], 'gatehouse-db-bootstrap')
  assert.equal(run['service_account'], 'gatehouse-bootstrap@p1.iam.gserviceaccount.com')
  assert.deepEqual(run.container['args'], [
    ...['migrate', '--bootstrap', '--instance', 'p1:us-east5:gatehouse', '--ip-type', 'PSC'],
    ...['--database', 'gatehouse', '--user', 'bootstrap', '--password-file', '/secrets/db-bootstrap/value'],
    ...['--role', 'gatehouse-run@p1.iam'],
  ])
  assert.deepEqual(run['volumes'], [
    {
      name: 'db-bootstrap',
      secret: { secret: 'gatehouse-db-bootstrap', items: [{ path: 'value', version: '1', mode: 292 }] },
    },
  ])
})

test('a job that failed is not run again by itself, and may be deleted with the stack', () => {
  for (const job of [doctorJob, grantsJob]) {
    assert.equal(runOf(job)['max_retries'], 0)
    assert.equal(job['deletion_protection'], false)
  }
})

test('no variable of a job holds a secret', () => {
  for (const job of [doctorJob, grantsJob]) {
    const names = (runOf(job).container['env'] as { name: string }[]).map(({ name }) => name)
    assert.deepEqual(names, [
      ...['NODE_ENV', 'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS', 'CLAUDE_GATEWAY_LOG_LEVEL', 'GOOGLE_CLOUD_PROJECT'],
    ])
  }
})

test('the gateway’s own parser accepts what the jobs ask', () => {
  const kinds = [doctorJob, grantsJob].map(
    job => readArguments(runOf(job).container['args'] as string[]).kind,
  )

  assert.deepEqual(kinds, ['doctor', 'bootstrap'])
})
