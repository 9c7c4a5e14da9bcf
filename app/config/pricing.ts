import type { z } from 'zod'
import { closed, list, scalar, text, Unfit } from './scalar.ts'

/** What a model costs where the list price does not hold. Amounts stay decimal text: money is never a float. */
export const PricingSection = closed({
  /** Applied to every price. */
  multiplier: amount(10).default('1'),
  overrides: list(
    closed({
      upstream: text(),
      model: text(),
      input: amount(10_000),
      output: amount(10_000),
      cache_read: amount(10_000),
      cache_write: amount(10_000),
    }),
  ).default([]),
})

/** `pricing`, defaults filled in; rates are USD per million tokens. */
export type PricingConfig = z.infer<typeof PricingSection>

/** A decimal above 0, up to `max`, of at most six places, as written in the file. */
function amount(max: number): z.ZodType<string> {
  const needs = `a plain decimal above 0 and up to ${max}, with at most 6 decimal places`
  return scalar(input => {
    const written = typeof input === 'number' ? String(input) : input
    if (typeof written !== 'string' || !/^[0-9]{1,6}(\.[0-9]{1,6})?$/.test(written)) return new Unfit(needs)
    return Number(written) > 0 && Number(written) <= max ? written : new Unfit(needs)
  })
}
