import { z } from 'zod'
import { closed, flag, list, matching, textMap } from './scalar.ts'
import { baseUrl } from './url.ts'

/** Where clients' telemetry is relayed to. */
export const TelemetrySection = closed({
  forward_to: list(
    closed({
      url: baseUrl(),
      headers: textMap().default({}),
      metrics: flag().default(true),
      logs: flag().default(false),
      traces: flag().default(false),
      auth: closed({ google: closed({}) }).optional(),
    }),
  ).default([]),
  resource_attributes: z
    .record(z.string(), matching(/^[!-~]+$/, 'printable ASCII without spaces'))
    .default({}),
})

/** `telemetry` with its defaults. */
export type TelemetryConfig = z.infer<typeof TelemetrySection>
