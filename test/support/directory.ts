// A directory of groups that is asked over HTTP, as a Workspace directory is.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GroupAnswer, GroupLookup } from '../../app/identity/group-lookup.ts'

export interface LoopbackDirectory extends GroupLookup, AsyncDisposable {
  /** Groups by address; somebody who is not in here is unknown to the directory. */
  readonly members: Map<string, readonly string[]>
  /** `down`: 503 to everybody. */
  isDown: boolean
  /** Answers of before the outage are given to those who accept stale ones. */
  readonly asked: ReadonlyArray<{ email: string; deadlineMs: number; useStale: boolean }>
}

export async function startDirectory(
  members: Readonly<Record<string, readonly string[]>>,
): Promise<LoopbackDirectory> {
  const known = new Map(Object.entries(members))
  const remembered = new Map<string, readonly string[]>()
  const asked: Array<{ email: string; deadlineMs: number; useStale: boolean }> = []
  const server = createServer((request, response) => {
    const email = new URL(request.url ?? '/', 'http://directory').searchParams.get('userKey') ?? ''
    const groups = known.get(email)
    if (directory.isDown) return response.writeHead(503).end()
    if (!groups) return response.writeHead(404).end()
    return response.writeHead(200).end(JSON.stringify({ groups: groups.map(group => ({ email: group })) }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has one

  const directory: LoopbackDirectory = {
    members: known,
    isDown: false,
    asked,
    async groupsOf(email, options): Promise<GroupAnswer> {
      asked.push({ email, ...options })
      const response = await fetch(`http://127.0.0.1:${port}/groups?userKey=${encodeURIComponent(email)}`)
      if (response.status === 404) return { kind: 'failed', reason: 'user_not_in_directory' }
      const stale = remembered.get(email)
      if (!response.ok && options.useStale && stale) return { kind: 'groups', groups: stale, stale: true }
      if (!response.ok) return { kind: 'failed', reason: 'google_unavailable' }
      const answer = (await response.json()) as { groups: ReadonlyArray<{ email: string }> } // ours, above
      remembered.set(
        email,
        answer.groups.map(group => group.email),
      )
      return { kind: 'groups', groups: answer.groups.map(group => group.email), stale: false }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return directory
}
