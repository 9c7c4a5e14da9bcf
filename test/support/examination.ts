// An environment on loopback for the doctor: a real identity provider and database; names lead where the test says.
import { readEnvironment } from '../../app/config/environment.ts'
import { parseConfigText } from '../../app/config/load.ts'
import { problemReport } from '../../app/config/problems.ts'
import type { Check, Examination } from '../../app/doctor/check.ts'
import { examine, type Finding } from '../../app/doctor/examine.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { openNetwork } from '../../app/net/network.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'

export interface ExaminedEnvironment extends Partial<Omit<Examination, 'config'>> {
  readonly sections?: Readonly<Record<string, unknown>>
  /** What names resolve to; what is missing leads to this machine. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

const NOWHERE = 'http://127.0.0.1:9'

/** Runs one check; the configuration is valid but for what `sections` say. */
export async function findingsOf(
  check: Check,
  environment: ExaminedEnvironment = {},
): Promise<readonly Finding[]> {
  const { sections = {}, names = {}, ...given } = environment
  const network = openNetwork({ allowLoopback: true })
  const config = configOf(sections)
  try {
    return await examine([check], {
      ...{
        config,
        network,
        origin: config.listen.public_url,
        user: null,
        isOnCloudRun: false,
        project: undefined,
      },
      resolve: async host => names[host] ?? ['10.64.1.5'],
      transport: purpose =>
        guardedFetch({ dispatcher: network.dispatcher({ purpose }), totalMs: 4000, maxBytes: 65_536 }),
      googleToken: () => Promise.reject(new Error('no Google credentials here')),
      googleAccount: () => Promise.reject(new Error('no Google credentials here')),
      cloudSql: undefined,
      migrations: 'app/store/migrations',
      clock: Date.now,
      wait: async () => {},
      ...given,
    })
  } finally {
    await network.close()
  }
}

function configOf(sections: Readonly<Record<string, unknown>>) {
  const loaded = parseConfigText(
    JSON.stringify({
      listen: { host: '127.0.0.1', port: 8080, public_url: 'https://gateway.example' },
      oidc: { issuer: NOWHERE, client_id: 'gatehouse', client_secret: 'a client secret' },
      session: { jwt_secret: 'doctor-jwt-secret-0123456789abcdef' },
      store: { postgres_url: 'postgres://nobody@127.0.0.1:9/none' },
      upstreams: [{ provider: 'anthropic', base_url: NOWHERE, auth: { api_key: 'an upstream key' } }],
      ...sections,
    }),
    {
      environment: readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' }),
      readFile: () => ({ kind: 'failed', code: 'ENOENT' }),
      ...{ now: Date.now(), judgeHost, builtins: [], judgePolicies: () => [] },
    },
  )
  if (loaded.kind === 'loaded') return loaded.config
  throw new Error(loaded.kind === 'refused' ? problemReport('test', loaded.problems) : 'incomplete')
}
