import type { ClientSide } from './client-side.ts'
import type { Exchange } from './exchange.ts'
import type { ErrorAnswer } from './failover.ts'
import { answerHeaders } from './headers.ts'
import { errorBody, wordsFor } from './upstream-errors.ts'

/** Passes an upstream's error on: status and body as they came, or our words where the body cannot be shown. */
export function passOn(
  { client, exchange }: { client: ClientSide; exchange: Exchange },
  answer: ErrorAnswer,
): void {
  if (client.isGone) {
    exchange.brokeOff(client.departure)
    return
  }
  const { upstream, status, ids } = answer
  const body = answer.body ?? errorBody(wordsFor(status), exchange.requestId)
  const own = client.ownHeaders()
  if (answer.body === null) own['content-type'] = 'application/json'
  own['content-length'] = String(body.length)
  exchange.answered({ upstream, status, ids })
  client.begin(status, answerHeaders(answer.headers, own))
  client.end(body)
}
