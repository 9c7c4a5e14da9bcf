import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELP, readArguments, USAGE } from '../../app/config/arguments.ts'

test('no option is development mode', () => {
  assert.deepEqual(readArguments([]), { kind: 'serve', config: null, data: null })
})

test('--data names the folder of development mode', () => {
  assert.deepEqual(readArguments(['--data', '/tmp/g']), { kind: 'serve', config: null, data: '/tmp/g' })
})

test('--config names the file to serve', () => {
  assert.deepEqual(readArguments(['--config', 'g.yaml']), { kind: 'serve', config: 'g.yaml', data: null })
  assert.deepEqual(readArguments(['--config=g.yaml']), { kind: 'serve', config: 'g.yaml', data: null })
})

test('--check validates, before or after --config', () => {
  assert.deepEqual(readArguments(['--check', '--config', 'g']), {
    kind: 'check',
    config: 'g',
    allowUnset: false,
  })
  assert.deepEqual(readArguments(['--config', 'g', '--check', '--allow-unset']), {
    kind: 'check',
    config: 'g',
    allowUnset: true,
  })
})

test('--help and --version win over the rest', () => {
  assert.deepEqual(readArguments(['--config', 'g', '--help']), { kind: 'help' })
  assert.deepEqual(readArguments(['--version']), { kind: 'version' })
  for (const call of ['limits --help', 'limits set --group a --help', 'usage --help', 'spend --help'])
    assert.deepEqual(readArguments(call.split(' ')), { kind: 'help' })
  assert.ok(HELP.startsWith(USAGE))
})

test('a wrong call says what is wrong', () => {
  const rows: [string[], string][] = [
    [['--confg', 'g'], 'unknown option --confg'],
    [['--token=marked'], 'unknown option --token'],
    [['-c'], 'unknown option -c'],
    [['gateway.yaml'], 'a file is given with --config'],
    [['--config'], '--config needs a file'],
    [['--config='], '--config needs a file'],
    [['--config', '--check'], '--config needs a file'],
    [['--config', 'a', '--config', 'b'], '--config is given twice'],
    [['--data'], '--data needs a folder'],
    [['--data', 'd', '--config', 'g'], '--data is for development mode, which has no --config'],
    [['--check'], '--check needs --config FILE'],
    [['--config', 'a', '--allow-unset'], '--allow-unset needs --check'],
  ]
  for (const [argv, problem] of rows) assert.deepEqual(readArguments(argv), { kind: 'wrong', problem })
})

test('spend replay needs a file, and is all that spend is asked', () => {
  assert.deepEqual(readArguments(['spend', 'replay', '--config', 'g']), { kind: 'replay', config: 'g' })
  const rows: [string[], string][] = [
    [['spend'], 'spend is asked to replay: spend replay --config FILE < lines'],
    [['spend', 'undo'], 'spend is asked to replay: spend replay --config FILE < lines'],
    [['spend', 'replay'], 'spend replay needs --config FILE'],
    [['spend', 'replay', '--url', 'x'], 'spend replay does not know --url'],
  ]
  for (const [argv, problem] of rows) assert.deepEqual(readArguments(argv), { kind: 'wrong', problem })
})
