/** Answers the time in milliseconds since the Unix epoch; every time-dependent function takes one. */
export type Clock = () => number

/** The machine's own clock. */
export const systemClock: Clock = () => Date.now()

/** Milliseconds that only go forward, from no particular moment: for durations, never for dates. */
export const steadyClock: Clock = () => performance.now()
