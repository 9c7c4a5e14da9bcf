// No secret is in what Terraform reads, keeps or prints, and each that runs is a pinned version (8.6).
import { declared, type StackJson } from '../terraform/stack-json.ts'
import { blocksAt, type Fact, ofType, valueAt } from './fact.ts'

/** Arguments of the provider that keep a secret in the state. */
const KEPT =
  /^(secret_data|password|root_password|private_key|pem_private_key|certificate_private_key|service_account_key)$/

const VERSION = 'google_secret_manager_secret_version'
const RUNNING = ['google_cloud_run_v2_service', 'google_cloud_run_v2_job']
const EPHEMERAL = /^\$\{ephemeral\.random_password\.[a-z0-9_]+\.result\}$/

/** Keys of gateway.yaml whose value is a secret; the text may only say where it is. */
const SECRET_KEY = /^\s*(?:- )?(?:client_secret|password|api_key|jwt_secret|token|authorization): *(\S.*)$/gim
const IS_REFERENCE = /^["']?\$\$\{(file:|[A-Z_]+\})/

export const SECRECY: readonly Fact[] = [
  {
    sentence: 'no argument keeps a secret in the state',
    broken: stack =>
      declared(stack).flatMap(({ address, block }) =>
        namesIn(block)
          .filter(name => KEPT.test(name))
          .map(name => `${address}: ${name} is kept`),
      ),
  },
  {
    sentence: 'what is written only is generated while Terraform runs, or the text of gateway.yaml',
    broken: stack =>
      declared(stack).flatMap(({ address, block }) =>
        Object.entries(block)
          .filter(([name, value]) => name.endsWith('_wo') && !isWrittenWell(String(value)))
          .map(([name]) => `${address}: ${name} is a text`),
      ),
  },
  {
    sentence: 'what is written only has a number that says when to write it again',
    broken: stack =>
      declared(stack).flatMap(({ address, block }) =>
        Object.keys(block)
          .filter(name => name.endsWith('_wo') && !Number.isSafeInteger(block[`${name}_version`]))
          .map(name => `${address}: ${name}_version is not set`),
      ),
  },
  {
    sentence: 'gateway.yaml says where its secrets are, and holds none',
    broken: stack =>
      ofType(stack, VERSION).flatMap(({ address, block }) =>
        [...String(block['secret_data_wo'] ?? '').matchAll(SECRET_KEY)]
          .filter(([, value = '']) => !IS_REFERENCE.test(value))
          .map(([line]) => `${address}: ${line.trim().split(':')[0]} is a value`),
      ),
  },
  {
    sentence: 'every mounted version is pinned, by a number or a reference to one',
    broken: stack =>
      running(stack).flatMap(({ address, volumes }) =>
        volumes
          .flatMap(volume => blocksAt(volume, 'secret.items'))
          .map(item => String(valueAt(item, 'version')))
          .filter(
            version =>
              !/^([1-9]\d*|\$\{google_secret_manager_secret_version\.[\w-]+\.version\})$/.test(version),
          )
          .map(version => `${address}: a mounted version is ${version}`),
      ),
  },
  {
    sentence: 'no variable of a container holds a secret or refers to one',
    broken: stack =>
      running(stack).flatMap(({ address, containers }) =>
        containers
          .flatMap(container => blocksAt(container, 'env'))
          .filter(
            variable =>
              valueAt(variable, 'value_source') !== undefined ||
              /secret|password|token|api_key/i.test(String(valueAt(variable, 'name'))),
          )
          .map(variable => `${address}: the variable ${valueAt(variable, 'name')}`),
      ),
  },
  {
    sentence: 'a version that is replaced stays, for an older revision that starts again',
    broken: stack =>
      ofType(stack, VERSION)
        .filter(
          ({ block }) =>
            block['deletion_policy'] !== 'ABANDON' ||
            valueAt(block, 'lifecycle.create_before_destroy') !== true,
        )
        .map(({ address }) => `${address}: it would be destroyed`),
  },
  {
    sentence: 'no output is secret, and none refers to something that is',
    broken: stack =>
      Object.entries(stack.output ?? {})
        .filter(
          ([, { value, sensitive }]) =>
            sensitive !== undefined || /\$\{[^}]*(ephemeral\.|password|secret_data)/.test(String(value)),
        )
        .map(([name]) => `output.${name}: it shows a secret`),
  },
]

function isWrittenWell(value: string): boolean {
  return EPHEMERAL.test(value) || value.startsWith('# Rendered from ')
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.values(value).flatMap(namesIn)
  return Array.isArray(value) ? inner : [...Object.keys(value), ...inner]
}

/** The services and jobs, with what they run and mount. */
function running(stack: StackJson) {
  return ofType(stack, ...RUNNING).map(({ address, type, block }) => {
    const template = valueAt(block, type === 'google_cloud_run_v2_job' ? 'template.template' : 'template')
    return { address, containers: blocksAt(template, 'containers'), volumes: blocksAt(template, 'volumes') }
  })
}
