// Whether Claude on Vertex AI lets the gateway in: one count of tokens for every model that goes there.
import { openCatalog } from '../inference/open-catalog.ts'
import { openUpstreams } from '../inference/upstreams/open.ts'
import type { Upstream } from '../inference/upstreams/upstream.ts'
import { silentLog } from '../lib/log.ts'
import { type Check, type Examination, fail, ok, skip, type Verdict, warn } from './check.ts'

export const vertex: Check = {
  id: 'vertex',
  async examine(examination) {
    const { config, network, clock } = examination
    const upstreams = config.upstreams.filter(({ provider }) => provider === 'vertex')
    if (upstreams.length === 0) return skip('no upstream is on Vertex AI')
    const shared = { network, clock, log: silentLog, version: 'doctor', ttfbMs: undefined }
    const opened = [...openUpstreams({ ...shared, upstreams }).values()]
    const verdicts = await Promise.all(opened.map(upstream => verdictsOf(upstream, examination)))
    return verdicts.flat()
  },
}

/** What a model's count was answered with; `null` when nothing answered. */
interface Count {
  readonly model: string
  readonly status: number | null
  readonly cause: string
}

async function verdictsOf(upstream: Upstream, examination: Examination): Promise<Verdict[]> {
  const models = modelsOf(upstream.name, examination)
  if (models.length === 0)
    return [warn(`no model goes to upstream ${upstream.name}`, 'look at its models list, and at models')]
  const counts = await Promise.all(models.map(model => count(upstream, model, examination)))
  const kinds = new Map<string, Count[]>()
  for (const each of counts) kinds.set(kindOf(each), [...(kinds.get(kindOf(each)) ?? []), each])
  return [...kinds.entries()].map(([kind, those]) => judge(kind, upstream.name, those))
}

function modelsOf(upstream: string, { config }: Examination): string[] {
  const catalog = openCatalog(config)
  const routes = catalog.list().flatMap(({ id }) => catalog.resolve(id)?.routes ?? [])
  return [...new Set(routes.filter(route => route.upstream === upstream).map(({ model }) => model))]
}

async function count(upstream: Upstream, model: string, { transport }: Examination): Promise<Count> {
  const body = { model, anthropic_version: 'vertex-2023-10-16', messages: [{ role: 'user', content: '.' }] }
  try {
    const { path, headers } = await upstream.head(
      {
        ...{ operation: 'count_tokens', clientModel: model, model, stream: false, query: '' },
        ...{ headers: {}, identity: { sub: 'doctor' } },
      },
      { chunks: [], length: 0 },
    )
    const response = await transport('upstream')(upstream.origin + path, {
      method: 'POST',
      headers: [...pairs(headers)],
      body: JSON.stringify(body),
    })
    return { model, status: response.status, cause: '' }
  } catch (error) {
    return { model, status: null, cause: error instanceof Error ? error.message : String(error) }
  }
}

function* pairs(list: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < list.length; index += 2) yield [list[index] ?? '', list[index + 1] ?? '']
}

function kindOf({ status, cause }: Count): string {
  return status === null ? cause : String(status)
}

function judge(kind: string, upstream: string, counts: readonly Count[]): Verdict {
  const models = counts.map(({ model }) => model).join(', ')
  switch (kind) {
    case '200':
      return ok(`upstream ${upstream} counts tokens for ${models}`)
    case '401':
    case '403':
      return fail(
        `upstream ${upstream} refuses the service's account (${kind}) for ${models}`,
        'grant it aiplatform.endpoints.predict in project_id (roles/aiplatform.user), and enable aiplatform.googleapis.com',
      )
    case '400':
    case '404':
      return warn(
        `upstream ${upstream} does not have ${models} in its location (${kind})`,
        'enable the model in Model Garden; single regions stop at older models: region: global',
      )
    case '429':
      return warn(
        `upstream ${upstream} is out of quota (429) for ${models}`,
        'ask for a quota of the model in the region',
      )
    default:
      return fail(`upstream ${upstream} could not be asked (${kind})`, 'see the checks identity and egress')
  }
}
