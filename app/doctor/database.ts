// Whether the database can be used: connection, version, rights, migrations, and room for all replicas.
import { silentLog } from '../lib/log.ts'
import { connectAtBoot } from '../store/connect.ts'
import { examineDatabase } from '../store/examination.ts'
import { type Check, fail, ok, type Verdict, warn } from './check.ts'

/** Less than a check may take, so that the database's own answer is told. */
const CONNECT_SECONDS = 4

export const database: Check = {
  id: 'postgres',
  async examine({ config, clock, cloudSql, migrations }) {
    const patient = { ...config.store, connect_timeout_seconds: CONNECT_SECONDS }
    const store = await connectAtBoot(patient, { log: silentLog, clock, cloudSql, attempts: 1 })
    try {
      return judge(await examineDatabase(store.pool, migrations), config.store.max_connections)
    } finally {
      await store.close()
    }
  },
}

type Seen = Awaited<ReturnType<typeof examineDatabase>>

function judge(
  { version, role, schema, mayCreate, pending, connections }: Seen,
  poolSize: number,
): readonly Verdict[] {
  const verdicts: Verdict[] = []
  if (schema === null || (!mayCreate && pending > 0)) {
    const where =
      schema === null ? 'there is no schema to work in' : `it may not create in the schema ${schema}`
    verdicts.push(
      fail(`role ${role}: ${where}`, 'run gatehouse migrate --bootstrap once, as a role that may grant'),
    )
  }
  const { limit, reserved } = connections
  // During a rollout two revisions are there, each with its pool and its probe.
  const needed = 2 * (poolSize + 1)
  if (needed > limit - reserved) {
    const room = `the server allows ${limit} connections, ${reserved} of them reserved`
    verdicts.push(
      warn(
        `${room}; one replica needs ${needed} during a rollout`,
        'lower store.max_connections, or take a larger server',
      ),
    )
  }
  const replicas = Math.floor((limit - reserved) / needed)
  const state = pending === 0 ? 'up to date' : `${pending} migrations to come at the next start`
  const room = `room for ${replicas} replicas during a rollout`
  return verdicts.length > 0
    ? verdicts
    : [ok(`PostgreSQL ${version}, as ${role} in ${schema}; ${state}; ${room}`)]
}
