import type pg from 'pg'

/**
 * Runs `work` in one transaction on a connection of its own: committed when it resolves, undone when it
 * rejects. A connection that cannot even roll back is thrown away.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  // A connection that breaks fails the query under way; the event as such would end the process.
  client.on('error', ignore)
  const release = (isBroken: boolean) => {
    client.release(isBroken)
    client.off('error', ignore)
  }
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    release(false)
    return result
  } catch (error) {
    const isBroken = await client.query('rollback').then(
      () => false,
      () => true,
    )
    release(isBroken)
    throw error
  }
}

function ignore(): void {}
