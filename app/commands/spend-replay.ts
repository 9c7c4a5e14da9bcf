// `gatehouse spend replay`: stores what the audit says could not be stored; doing it twice changes nothing.
import type pg from 'pg'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { boundedLines } from '../lib/bounded-lines.ts'
import type { Clock } from '../lib/clock.ts'
import { periodsAt } from '../lib/periods.ts'
import type { Entry } from '../spend/entry.ts'
import { readUnsettledLine } from '../spend/unsettled-line.ts'
import { settleFault } from '../store/settle-fault.ts'
import { settleSpend } from '../store/spend-entries.ts'
import { withStore } from './open-store.ts'

export interface ReplayCommand {
  readonly environment: Pick<Environment, 'allowLoopback' | 'proxies'>
  readonly clock: Clock
  /** Standard input. */
  readonly input: AsyncIterable<Buffer>
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

const BATCH = 500
const MAX_LINE_BYTES = 1024 * 1024
const MAX_COMPLAINTS = 100
/** Of entries that gateways settle at the same time. */
const MAX_ATTEMPTS = 10

/** Answers whether every line was fit; throws what the operator has to mend first. */
export async function replaySpend(config: Config, command: ReplayCommand): Promise<boolean> {
  if (config.admin === undefined) throw new Error('the file has no `admin`, without which nothing is metered')
  const source = { store: config.store, cloudSql: config.gatehouse.cloud_sql }
  return withStore(source, command.environment, async ({ pool }) => {
    const { entry_retention_days: days } = config.gatehouse.spend
    const oldestDay = periodsAt(command.clock() - days * DAY_MS).daily.key
    const replay = new Replay({ pool, oldestDay, complain: command.complain })
    try {
      for await (const line of boundedLines(command.input, MAX_LINE_BYTES)) await replay.take(line)
      await replay.settle()
    } finally {
      command.print(replay.summary)
    }
    return replay.refused === 0
  })
}

interface Numbered {
  readonly number: number
  readonly entry: Entry
}

interface ReplayOptions {
  readonly pool: pg.Pool
  /** Of entries before it the store does not know any more whether it had them. */
  readonly oldestDay: string
  readonly complain: ReplayCommand['complain']
}

class Replay {
  readonly #options: ReplayOptions
  #batch: Numbered[] = []
  #number = 0
  #settled = 0
  #known = 0
  #others = 0
  refused = 0

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  get summary(): string {
    const counts = `${this.#settled} settled, ${this.#known} were there already, ${this.refused} refused`
    return `${counts}, ${this.#others} other lines`
  }

  /** The next line; null for one that is too long. */
  async take(line: string | null): Promise<void> {
    this.#number += 1
    const read = line === null ? TOO_LONG : readUnsettledLine(line)
    if (read.kind === 'other') this.#others += 1
    else if (read.kind === 'nonsense') this.#refuse(this.#number, read.why)
    else if (read.entry.day < this.#options.oldestDay) this.#refuse(this.#number, TOO_OLD)
    else this.#batch.push({ number: this.#number, entry: read.entry })
    if (this.#batch.length === BATCH) await this.settle()
  }

  /** Stores what was taken; entries that the database refuses are found one by one. */
  async settle(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    try {
      await this.#store(batch)
    } catch (error) {
      if (settleFault(error) !== 'entry') throw error
      for (const one of batch) await this.#storeOne(one)
    }
  }

  async #storeOne(one: Numbered): Promise<void> {
    try {
      await this.#store([one])
    } catch (error) {
      if (settleFault(error) !== 'entry') throw error
      this.#refuse(one.number, error instanceof Error ? error.message : String(error))
    }
  }

  async #store(batch: readonly Numbered[]): Promise<void> {
    const entries = JSON.stringify(batch.map(({ entry }) => entry))
    for (let attempt = 1; ; attempt += 1) {
      try {
        const fresh = await settleSpend(this.#options.pool, { entries, released: [] })
        this.#settled += fresh
        this.#known += batch.length - fresh
        return
      } catch (error) {
        if (settleFault(error) !== 'collision' || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  #refuse(number: number, why: string): void {
    this.refused += 1
    const { complain } = this.#options
    if (this.refused <= MAX_COMPLAINTS) complain(`line ${number}: ${why}`)
    if (this.refused === MAX_COMPLAINTS) complain('further lines are refused without a word')
  }
}

const DAY_MS = 86_400_000
const TOO_OLD =
  'it is older than gatehouse.spend.entry_retention_days: nobody knows any more whether it is stored'
const TOO_LONG = { kind: 'nonsense', why: `it is longer than ${MAX_LINE_BYTES} bytes` } as const
