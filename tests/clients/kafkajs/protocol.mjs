// The line protocol of a client program; ../run.py is on the other side.
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 60_000

class Failure extends Error {}

const fromRunner = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export function expect(what, expected, got) {
  if (isDeepStrictEqual(expected, got)) return
  if (Array.isArray(expected) && Array.isArray(got) && expected.length + got.length > 10) {
    const differs = expected.findIndex((value, i) => !isDeepStrictEqual(value, got[i]))
    const same = differs < 0 ? expected.length : differs
    what += ` (${expected.length} expected, ${got.length} seen) from number ${same}`
    ;[expected, got] = [expected.slice(same, same + 3), got.slice(same, same + 3)]
  }
  throw new Failure(`${what}, expected ${short(expected)}, got ${short(got)}`)
}

/** Asks until the answer is something true, and returns that; `instead` tells what there was if it never came. */
export async function eventually(what, probe, instead = () => 'nothing') {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(20)) {
    const result = await probe()
    if (result) return result
  }
  throw new Failure(`${what}, expected within ${PATIENCE_MS / 1000} s, got ${instead()}`)
}

/** The error that a promise is refused with. */
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Failure('a refusal, expected, got none')
}

/** Returns once the runner has killed the broker and the new one serves at the same address. */
export async function restartBroker() {
  console.log('control restart')
  expect("the runner's answer to a restart", 'restarted', (await fromRunner.next()).value)
}

/** Runs the scenarios that the runner asks for: functions of the bootstrap address, or a sentence why not. */
export async function run(scenarios) {
  const { values } = parseArgs({ options: { bootstrap: { type: 'string' }, scenarios: { type: 'string' } } })
  let status = 0
  for (const id of values.scenarios.split(',')) {
    console.error(`--- ${id}`)
    const [verdict, detail] = await judge(scenarios[id], values.bootstrap)
    if (verdict === 'fail') status = 1
    console.log(`${verdict} ${id}${detail ? ': ' + detail.replace(/\s+/g, ' ') : ''}`)
  }
  process.exit(status)
}

async function judge(scenario, bootstrap) {
  if (scenario === undefined) return ['fail', 'the program, expected a scenario of this name, got none']
  if (typeof scenario === 'string') return ['n/a', scenario]
  try {
    await scenario(bootstrap)
    return ['ok', '']
  } catch (error) {
    console.error(error)
    return ['fail', error instanceof Failure ? error.message : `an error, expected none, got ${error}`]
  }
}

function short(value, limit = 160) {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length} characters)`
}
