// Requests, people and upstream answers whose every private word begins with `marked-`.
import { ADA, type Person } from './idp-manners.ts'
import { delta, REPLY_EVENTS, sse } from './sse.ts'
import {
  answer,
  chunk,
  errorAnswer,
  jsonAnswer,
  LAST_CHUNK,
  type RecordedRequest,
  type Script,
  streamHead,
} from './upstream.ts'

export const MARKED_PERSON: Person = {
  ...ADA,
  name: 'marked-name',
  groups: ['engineering', 'marked-group'],
  department: 'marked-department',
}

export const MARKED_ASK = {
  model: 'claude-sonnet-5',
  max_tokens: 64,
  system: 'marked-system',
  messages: [
    { role: 'user', content: 'marked-prompt' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'read', input: { path: 'marked-tool-input' } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'marked-tool-result' }] },
  ],
}

/** How the upstream answers a request whose `metadata.user_id` names the scene. */
const SCENES: Readonly<Record<string, Script>> = {
  whole: () =>
    jsonAnswer(
      { type: 'message', content: [{ type: 'text', text: 'marked-completion' }], usage: { input_tokens: 1 } },
      {
        headers: { 'set-cookie': 'session=marked-upstream-cookie', 'x-served-by': 'marked-upstream-header' },
      },
    ),
  stream: () =>
    Buffer.concat([
      streamHead(),
      chunk([REPLY_EVENTS[0], delta('marked-completion'), ...REPLY_EVENTS.slice(6)].join('')),
      LAST_CHUNK,
    ]),
  echo: request => errorAnswer(401, 'authentication_error', `invalid x-api-key: ${keyOf(request)}`),
  forbidden: request => answer({ status: 403, body: `<p>${keyOf(request)} may not</p>` }),
  refused: request => errorAnswer(400, 'invalid_request_error', `${keyOf(request)} sent marked-prompt`),
  limited: () => errorAnswer(429, 'rate_limit_error', 'marked-completion'),
  broken: request => errorAnswer(500, 'api_error', `${keyOf(request)} sent marked-prompt`),
  error_event: () => {
    const error = sse('error', { error: { type: 'api_error', message: 'marked-completion' } })
    return Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] + error), LAST_CHUNK])
  },
  cut: (_request, socket) => {
    socket.end(
      Buffer.concat([streamHead(), chunk(`${REPLY_EVENTS[0]}${delta('marked-completion')}data: marked-`)]),
    )
  },
  none: (_request, socket) => void socket.destroy(),
}

export const SCENE_NAMES = Object.keys(SCENES)

export const markedUpstream: Script = (request, socket) => {
  if (request.path.includes('count_tokens')) return jsonAnswer({ input_tokens: 1 })
  const scene = JSON.parse(request.body.toString())['metadata']?.['user_id'] ?? 'whole'
  return SCENES[scene]?.(request, socket)
}

function keyOf({ headers }: RecordedRequest): string {
  return headers['x-api-key'] ?? ''
}
