import type { Transform } from 'node:stream'
import type { AnswerSink, FlowControl } from './answer-sink.ts'

/** Decodes an answer on its way into `sink`, under the back-pressure of both ends. */
export class Decoder {
  readonly #transform: Transform
  readonly #upstream: FlowControl

  constructor(transform: Transform, upstream: FlowControl) {
    this.#transform = transform
    this.#upstream = upstream
  }

  /** What `sink` holds back with: decoded bytes, and through them the upstream. */
  get flow(): FlowControl {
    return { pause: () => void this.#transform.pause(), resume: () => void this.#transform.resume() }
  }

  into(sink: AnswerSink): void {
    this.#transform.on('data', (chunk: Buffer) => sink.data(chunk))
    this.#transform.on('end', () => sink.end())
    this.#transform.on('error', () => sink.broke())
  }

  write(chunk: Buffer): void {
    if (this.#transform.write(chunk)) return
    this.#upstream.pause()
    this.#transform.once('drain', () => this.#upstream.resume())
  }

  end(): void {
    this.#transform.end()
  }

  destroy(): void {
    this.#transform.removeAllListeners('data').removeAllListeners('end')
    this.#transform.destroy()
  }
}
