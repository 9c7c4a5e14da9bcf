import type { Entry } from './entry.ts'

/** An entry that waits to be stored, and whoever waits for it. */
export interface Waiting {
  readonly entry: Entry
  /** Told that it is stored, or that it will not be stored from here. */
  done(): void
}

/** What one statement takes. */
export interface Batch {
  readonly waiting: readonly Waiting[]
  /** Ids of requests that used nothing. */
  readonly released: readonly string[]
}

/** At most so many entries in one statement (M-33), and about so many characters in names of groups. */
export const MAX_ENTRIES = 500
const MAX_CHARACTERS = 1_000_000

/** Entries in the order in which they came, and released holds beside them; both are bounded. */
export class LedgerQueue {
  readonly #maxEntries: number
  #waiting: Waiting[] = []
  #released: string[] = []

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get length(): number {
    return this.#waiting.length
  }

  get isEmpty(): boolean {
    return this.#waiting.length + this.#released.length === 0
  }

  /** Answers false when there is no room. */
  push(waiting: Waiting): boolean {
    if (this.#waiting.length >= this.#maxEntries) return false
    this.#waiting.push(waiting)
    return true
  }

  /** A hold that finds no room here expires. */
  release(entryId: string): void {
    if (this.#released.length < this.#maxEntries) this.#released.push(entryId)
  }

  /** The oldest entries, at most `limit`, and at least one; they stay here until `drop`, so that the bound holds. */
  first(limit: number): Batch {
    let count = 0
    let characters = 0
    for (const { entry } of this.#waiting) {
      if (count === limit || characters > MAX_CHARACTERS) break
      count += 1
      for (const group of entry.groups) characters += group.length
    }
    return { waiting: this.#waiting.slice(0, count), released: this.#released.slice(0, MAX_ENTRIES) }
  }

  /** Takes away what `first` answered last. */
  drop({ waiting, released }: Batch): void {
    this.#waiting = this.#waiting.slice(waiting.length)
    this.#released = this.#released.slice(released.length)
  }
}
