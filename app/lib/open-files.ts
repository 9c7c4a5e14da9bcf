import { readFileSync } from 'node:fs'

/** How many files and sockets the process may have open; null where the system does not say (only Linux does). */
export function openFilesLimit(file = '/proc/self/limits'): number | null {
  let limits: string
  try {
    limits = readFileSync(file, 'latin1')
  } catch {
    return null // not Linux
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}
