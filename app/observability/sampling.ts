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

export function createSampler({ ratio, random }: SamplerOptions): Sampler {
  const bound = ratio * 2 ** (8 * DRAWN_BYTES)
  return () => {
    const id = random(16)
    return id.readUIntBE(16 - DRAWN_BYTES, DRAWN_BYTES) < bound ? id.toString('hex') : null
  }
}
