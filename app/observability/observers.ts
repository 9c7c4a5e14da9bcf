// One observer of several: whoever is observed knows of one, or of none.
import type { HttpObserver } from '../http/observer.ts'
import type { InferenceObserver } from '../inference/observer.ts'

/** Tells every one of `observers`; null without any, and the only one as it is. The first trace counts. */
export function inferenceObserver(observers: readonly InferenceObserver[]): InferenceObserver | null {
  if (observers.length < 2) return observers[0] ?? null
  return {
    trace(headers) {
      for (const observer of observers) {
        const trace = observer.trace(headers)
        if (trace !== null) return trace
      }
      return null
    },
    streaming(upstream, change) {
      for (const observer of observers) observer.streaming(upstream, change)
    },
    uncounted(upstream) {
      for (const observer of observers) observer.uncounted(upstream)
    },
    over(record) {
      for (const observer of observers) observer.over(record)
    },
  }
}

/** As `inferenceObserver`, for those who measure the listener. */
export function httpObserver(observers: readonly HttpObserver[]): HttpObserver | null {
  if (observers.length < 2) return observers[0] ?? null
  return {
    began(request, route) {
      const ends = observers.map(observer => observer.began(request, route))
      return status => {
        for (const end of ends) end(status)
      }
    },
    refused(code, route) {
      for (const observer of observers) observer.refused(code, route)
    },
  }
}
