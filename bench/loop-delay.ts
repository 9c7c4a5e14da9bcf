// Preloaded into a gateway process by the bench: reports the event-loop delay whenever the bench asks.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const histogram = monitorEventLoopDelay({ resolution: 10 })
histogram.enable()

process.on('message', message => {
  if (message === 'reset loop delay') histogram.reset()
  if (message === 'report loop delay') process.send?.({ loopDelayP99Ms: histogram.percentile(99) / 1e6 })
})
process.channel?.unref()
