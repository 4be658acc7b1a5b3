// What the clients' programs share: the setting that the test wrote, named checks, waiting with a deadline, exact decimals.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not by this name; the client `binance` signs with it

export const setting = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
export const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

let passed = 0;

/** Runs one check; the first that fails ends the program with its reason. */
export async function check(name, work) {
  try {
    await work();
  } catch (error) {
    console.log(`FAILED ${name}\n${error?.stack ?? error}`);
    for (const more of ['code', 'response', 'body', 'data']) if (error?.[more]) console.log(more, error[more]);
    process.exit(1);
  }
  passed += 1;
  console.log(`ok ${name}`);
}

/** What `ask` gives as soon as it is true. */
export async function until(what, ask, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const got = await ask();
    if (got) return got;
    assert.ok(Date.now() < end, `not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

/** Says how many checks passed and ends, whatever a client still holds open. */
export function finish() {
  console.log(`${passed} checks passed`);
  process.exit(0);
}

/** "1.5" as a count of 10^-8: money is compared as whole numbers. */
export function units(text) {
  const found = /^(-?)(\d+)(?:\.(\d{1,8})0*)?$/.exec(String(text));
  assert.ok(found, `${text} is no decimal`);
  const value = BigInt(found[2]) * 100_000_000n + BigInt((found[3] ?? '').padEnd(8, '0'));
  return found[1] ? -value : value;
}
