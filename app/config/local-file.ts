import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { FileRead, ReadFile } from './expand.ts'

/** Reads a local file of at most `maxBytes`, following symbolic links; the start of the process reads so few that it waits. */
export function readLocalFile(path: string, maxBytes: number): FileRead {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const facts = fstatSync(descriptor)
    if (facts.isDirectory()) return { kind: 'failed', code: 'EISDIR' }
    if (!facts.isFile()) return { kind: 'failed', code: 'not a regular file' }
    const buffer = Buffer.alloc(Math.min(facts.size, maxBytes) + 1)
    let length = 0
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = readSync(descriptor, buffer, length, buffer.length - length, null)
    }
    return length > maxBytes
      ? { kind: 'failed', code: 'EFBIG' }
      : { kind: 'read', bytes: buffer.subarray(0, length) }
  } catch (error) {
    return { kind: 'failed', code: codeOf(error) }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** `readFile`, which answers the same for a path however often it is asked. */
export function readingOnce(readFile: ReadFile): ReadFile {
  const known = new Map<string, FileRead>()
  return (path, maxBytes) => {
    const read = known.get(path) ?? readFile(path, maxBytes)
    known.set(path, read)
    return read
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unreadable'
}
