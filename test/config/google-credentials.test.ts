import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { usesGoogleCredentials } from '../../app/config/google-auth.ts'
import { TelemetrySection } from '../../app/config/telemetry.ts'

const url = 'https://telemetry.googleapis.com'

function uses(destination: object | undefined, otlp: object | undefined): boolean {
  return usesGoogleCredentials({
    telemetry: destination && TelemetrySection.parse({ forward_to: [destination] }),
    gatehouse: GatehouseSection.parse(otlp === undefined ? {} : { observability: { otlp } }),
  })
}

test('Google credentials are in use where a collector of clients or of the gateway gets a bearer', () => {
  assert.equal(uses(undefined, undefined), false)
  assert.equal(uses({ url }, { url }), false)
  assert.equal(uses({ url, auth: { google: {} } }, undefined), true)
  assert.equal(uses(undefined, { url, auth: { google: {} } }), true)
})
