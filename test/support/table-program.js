// A program that answers as a table says, and writes down what it was asked: gcloud, terraform and docker of tests.
// node table-program.js <name> <its arguments…>, with the folder of the table in TABLE.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const table = process.env.TABLE
const [name, ...words] = process.argv.slice(2)
const line = [name, ...words].join(' ')
appendFileSync(join(table, 'calls'), `${line}\n`)

const facts = join(table, 'facts')
const known = existsSync(facts) ? readFileSync(facts, 'utf8').split('\n') : []
const rows = JSON.parse(readFileSync(join(table, 'rows.json'), 'utf8'))
const row = rows.find(
  ({ asked, knows }) => new RegExp(asked).test(line) && (knows === undefined || known.includes(knows)),
)
if (row === undefined) {
  process.stderr.write(`no row answers: ${line}\n`)
  process.exit(97)
}
if (row.learns !== undefined) appendFileSync(facts, `${row.learns}\n`)
for (const [path, text] of Object.entries(row.writes ?? {})) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
process.stdout.write(row.says ?? '')
process.exitCode = row.exit ?? 0
