// What is switched off is not even loaded.
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { startCollector } from '../support/collector.ts'

const loaded: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier)
    return next(specifier, context)
  },
})

test('without gatehouse.observability no library of OpenTelemetry is loaded; with traces they are', async () => {
  // Imported here, so that the hook sees what they import.
  const { openWholeGateway } = await import('../support/whole-gateway.ts')
  const { tracing } = await import('../support/traced-gateway.ts')
  await using collector = await startCollector()

  await using off = await openWholeGateway()
  const { access_token } = await off.tokens()
  assert.equal((await off.ask(access_token)).status, 200)
  assert.equal(loaded.length, 0, loaded.join())
  await using on = await openWholeGateway({ sections: tracing(collector) })

  assert.ok(on.gateway.services.ownTelemetry.inference !== null)
  assert.ok(loaded.includes('@opentelemetry/otlp-transformer'))
})
