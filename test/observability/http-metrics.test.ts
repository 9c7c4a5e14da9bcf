// What the listener's requests are counted as: routes of the table, known methods, the status on the wire.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { HttpMetrics } from '../../app/observability/http-metrics.ts'
import { createMeasurements, Distribution, type Point } from '../../app/observability/series.ts'
import { startListener } from '../support/listener.ts'
import { exchange } from '../support/raw-http.ts'
import { recordLog } from '../support/recorded-log.ts'

function valuesOf(points: readonly Point[]) {
  return points.map(({ labels, value }) => [
    Object.values(labels).join(' '),
    value instanceof Distribution ? null : value.value,
  ])
}

function observer() {
  const measurements = createMeasurements(recordLog())
  const series = (name: string) => measurements.read().find(reading => reading.name === name)?.points ?? []
  return {
    metrics: new HttpMetrics({ measurements, clock: () => 0 }),
    /** `METHOD route status` and how often, in the order of first sight. */
    counted: () =>
      series('http.server.request.duration').map(({ labels, value }) => [
        Object.values(labels).join(' '),
        value instanceof Distribution ? value.count : null,
      ]),
    active: () => valuesOf(series('http.server.active_requests')),
    shed: () => valuesOf(series('gatehouse.inference.shed')),
  }
}

test('a path that no route has, a method that HTTP does not define and a broken URL are one route', async () => {
  const { metrics, counted, active } = observer()
  await using listener = await startListener(
    [{ method: 'GET', url: '/things/:id', handler: async () => 'thing' }],
    { observer: metrics },
  )
  for (const line of [
    'GET /things/1 HTTP/1.1',
    'GET /things/2?secret=3 HTTP/1.1',
    'GET /nothing HTTP/1.1',
    'GET /%zz HTTP/1.1',
    'PROPFIND /nothing HTTP/1.1',
    'DELETE /things/1 HTTP/1.1',
  ])
    await exchange(listener.port, `${line}\r\nhost: x\r\n\r\n`)

  assert.deepEqual(counted(), [
    ['GET /things/:id 200', 2],
    ['GET unmatched 404', 2],
    ['_OTHER unmatched 404', 1],
    ['DELETE unmatched 405', 1],
  ])
  assert.deepEqual(active(), [
    ['/things/:id', 0],
    ['unmatched', 0],
  ])
})

test('a client that leaves before its answer begins is a 499, and no longer active', async () => {
  const { metrics, counted, active } = observer()
  const asked = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  await using listener = await startListener(
    [
      {
        method: 'GET',
        url: '/slow',
        handler: async (_request, reply) => {
          reply.hijack()
          reply.raw.on('close', left.resolve)
          asked.resolve()
        },
      },
    ],
    { observer: metrics },
  )
  const socket = connect(listener.port, '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await asked.promise
  const during = active()

  socket.destroy()
  await Promise.all([once(socket, 'close'), left.promise])

  assert.deepEqual([during, active()], [[['/slow', 1]], [['/slow', 0]]])
  assert.deepEqual(counted(), [['GET /slow 499', 1]])
})

test('whom a drain turns away from inference is shed, and who is refused elsewhere is not', async () => {
  const { metrics, shed } = observer()
  await using listener = await startListener()
  const draining = { ...listener.drain, isDraining: true }
  const route = (url: string): RouteOptions => ({ method: 'GET', url, handler: async () => 'never' })
  await using late = await startListener(['/v1/messages', '/v1/models'].map(route), {
    ...{ drain: draining, observer: metrics },
  })
  for (const path of ['/v1/messages', '/v1/models', '/nothing'])
    await exchange(late.port, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)

  assert.deepEqual(shed(), [['draining', 1]])
})

test('10,000 hostile paths are one series', async () => {
  const { metrics, counted } = observer()
  for (let n = 0; n < 10_000; n += 1) metrics.began({ method: 'GET' }, null)(404)

  assert.deepEqual(counted(), [['GET unmatched 404', 10_000]])
})
