// Bodies for differential tests: real-looking requests, damaged and recombined, and what JSON.parse says of each.

/** Answers a whole number from 0 to below `bound`. */
export type Choose = (bound: number) => number

const BASES = [
  '{"model":"claude-opus-5","max_tokens":1024,"stream":true,"messages":[{"role":"user","content":"a \\"b\\"\\n\\tc"}]}',
  '{"messages":[{"content":[{"type":"text","text":"é€😀 \\ud83d\\ude00"}]}],"tags":{"team":"x"},"model":"m"}',
  ' {\n "mod\\u0065l" : "x" ,\r\n\t"stream":false,"anthropic_beta":["a","b"],"anthropic_version":"v" } ',
  '{"metadata":{"user_id":null,"n":[-0,1.5e+10,-2E-3,0.1,12]},"model":"\\u00e9","thinking":{}}',
  '{"a":[[],{},[{"model":1}],{"b":{"stream":[true,false,null]}}],"model":""}',
  '{}',
  '[1,{"model":"x"}]',
  '"text"',
]

/** What damages JSON in its own ways; some are not UTF-8. */
const PIECES: readonly Buffer[] = [
  ...['"', '\\', '{', '}', '[', ']', ',', ':', '-', '+', '.', 'e', 'E', '0', '01', '1', 'u', '\\u', '\\u00'],
  ...[
    '\\ud800',
    '\\"',
    '\\x',
    'true',
    'tru',
    'null',
    'nul',
    '\n',
    '\t',
    ' ',
    '\u0000',
    '\u001f',
    '\u007f',
    '/*',
  ],
  ...['"model":"y",', '"model":', ',"stream":true', '"tags":{},', '"mo\\u0064el":1,', '"anthropic_beta":[],'],
  ...['\u00a0', '\ufeff', '\u2028', 'é', '😀', '{"model":', '"m"}', '//', "'", 'NaN', '1e999', '"":0,'],
]
  .map(text => Buffer.from(text))
  .concat(
    [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0x80]].map(
      Buffer.from,
    ),
  )

/** What is valid after an opening brace, so that more bodies stay valid. */
const MEMBERS = [
  '"model":"y",',
  '"stream" :true,',
  '"t\\u0061gs":[],',
  '"other":{"model":2},',
  '"":"\\"model\\":1",',
]

/** A base body with none to six changes, mostly few. */
export function mutatedBody(choose: Choose): Buffer {
  let body: Buffer = Buffer.from(pick(BASES, choose))
  const most = choose(2) === 0 ? 2 : 7
  for (let changes = choose(most); changes > 0; changes--) body = changed(body, choose)
  return body
}

function changed(body: Buffer, choose: Choose): Buffer {
  const at = choose(body.length + 1)
  const rest = body.subarray(at)
  const length = choose(Math.min(rest.length, 12) + 1)
  switch (choose(7)) {
    case 0:
      return Buffer.concat([body.subarray(0, at), pick(PIECES, choose), rest])
    case 1:
      return Buffer.concat([body.subarray(0, at), rest.subarray(length)])
    case 2:
      return Buffer.concat([body.subarray(0, at), rest.subarray(0, length), rest])
    case 3:
      return Buffer.concat([body.subarray(0, at), pick(PIECES, choose), rest.subarray(length)])
    case 4:
      return Buffer.concat([body.subarray(0, at), Buffer.of(choose(256)), rest.subarray(1)])
    case 5: {
      const inside = body.indexOf('{', choose(2) * at) + 1
      return Buffer.concat([
        body.subarray(0, inside),
        Buffer.from(pick(MEMBERS, choose)),
        body.subarray(inside),
      ])
    }
    default:
      return Buffer.concat([body.subarray(0, at), Buffer.from(pick(BASES, choose)).subarray(choose(20))])
  }
}

function pick<T>(list: readonly T[], choose: Choose): T {
  return list[choose(list.length)]! // `choose` stays below the length
}

/** What a scanner should say of `body`, by JSON.parse and a second reading of the text that shares no code with it. */
export function expectedOf(body: Buffer): { kind: string; members?: Record<string, string> } {
  let text: string
  let tree: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    tree = JSON.parse(text)
  } catch {
    return { kind: 'invalid' }
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return { kind: 'not_an_object' }
  const members: Record<string, string> = {}
  for (const [name, value] of topLevelMembers(text)) {
    if (LOCATED.includes(name)) members[name] ??= value
    if (!RULE_MEMBERS.includes(name)) continue
    if (name in members) return { kind: 'repeated_member' }
    members[name] = value
  }
  return { kind: 'object', members }
}

const LOCATED = ['messages', 'max_tokens']
const RULE_MEMBERS = ['model', 'stream', 'tags', 'anthropic_version', 'anthropic_beta']

/** Names, unescaped, and the source of the values, of a text known to be one valid object. */
function* topLevelMembers(text: string): Generator<[string, string]> {
  let depth = 0
  let key: string | null = null
  let valueFrom = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (key !== null && depth === 1 && (token === ',' || token === '}')) {
      yield [key, text.slice(valueFrom, index).trim()]
      key = null
    } else if (key === null && depth === 1 && token.startsWith('"')) {
      key = JSON.parse(token)
    } else if (depth === 1 && token === ':') {
      valueFrom = index + 1
    }
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
  }
}
