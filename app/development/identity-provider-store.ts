/** What oidc-provider remembers, in memory and bounded: everything is gone when the process ends. */
export function createIdentityProviderStore(): new (kind: string) => Adapter {
  const records = new Map<string, Payload>()

  function remove(matches: (payload: Payload) => boolean): void {
    for (const [key, payload] of records) if (matches(payload)) records.delete(key)
  }

  return class {
    readonly #kind: string

    constructor(kind: string) {
      this.#kind = kind
    }

    async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
      const now = Date.now() / 1000
      if (records.size >= MAX_RECORDS) remove(({ exp }) => exp !== undefined && exp < now)
      const oldest = records.keys().next().value
      if (records.size >= MAX_RECORDS && oldest !== undefined) records.delete(oldest)
      records.set(this.#key(id), { ...payload, ...(expiresIn !== undefined && { exp: now + expiresIn }) })
    }

    async find(id: string): Promise<Payload | undefined> {
      const payload = records.get(this.#key(id))
      return payload?.exp !== undefined && payload.exp < Date.now() / 1000 ? undefined : payload
    }

    async findByUid(uid: string): Promise<Payload | undefined> {
      return records.values().find(payload => payload['uid'] === uid && payload['kind'] === this.#kind)
    }

    async findByUserCode(): Promise<undefined> {}

    async consume(id: string): Promise<void> {
      const payload = records.get(this.#key(id))
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000)
    }

    async destroy(id: string): Promise<void> {
      records.delete(this.#key(id))
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      remove(payload => payload['grantId'] === grantId)
    }

    #key(id: string): string {
      return `${this.#kind}:${id}`
    }
  }
}

const MAX_RECORDS = 10_000

interface Payload extends Record<string, unknown> {
  exp?: number
}

interface Adapter {
  upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>
  find(id: string): Promise<Payload | undefined>
  findByUid(uid: string): Promise<Payload | undefined>
  findByUserCode(userCode: string): Promise<Payload | undefined>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}
