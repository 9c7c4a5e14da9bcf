// What the gateway pushes into the environment of clients, below what policies say.
import type { JsonObject } from '../config/cli-settings.ts'
import type { ListenConfig } from '../config/listen.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'

const SIGNALS = ['metrics', 'logs', 'traces'] as const

interface ExportConfig {
  readonly telemetry?: TelemetryConfig | undefined
  readonly listen: Pick<ListenConfig, 'public_url' | 'hasPublicUrl'>
}

/** Whether clients are told to export to the gateway: with a destination and a `listen.public_url` of the operator's. */
export function exportsTelemetry({ telemetry, listen }: ExportConfig): boolean {
  return listen.hasPublicUrl && telemetry !== undefined && telemetry.forward_to.length > 0
}

/** The environment that sends clients' telemetry to the gateway (P-39, T-23); null when nothing is to be pushed. */
export function telemetryEnv(config: ExportConfig): JsonObject | null {
  const { telemetry, listen } = config
  if (telemetry === undefined || !exportsTelemetry(config)) return null
  const exporters = SIGNALS.map(signal => {
    const isTaken = telemetry.forward_to.some(destination => destination[signal])
    return [`OTEL_${signal.toUpperCase()}_EXPORTER`, isTaken ? 'otlp' : 'none']
  })
  const attributes = Object.entries(telemetry.resource_attributes)
  return {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    ...Object.fromEntries(exporters),
    OTEL_EXPORTER_OTLP_ENDPOINT: listen.public_url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    // As written: what would need encoding was refused at boot (T-24).
    ...(attributes.length > 0 && {
      OTEL_RESOURCE_ATTRIBUTES: attributes.map(([name, value]) => `${name}=${value}`).join(','),
    }),
  }
}
