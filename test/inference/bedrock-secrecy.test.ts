// Whatever AWS answers, no developer and no log reads the account, an ARN, a key, a signature or a session's token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACCOUNT,
  awsError,
  chunkFrame,
  exceptionFrame,
  frameStream,
  framesOf,
  KEYS,
  REPLY,
  startBedrock,
} from '../support/bedrock.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, jsonAnswer, type RecordedRequest, type Script } from '../support/upstream.ts'

const TOKEN = 'marked-session-token/of+the=operator'
const ARN = `arn:aws:sts::${ACCOUNT}:assumed-role/marked-role/marked-session`

/** All that AWS knows about the operator, as its messages hold it. */
const WORDS = `messages.0: User: ${ARN} (${ACCOUNT}) denied by arn:aws:bedrock:us-east-1:${ACCOUNT}:guardrail/gr-marked, key ${KEYS.accessKeyId}`

const HEAD = {
  'x-amzn-account': ACCOUNT,
  'x-amzn-errortype': `AccessDenied:${ARN}`,
  'x-amz-id-2': 'marked-host',
}

/** What AWS answers to a wrong signature: everything that was signed. */
const canonical = ({ headers, path }: RecordedRequest) =>
  `The Canonical String for this request should have been 'POST\\n${path}\\nx-amz-security-token:${headers['x-amz-security-token']}' ${headers['authorization']}`

const envelope = (message: string) => ({ type: 'error', error: { type: 'invalid_request_error', message } })

const ANSWERS: readonly ((request: RecordedRequest) => Buffer)[] = [
  ...[400, 401, 403, 404, 409, 413, 424, 429, 500, 503].flatMap(status => [
    () => awsError(status, 'SomeException', WORDS),
    (request: RecordedRequest) => awsError(status, 'SomeException', canonical(request)),
    () => jsonAnswer(envelope(WORDS), { status, headers: HEAD }),
    () => answer({ status, headers: HEAD, body: `<html>${WORDS}` }),
  ]),
  () => answer({ status: 307, headers: { location: `https://${ACCOUNT}.example.com/` } }),
  () => jsonAnswer(REPLY, { headers: HEAD }),
  ...['validationException', 'throttlingException', 'other'].flatMap(type => [
    () => frameStream([exceptionFrame(type, WORDS)]),
    () => frameStream([...framesOf(REPLY_EVENTS.slice(0, 4)), exceptionFrame(type, WORDS)]),
  ]),
  (request: RecordedRequest) => frameStream([exceptionFrame('validationException', canonical(request))]),
  (request: RecordedRequest) =>
    frameStream([
      ...framesOf(REPLY_EVENTS.slice(0, 4)),
      exceptionFrame('validationException', canonical(request)),
    ]),
  () => frameStream([...framesOf(REPLY_EVENTS.slice(0, 4)), chunkFrame(envelope(WORDS))]),
]

const SECRETS = [
  ACCOUNT,
  'arn:',
  'marked-role',
  'gr-marked',
  KEYS.accessKeyId,
  KEYS.secretAccessKey,
  TOKEN,
  'AWS4-HMAC',
  'marked-host',
]

for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
  test(`no answer of Bedrock's to ${path} tells a developer, the log or the audit who the operator is`, async () => {
    let number = 0
    const auth = {
      ...{ aws_access_key_id: KEYS.accessKeyId, aws_secret_access_key: KEYS.secretAccessKey },
      aws_session_token: TOKEN,
    }
    const script: Script = request => ANSWERS[number % ANSWERS.length]?.(request)
    await using rig = await startBedrock({
      script,
      keys: { ...KEYS, sessionToken: TOKEN },
      upstream: { auth, guardrail: { id: 'gr-marked', version: '1' } },
      // Eleven minutes between two: what was learned of counting is forgotten.
      clock: () => number * 660_000,
    })
    const replies: string[] = []

    for (; number < ANSWERS.length; number += 1) {
      const reply = await post(rig.port, { path, body: path.endsWith('messages') ? STREAM_BODY : BODY })
      replies.push(JSON.stringify([reply.headers, reply.body]))
    }

    const events = await rig.relay.audited(ANSWERS.length)
    const told = {
      replies: replies.join('\n'),
      log: rig.relay.log.lines.join('\n'),
      audit: JSON.stringify(events),
    }
    for (const [where, text] of Object.entries(told)) {
      for (const secret of SECRETS) assert.equal(text.includes(secret), false, `${where}: ${secret}\n${text}`)
    }
    assert.match(told.log, /denied by \[masked\]/)
    assert.equal(rig.bedrock.requests.length, ANSWERS.length)
  })
}
