import type { AnswerSink, FlowControl } from './answer-sink.ts'

/** No provider's error is longer; what goes on beyond it is cut. */
const MAX_ERROR_BODY = 64 * 1024

/** Collects the body of an error answer: its bytes, or null when it breaks off or does not end. */
export class ErrorBody implements AnswerSink {
  #chunks: Buffer[] = []
  #bytes = 0
  readonly #done: (body: Buffer | null) => void
  readonly #flow: FlowControl

  constructor(flow: FlowControl, done: (body: Buffer | null) => void) {
    this.#flow = flow
    this.#done = done
  }

  data(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > MAX_ERROR_BODY) this.#done(null)
  }

  end(): void {
    this.#done(Buffer.concat(this.#chunks))
  }

  broke(): void {
    this.#done(null)
  }

  ready(): void {
    this.#flow.resume()
  }

  usage(): null {
    return null
  }
}
