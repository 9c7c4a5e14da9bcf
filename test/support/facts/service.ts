import type { StackJson } from '../terraform/stack-json.ts'
import { all, always, blocksAt, type Fact, ofType, valueAt } from './fact.ts'

const SERVICE = 'google_cloud_run_v2_service'
const JOB = 'google_cloud_run_v2_job'
const CONTAINER = 'template.containers.0'
const IMAGE = /@sha256:[0-9a-f]{64}$/

/** Cloud Run: always on, as an account of its own, its files where the gateway looks for them (8.8). */
export const SERVICES: readonly Fact[] = [
  {
    sentence: 'a stream may take an hour, and the CPU stays with the process between requests',
    broken: all(
      always(SERVICE, 'template.timeout', '3600s'),
      always(SERVICE, `${CONTAINER}.resources.cpu_idle`, false),
    ),
  },
  {
    sentence: 'an instance is always there, and takes fewer requests than the gateway has calls to upstreams',
    broken: stack =>
      ofType(stack, SERVICE).flatMap(({ address, block }) => {
        const least = Number(valueAt(block, 'template.scaling.min_instance_count'))
        const requests = Number(valueAt(block, 'template.max_instance_request_concurrency'))
        return [
          ...(least >= 1 ? [] : [`${address}: min_instance_count is ${least}`]),
          ...(requests >= 1 && requests <= 256
            ? []
            : [`${address}: max_instance_request_concurrency is ${requests}`]),
        ]
      }),
  },
  {
    sentence: 'probes ask what does not ask the database',
    broken: all(
      always(SERVICE, `${CONTAINER}.startup_probe.http_get.path`, '/healthz'),
      always(SERVICE, `${CONTAINER}.liveness_probe.http_get.path`, '/healthz'),
    ),
  },
  {
    sentence: 'it runs as an account of the stack, from an image by its digest',
    broken: stack =>
      ofType(stack, SERVICE, JOB).flatMap(({ address, type, block }) => {
        const template = valueAt(block, type === JOB ? 'template.template' : 'template')
        const account = String(valueAt(template, 'service_account'))
        const image = String(valueAt(template, 'containers.0.image'))
        return [
          ...(/^\$\{google_service_account\.[\w-]+\.email\}$/.test(account)
            ? []
            : [`${address}: service_account is ${account}`]),
          ...(IMAGE.test(image) ? [] : [`${address}: image is ${image}`]),
        ]
      }),
  },
  {
    sentence: 'what is mounted is a volume of its own, and every volume is mounted',
    broken: stack =>
      ofType(stack, SERVICE, JOB).flatMap(({ address, type, block }) => {
        const template = valueAt(block, type === JOB ? 'template.template' : 'template')
        const volumes = blocksAt(template, 'volumes').map(volume => String(valueAt(volume, 'name')))
        const mounts = blocksAt(template, 'containers.0.volume_mounts')
        const names = mounts.map(mount => String(valueAt(mount, 'name')))
        const folders = mounts.map(mount => String(valueAt(mount, 'mount_path')))
        return [
          ...repeated([...volumes]).map(name => `${address}: two volumes are called ${name}`),
          ...repeated(folders).map(folder => `${address}: two volumes are mounted at ${folder}`),
          ...names
            .filter(name => !volumes.includes(name))
            .map(name => `${address}: there is no volume ${name}`),
          ...volumes.filter(name => !names.includes(name)).map(name => `${address}: ${name} is not mounted`),
        ]
      }),
  },
  {
    sentence: 'the shares of traffic add up to all of it, and no revision is named by us',
    broken: all(always(SERVICE, 'template.revision', undefined), stack =>
      ofType(stack, SERVICE).flatMap(({ address, block }) => {
        const shares = blocksAt(block, 'traffic').map(each => Number(valueAt(each, 'percent')))
        const sum = shares.reduce((total, share) => total + share, 0)
        return sum === 100 ? [] : [`${address}: the shares of traffic are ${sum}`]
      }),
    ),
  },
  {
    sentence: 'a service waits for its grants and for the way to its database, to which nothing refers',
    broken: stack =>
      ofType(stack, SERVICE).flatMap(({ address, block }) => {
        const waitsFor = blocksAt(block, 'depends_on')
        return neededBefore(stack)
          .filter(needed => !waitsFor.includes(needed))
          .map(needed => `${address}: it does not wait for ${needed}`)
      }),
  },
]

/** Grants to the service's account, and what leads to the database. */
function neededBefore(stack: StackJson): string[] {
  const grants = ofType(stack, 'google_secret_manager_secret_iam_member', 'google_project_iam_member')
    .filter(({ block }) => /account-run\.member/.test(String(block['member'])))
    .filter(({ block }) => /secretAccessor|cloudsql/.test(String(block['role'])))
  const way = [
    ...ofType(stack, 'google_sql_user', 'google_compute_router_nat'),
    ...ofType(stack, 'google_dns_record_set').filter(({ name }) => name.startsWith('database_')),
  ]
  return [...grants, ...way].map(({ address }) => address)
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index)
}
