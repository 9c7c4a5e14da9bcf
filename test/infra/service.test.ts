// The Cloud Run service: private, always on, its secrets pinned files (table 8.8, G-29, G-37, G-60).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Service, type ServiceProps } from '../../infra/service.ts'
import { CONTAINER, IMAGE, PLACE } from '../support/infra-props.ts'
import { type Block, synthesized } from '../support/synthesized.ts'

const PROPS: ServiceProps = {
  ...{ ...CONTAINER, name: PLACE.name, minInstances: 1, maxInstances: 8, concurrency: 200 },
}

function serviceWith(changes: Partial<ServiceProps> = {}) {
  return synthesized(stack => new Service(stack, 'service', { ...PROPS, ...changes }))
}

const service = serviceWith().one('google_cloud_run_v2_service')
const template = service['template'] as Block & { containers: [Block] } // blocks that the construct always writes
const container = template.containers[0]

test('the service is reached from inside the network only', () => {
  assert.equal(service['ingress'], 'INGRESS_TRAFFIC_INTERNAL_ONLY')
  assert.equal(
    serviceWith({ invoker: 'all-users' }).one('google_cloud_run_v2_service')['ingress'],
    service['ingress'],
  )
})

test('the platform’s own check is off, and nobody is granted anything', () => {
  assert.equal(service['invoker_iam_disabled'], true)
  assert.deepEqual(serviceWith().types, ['google_cloud_run_v2_service'])
})

test('where an organisation forbids that, everybody who can reach it may call it', () => {
  const stack = serviceWith({ invoker: 'all-users' })

  assert.equal(stack.one('google_cloud_run_v2_service')['invoker_iam_disabled'], false)
  assert.partialDeepStrictEqual(stack.one('google_cloud_run_v2_service_iam_member'), {
    ...{ role: 'roles/run.invoker', member: 'allUsers', location: 'us-east5', project: 'p1' },
  })
})

test('it runs as its own account, never as the project’s default one', () => {
  assert.equal(template['service_account'], 'gatehouse-run@p1.iam.gserviceaccount.com')
})

test('a stream may take an hour', () => {
  assert.equal(template['timeout'], '3600s')
})

test('an instance takes fewer requests than the gateway has calls to upstreams', () => {
  assert.equal(template['max_instance_request_concurrency'], 200)
  assert.deepEqual(template['scaling'], { min_instance_count: 1, max_instance_count: 8 })
})

test('the CPU stays with the process between requests', () => {
  assert.deepEqual(container['resources'], {
    ...{ cpu_idle: false, startup_cpu_boost: true, limits: { cpu: '1', memory: '1Gi' } },
  })
})

test('it listens on 8080, by HTTP/1', () => {
  assert.equal(container['image'], IMAGE)
  assert.deepEqual(container['ports'], { container_port: 8080, name: 'http1' })
})

test('each secret has one volume, of pinned versions that the image’s user can read', () => {
  assert.deepEqual(template['volumes'], [
    {
      name: 'config',
      secret: { secret: 'gatehouse-config', items: [{ path: 'gateway.yaml', version: '7', mode: 292 }] },
    },
    {
      name: 'jwt',
      secret: {
        secret: 'gatehouse-jwt',
        items: [
          { path: 'g2', version: '2', mode: 292 },
          { path: 'g1', version: '1', mode: 292 },
        ],
      },
    },
  ])
  assert.deepEqual(container['volume_mounts'], [
    { name: 'config', mount_path: '/etc/claude' },
    { name: 'jwt', mount_path: '/secrets/jwt' },
  ])
})

test('no variable of the environment holds a secret or refers to one', () => {
  assert.deepEqual(container['env'], [
    { name: 'NODE_ENV', value: 'production' },
    { name: 'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS', value: '8000' },
    { name: 'CLAUDE_GATEWAY_LOG_LEVEL', value: 'info' },
    { name: 'GOOGLE_CLOUD_PROJECT', value: 'p1' },
  ])
})

test('it has a minute to boot', () => {
  assert.partialDeepStrictEqual(container['startup_probe'], {
    ...{ http_get: { path: '/healthz', port: 8080 }, period_seconds: 2, failure_threshold: 30 },
  })
})

test('it is restarted when it does not answer, not when the database does not', () => {
  assert.partialDeepStrictEqual(container['liveness_probe'], {
    ...{ http_get: { path: '/healthz', port: 8080 }, period_seconds: 10, failure_threshold: 3 },
  })
  assert.ok(!JSON.stringify(service).includes('readyz'))
})

test('what it sends to private ranges goes through its own subnet, without a connector', () => {
  assert.deepEqual(template['vpc_access'], {
    egress: 'PRIVATE_RANGES_ONLY',
    network_interfaces: [{ network: CONTAINER.network, subnetwork: CONTAINER.subnetwork }],
  })
})

test('neither affinity nor a name of the revision is set', () => {
  assert.ok(!('session_affinity' in template) && !('revision' in template))
})

test('the newest revision gets all of the traffic, and that is written', () => {
  assert.deepEqual(service['traffic'], [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }])
})

test('a canary gets its share and a tag, and the stable revision the rest', () => {
  const traffic = { kind: 'canary', percent: 10, stableRevision: 'gatehouse-00007-abc' } as const

  assert.deepEqual(serviceWith({ traffic }).one('google_cloud_run_v2_service')['traffic'], [
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'gatehouse-00007-abc', percent: 90 },
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 10, tag: 'canary' },
  ])
})

test('a pinned revision keeps all of the traffic', () => {
  const traffic = { kind: 'pinned', revision: 'gatehouse-00007-abc' } as const

  assert.deepEqual(serviceWith({ traffic }).one('google_cloud_run_v2_service')['traffic'], [
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'gatehouse-00007-abc', percent: 100 },
  ])
})

test('it is protected from deletion unless the settings say otherwise', () => {
  assert.equal(service['deletion_protection'], true)
  assert.equal(
    serviceWith({ deletionProtection: false }).one('google_cloud_run_v2_service')['deletion_protection'],
    false,
  )
})

test('with Binary Authorization the project’s policy decides which image starts', () => {
  const stack = serviceWith({ binaryAuthorization: true })

  assert.deepEqual(stack.one('google_cloud_run_v2_service')['binary_authorization'], { use_default: true })
  assert.ok(!('binary_authorization' in service))
})
