import { type Breaker, IN_USE, type Standing, standingOf } from './breaker.ts'

/** One upstream for one model, and what this replica remembers of it. */
export class Lane {
  readonly upstream: string
  /** The upstream's id for the model. */
  readonly model: string
  breaker: Breaker = IN_USE
  /** It asked to be left alone until then. */
  restUntil = 0

  constructor({ upstream, model }: { upstream: string; model: string }) {
    this.upstream = upstream
    this.model = model
  }

  /** `resting`: it said how long it wants no requests; that passes by itself, without a probe. */
  standing(now: number): Standing | 'resting' {
    const standing = standingOf(this.breaker, now)
    return now < this.restUntil && (standing === 'in_use' || standing === 'due') ? 'resting' : standing
  }

  /** When it may be asked again; of those that are set aside the one with the earliest is asked last of all. */
  backAt(): number {
    return Math.max(this.restUntil, this.breaker.openUntil ?? 0)
  }
}
