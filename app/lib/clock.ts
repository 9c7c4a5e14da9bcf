/** Answers the time in milliseconds since the Unix epoch; every time-dependent function takes one. */
export type Clock = () => number

/** The machine's own clock. */
export const systemClock: Clock = () => Date.now()
