/** Shares one piece of work among everybody who asks for it meanwhile, and runs a bounded number of pieces at a time. */
export class Flights<Answer> {
  readonly #inAir = new Map<string, Promise<Answer>>()
  readonly #waiting: (() => void)[] = []
  readonly #maxRunning: number
  readonly #maxWaiting: number
  #running = 0

  constructor({ maxRunning, maxWaiting }: { maxRunning: number; maxWaiting: number }) {
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /** The answer of the flight of `key`, which `work` starts unless there is one; null when too many wait already. */
  join(key: string, work: () => Promise<Answer>): Promise<Answer> | null {
    const flying = this.#inAir.get(key)
    if (flying !== undefined) return flying
    if (this.#waiting.length >= this.#maxWaiting) return null
    const flight = this.#run(work).finally(() => this.#inAir.delete(key))
    this.#inAir.set(key, flight)
    return flight
  }

  async #run(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#running >= this.#maxRunning) {
      const { promise: turn, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await turn // whoever ends hands over its place
    } else {
      this.#running += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
