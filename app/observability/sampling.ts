// Which requests are traced, and under which id: decided here from random bytes, whatever a client sends (T-36).

/** Answers the id of a new trace, 32 hexadecimal digits, for a share of the calls; null for the others. */
export type Sampler = () => string | null

export interface SamplerOptions {
  /** `gatehouse.observability.otlp.trace_ratio`, from 0 (none) to 1 (all). */
  readonly ratio: number
  /** Fresh random bytes, as many as asked. */
  readonly random: (bytes: number) => Buffer
}

/** The part of an id that the decision is read from: its last six bytes. */
const DRAWN_BYTES = 6

const ID_BYTES = 16

/** Asked of the system at a time: a call for each request would cost more than the decision. */
const POOL_BYTES = 256 * ID_BYTES

export function createSampler({ ratio, random }: SamplerOptions): Sampler {
  const bound = ratio * 2 ** (8 * DRAWN_BYTES)
  let pool = random(POOL_BYTES)
  let at = 0
  return () => {
    if (at === POOL_BYTES) {
      pool = random(POOL_BYTES)
      at = 0
    }
    at += ID_BYTES
    if (pool.readUIntBE(at - DRAWN_BYTES, DRAWN_BYTES) >= bound) return null
    return pool.toString('hex', at - ID_BYTES, at)
  }
}
