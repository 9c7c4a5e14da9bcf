// The rule of every path, by example: base, policy, and what comes of them. JSON on both sides, compared as values.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeSettings } from '../../app/managed/merge.ts'

type Row = readonly [name: string, base: string, policy: string, effective: string]

const SETTINGS: readonly Row[] = [
  ['nothing and nothing', '{}', '{}', '{}'],
  ['an empty policy inherits', '{"model":"opus"}', '{}', '{"model":"opus"}'],
  ['an empty base adds nothing', '{}', '{"model":"opus"}', '{"model":"opus"}'],
  [
    'availableModels is replaced',
    '{"availableModels":["a","b"]}',
    '{"availableModels":["c"]}',
    '{"availableModels":["c"]}',
  ],
  [
    'an empty availableModels empties',
    '{"availableModels":["a"]}',
    '{"availableModels":[]}',
    '{"availableModels":[]}',
  ],
  [
    'availableModels is inherited',
    '{"availableModels":["a"]}',
    '{"verbose":true}',
    '{"availableModels":["a"],"verbose":true}',
  ],
  [
    'allow is replaced',
    '{"permissions":{"allow":["R","G"]}}',
    '{"permissions":{"allow":["R"]}}',
    '{"permissions":{"allow":["R"]}}',
  ],
  [
    'an empty allow empties',
    '{"permissions":{"allow":["R"]}}',
    '{"permissions":{"allow":[]}}',
    '{"permissions":{"allow":[]}}',
  ],
  [
    'allow is inherited',
    '{"permissions":{"allow":["R"]}}',
    '{"permissions":{"deny":["W"]}}',
    '{"permissions":{"allow":["R"],"deny":["W"]}}',
  ],
  [
    'deny is united',
    '{"permissions":{"deny":["A","B"]}}',
    '{"permissions":{"deny":["B","C"]}}',
    '{"permissions":{"deny":["A","B","C"]}}',
  ],
  [
    'what a policy repeats is added once',
    '{"permissions":{"deny":["A"]},"deniedMcpServers":[{"a":1}],"deniedModels":["opus"]}',
    '{"permissions":{"deny":["B","B","A"]},"deniedMcpServers":[{"b":1,"c":2},{"c":2,"b":1}],"deniedModels":["fable","fable"]}',
    '{"permissions":{"deny":["A","B"]},"deniedMcpServers":[{"a":1},{"b":1,"c":2}],"deniedModels":["opus","fable"]}',
  ],
  [
    'an empty deny adds nothing',
    '{"permissions":{"deny":["A"]}}',
    '{"permissions":{"deny":[]}}',
    '{"permissions":{"deny":["A"]}}',
  ],
  [
    'ask is united',
    '{"permissions":{"ask":["A"]}}',
    '{"permissions":{"ask":["B"]}}',
    '{"permissions":{"ask":["A","B"]}}',
  ],
  [
    'additionalDirectories is replaced',
    '{"permissions":{"additionalDirectories":["/a"]}}',
    '{"permissions":{"additionalDirectories":["/b"]}}',
    '{"permissions":{"additionalDirectories":["/b"]}}',
  ],
  [
    'defaultMode of permissions is the policy’s',
    '{"permissions":{"defaultMode":"plan"}}',
    '{"permissions":{"defaultMode":"default"}}',
    '{"permissions":{"defaultMode":"default"}}',
  ],
  [
    'disableBypassPermissionsMode is inherited',
    '{"permissions":{"disableBypassPermissionsMode":"disable"}}',
    '{"permissions":{"ask":["A"]}}',
    '{"permissions":{"disableBypassPermissionsMode":"disable","ask":["A"]}}',
  ],
  [
    'disabledMcpjsonServers is united',
    '{"disabledMcpjsonServers":["a"]}',
    '{"disabledMcpjsonServers":["b","a"]}',
    '{"disabledMcpjsonServers":["a","b"]}',
  ],
  [
    'deniedMcpServers is united',
    '{"deniedMcpServers":[{"serverName":"a"}]}',
    '{"deniedMcpServers":[{"serverName":"b"}]}',
    '{"deniedMcpServers":[{"serverName":"a"},{"serverName":"b"}]}',
  ],
  [
    'an entry with its keys in another order is the same entry',
    '{"deniedMcpServers":[{"a":1,"b":2}]}',
    '{"deniedMcpServers":[{"b":2,"a":1}]}',
    '{"deniedMcpServers":[{"a":1,"b":2}]}',
  ],
  [
    'blockedMarketplaces is united',
    '{"blockedMarketplaces":[{"s":"x"}]}',
    '{"blockedMarketplaces":[{"s":"y"},{"s":"x"}]}',
    '{"blockedMarketplaces":[{"s":"x"},{"s":"y"}]}',
  ],
  [
    'deniedModels is united',
    '{"deniedModels":["opus"]}',
    '{"deniedModels":["fable"]}',
    '{"deniedModels":["opus","fable"]}',
  ],
  [
    'an empty deniedModels adds nothing',
    '{"deniedModels":["opus"]}',
    '{"deniedModels":[]}',
    '{"deniedModels":["opus"]}',
  ],
  [
    'hooks of one event are united',
    '{"hooks":{"Stop":[{"a":1}]}}',
    '{"hooks":{"Stop":[{"b":2},{"a":1}]}}',
    '{"hooks":{"Stop":[{"a":1},{"b":2}]}}',
  ],
  [
    'hooks of two events stand side by side',
    '{"hooks":{"Stop":[{"a":1}]}}',
    '{"hooks":{"PreToolUse":[{"b":2}]}}',
    '{"hooks":{"Stop":[{"a":1}],"PreToolUse":[{"b":2}]}}',
  ],
  [
    'an empty event drops no hook',
    '{"hooks":{"Stop":[{"a":1}]}}',
    '{"hooks":{"Stop":[]}}',
    '{"hooks":{"Stop":[{"a":1}]}}',
  ],
  [
    'env is merged by name',
    '{"env":{"A":"1","B":"1"}}',
    '{"env":{"B":"2","C":"3"}}',
    '{"env":{"A":"1","B":"2","C":"3"}}',
  ],
  ['an empty env inherits', '{"env":{"A":"1"}}', '{"env":{}}', '{"env":{"A":"1"}}'],
  [
    'modelOverrides is merged by name',
    '{"modelOverrides":{"a":"1"}}',
    '{"modelOverrides":{"b":"2"}}',
    '{"modelOverrides":{"a":"1","b":"2"}}',
  ],
  [
    'skillOverrides is merged by name',
    '{"skillOverrides":{"a":{"x":1},"b":{}}}',
    '{"skillOverrides":{"a":{"y":2}}}',
    '{"skillOverrides":{"a":{"y":2},"b":{}}}',
  ],
  [
    'sandbox is replaced',
    '{"sandbox":{"enabled":true,"network":{"allowedDomains":["g"]}}}',
    '{"sandbox":{"enabled":false}}',
    '{"sandbox":{"enabled":false}}',
  ],
  [
    'managedMcpServers is replaced',
    '{"managedMcpServers":{"a":{}}}',
    '{"managedMcpServers":{"b":{}}}',
    '{"managedMcpServers":{"b":{}}}',
  ],
  [
    'enabledPlugins is replaced',
    '{"enabledPlugins":{"a":true}}',
    '{"enabledPlugins":{"b":true}}',
    '{"enabledPlugins":{"b":true}}',
  ],
  [
    'extraKnownMarketplaces is replaced',
    '{"extraKnownMarketplaces":{"a":{}}}',
    '{"extraKnownMarketplaces":{"b":{}}}',
    '{"extraKnownMarketplaces":{"b":{}}}',
  ],
  [
    'allowedMcpServers is replaced',
    '{"allowedMcpServers":[{"a":1}]}',
    '{"allowedMcpServers":[{"b":1}]}',
    '{"allowedMcpServers":[{"b":1}]}',
  ],
  [
    'enabledMcpjsonServers is replaced',
    '{"enabledMcpjsonServers":["a"]}',
    '{"enabledMcpjsonServers":["b"]}',
    '{"enabledMcpjsonServers":["b"]}',
  ],
  [
    'fallbackModel is replaced',
    '{"fallbackModel":["a","b"]}',
    '{"fallbackModel":["c"]}',
    '{"fallbackModel":["c"]}',
  ],
  [
    'modelPricing is replaced',
    '{"modelPricing":{"multiplier":2}}',
    '{"modelPricing":{}}',
    '{"modelPricing":{}}',
  ],
  ['model is replaced', '{"model":"opus"}', '{"model":"haiku"}', '{"model":"haiku"}'],
  ['false is a value', '{"verbose":true}', '{"verbose":false}', '{"verbose":false}'],
  ['a setting that nobody knows is replaced', '{"newer":{"a":1}}', '{"newer":{"b":2}}', '{"newer":{"b":2}}'],
  [
    'a key named like a prototype is a key',
    '{"env":{"__proto__":"1","constructor":"2"}}',
    '{"env":{"toString":"3"}}',
    '{"env":{"__proto__":"1","constructor":"2","toString":"3"}}',
  ],
  [
    'a contractor',
    '{"permissions":{"allow":["Read","Grep"],"deny":["WebFetch"]},"env":{"FOO_BASE":"1"},"availableModels":["claude-opus-4-8","claude-haiku-4-5"]}',
    '{"permissions":{"allow":["Read"],"deny":["WebSearch","Bash(npm *)"]},"env":{"FOO_ROLE":"contractor"},"availableModels":["claude-haiku-4-5"]}',
    '{"availableModels":["claude-haiku-4-5"],"permissions":{"allow":["Read"],"deny":["WebFetch","WebSearch","Bash(npm *)"]},"env":{"FOO_BASE":"1","FOO_ROLE":"contractor"}}',
  ],
  [
    'hooks and a mode',
    '{"hooks":{"PostToolUse":[{"matcher":"Edit","hooks":[{"type":"command","command":"/a"}]}]},"permissions":{"disableBypassPermissionsMode":"disable"},"enforceAvailableModels":true}',
    '{"hooks":{"PostToolUse":[{"matcher":"Edit","hooks":[{"type":"command","command":"/a"}]},{"matcher":"Bash","hooks":[{"type":"command","command":"/b"}]}],"Stop":[{"hooks":[{"type":"command","command":"/c"}]}]},"permissions":{"ask":["Bash"]}}',
    '{"hooks":{"PostToolUse":[{"matcher":"Edit","hooks":[{"type":"command","command":"/a"}]},{"matcher":"Bash","hooks":[{"type":"command","command":"/b"}]}],"Stop":[{"hooks":[{"type":"command","command":"/c"}]}]},"permissions":{"disableBypassPermissionsMode":"disable","ask":["Bash"]},"enforceAvailableModels":true}',
  ],
  [
    'the sandbox that lost its hosts',
    '{"sandbox":{"enabled":true,"network":{"allowedDomains":["github.com"]}},"env":{"A":"1","B":"1"},"deniedModels":["opus"]}',
    '{"sandbox":{"enabled":false},"env":{"B":"2"},"deniedModels":["fable"]}',
    '{"sandbox":{"enabled":false},"env":{"A":"1","B":"2"},"deniedModels":["opus","fable"]}',
  ],
]

for (const [name, base, policy, effective] of SETTINGS) {
  test(`settings: ${name}`, () => {
    assert.deepEqual(mergeSettings(JSON.parse(base), JSON.parse(policy)), JSON.parse(effective))
  })
}
