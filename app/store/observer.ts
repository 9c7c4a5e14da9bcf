import type pg from 'pg'

/** Whoever measures the store. Nothing it does may throw or wait. */
export interface StoreObserver {
  /** The named statement `operation` is sent; what is answered is called when it is over, well or not. */
  asking(operation: string): () => void
  /** The sweeper deleted `rows` of `table`. */
  swept(table: string, rows: number): void
  /** Expired rows of `table` could not be deleted. */
  sweepFailed(table: string): void
}

type Query = (...given: unknown[]) => unknown

/**
 * Tells `observer` of every named statement that `client` sends.
 *
 * The wait for a connection is not in it, nor are statements without a name (`begin`, `commit`).
 */
export function observeQueries(client: pg.ClientBase, observer: Pick<StoreObserver, 'asking'>): void {
  const send: Query = client.query.bind(client)
  const observed: Query = (...given) => {
    const operation = nameOf(given[0])
    if (operation === null) return send(...given)
    const over = observer.asking(operation)
    // The pool gives a callback; a transaction takes the promise.
    const callback = given.at(-1)
    if (typeof callback === 'function') {
      return send(...given.slice(0, -1), (...answer: unknown[]) => {
        over()
        callback(...answer)
      })
    }
    const answer = send(...given)
    if (answer instanceof Promise) answer.then(over, over)
    return answer
  }
  Reflect.set(client, 'query', observed)
}

function nameOf(query: unknown): string | null {
  if (typeof query !== 'object' || query === null || !('name' in query)) return null
  return typeof query.name === 'string' ? query.name : null
}
