import type { RouteOptions } from 'fastify'
import type { RouteFacts } from './route.ts'

/** A registered route, with what its checks need worked out once. */
export interface ServedRoute {
  readonly url: string
  readonly facts: RouteFacts
  readonly takesBody: boolean
}

/** Every path that is served. Fastify's router decodes before it matches; this table does not. */
export interface RouteTable {
  add(route: RouteOptions): ServedRoute
  /** Reports whether `path` spells the route's URL byte for byte, its parameters aside, and is no other route's. */
  isExact(route: ServedRoute, path: string): boolean
  /** The methods of a path, in the order of registration; none when no route has it. */
  methodsOf(path: string): readonly string[]
}

export function createRouteTable(): RouteTable {
  const methods = new Map<string, string[]>()

  return {
    add({ url, method, config = {} }) {
      const named = [method].flat().map(name => name.toUpperCase())
      const added = config.takesHead === true ? [...named, 'HEAD'] : named
      methods.set(url, [...(methods.get(url) ?? []), ...added])
      const takesBody = config.takesBody ?? added.some(name => WITH_BODY.has(name))
      return { url, facts: config, takesBody }
    },
    isExact: ({ url }, path) =>
      path === url || (hasParameters(url) && !methods.has(path) && matches(url, path)),
    methodsOf(path) {
      const exact = methods.get(path)
      if (exact !== undefined) return exact
      return [...methods]
        .filter(([url]) => hasParameters(url) && matches(url, path))
        .flatMap(([, names]) => names)
    },
  }
}

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

function hasParameters(url: string): boolean {
  return url.includes('/:')
}

function matches(url: string, path: string): boolean {
  const wanted = url.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return false
  return wanted.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
}
