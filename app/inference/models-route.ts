import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Identity } from '../identity/identity.ts'
import type {} from '../session/bearer.ts'
import type { Catalog, ListedModel, NamedModel } from './catalog.ts'
import type { ModelDenial } from './model-refusals.ts'

/** Says why `identity` may not use `model`; null when it may. */
export type ModelPolicy = (model: NamedModel, identity: Identity) => ModelDenial | null

interface ModelsRouteOptions {
  readonly catalog: Pick<Catalog, 'list'>
  readonly policy: ModelPolicy
  /** Sets `request.session`, or refuses. */
  readonly bearer: (request: FastifyRequest) => Promise<void>
}

/**
 * `GET /v1/models`: what the caller may ask for.
 *
 * Always one page: `limit`, `after_id` and `before_id` are ignored, as the list is short and clients give up after 3 s.
 */
export function modelsRoute({ catalog, policy, bearer }: ModelsRouteOptions): RouteOptions {
  return {
    method: 'GET',
    url: '/v1/models',
    onRequest: bearer,
    handler: async request => ({
      data: catalog
        .list()
        .filter(model => policy(model, request.session.identity) === null)
        .map(shown),
      has_more: false,
      first_id: null,
      last_id: null,
    }),
  }
}

function shown({ id, displayName, description, maxInputTokens }: ListedModel) {
  return {
    type: 'model',
    id,
    display_name: displayName,
    ...(description === undefined ? {} : { description }),
    ...(maxInputTokens === null ? {} : { max_input_tokens: maxInputTokens }),
  }
}
