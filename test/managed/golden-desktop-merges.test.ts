// How overlays of Claude Desktop merge, by example.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeDesktop } from '../../app/managed/merge.ts'

type Row = readonly [name: string, base: string, policy: string, effective: string]

const DESKTOP: readonly Row[] = [
  ['what the policy does not set is inherited', '{"chatTabEnabled":true}', '{}', '{"chatTabEnabled":true}'],
  [
    'a flag is the policy’s',
    '{"chatTabEnabled":true}',
    '{"chatTabEnabled":false}',
    '{"chatTabEnabled":false}',
  ],
  [
    'disabledBuiltinTools is united',
    '{"disabledBuiltinTools":["A"]}',
    '{"disabledBuiltinTools":["B","A"]}',
    '{"disabledBuiltinTools":["A","B"]}',
  ],
  [
    'a restricted tool cannot be allowed again',
    '{"builtinToolPolicy":{"Bash":"ask"}}',
    '{"builtinToolPolicy":{"Bash":"allow"}}',
    '{"builtinToolPolicy":{"Bash":"ask"}}',
  ],
  [
    'a restricted tool can be restricted further',
    '{"builtinToolPolicy":{"Bash":"ask"}}',
    '{"builtinToolPolicy":{"Bash":"blocked"}}',
    '{"builtinToolPolicy":{"Bash":"blocked"}}',
  ],
  [
    'coworkEgressAllowedHosts is replaced',
    '{"coworkEgressAllowedHosts":["a"]}',
    '{"coworkEgressAllowedHosts":["b"]}',
    '{"coworkEgressAllowedHosts":["b"]}',
  ],
  [
    'all of it at once',
    '{"disabledBuiltinTools":["WebFetch"],"builtinToolPolicy":{"Bash":"ask"},"banner":{"text":"A","backgroundColor":"#fff"}}',
    '{"disabledBuiltinTools":["Bash"],"builtinToolPolicy":{"Bash":"allow","Read":"allow"},"banner":{"text":"B"}}',
    '{"disabledBuiltinTools":["WebFetch","Bash"],"builtinToolPolicy":{"Bash":"ask","Read":"allow"},"banner":{"text":"B"}}',
  ],
]

for (const [name, base, policy, effective] of DESKTOP) {
  test(`desktop: ${name}`, () => {
    assert.deepEqual(mergeDesktop(JSON.parse(base), JSON.parse(policy)), JSON.parse(effective))
  })
}
