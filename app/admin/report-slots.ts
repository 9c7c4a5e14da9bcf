import { Refusal } from '../http/errors.ts'

/** How many long reports of one kind run on a replica: sign-in and settling need connections to Postgres as well. */
const MAX_RUNNING = 2

/** Runs reports that look at everybody or at months, a few at a time; others are refused rather than kept waiting. */
export class ReportSlots {
  #running = 0

  async run<T>(report: () => Promise<T>): Promise<T> {
    if (this.#running === MAX_RUNNING) {
      const headers = { 'retry-after': '5' }
      throw new Refusal('saturated', 'other reports are running; try again', { headers })
    }
    this.#running += 1
    try {
      return await report()
    } finally {
      this.#running -= 1
    }
  }
}
