// Debian's Chromium as a person's browser: one process, a context a person, and a watch over everything that goes wrong in it.
//
// The program that runs these scripts owns the node; `ask` has it killed, started or driven. What a console, a page or the
// Content-Security-Policy complains about fails the test, unless the script said beforehand that it is to be.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const url = process.env.RIALTO_URL ?? '';
export const adminPassword = process.env.RIALTO_ADMIN_PASSWORD ?? '';
const shots = process.env.RIALTO_SHOTS ?? '';
const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const WAIT_MS = 90_000; // a machine that builds at the same time is slow

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
/** Has the caller do something ("kill", "start", ...) and gives its answer. */
export async function ask(what) {
  console.log(`@${what}`);
  return JSON.parse((await answers.next()).value);
}
export const say = (text) => console.log(text);

export function check(isTrue, what) {
  if (!isTrue) throw new Error(`not so: ${what}`);
}
export function equal(got, wanted, what) {
  check(JSON.stringify(got) === JSON.stringify(wanted), `${what} is ${JSON.stringify(got)} and not ${JSON.stringify(wanted)}`);
}
/** Waits until `read()` gives what `isWanted` takes. */
export async function until(what, read, isWanted = Boolean, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (let got; ; await new Promise((go) => setTimeout(go, 50))) {
    got = await read();
    if (isWanted(got)) return got;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms; last ${JSON.stringify(got)}`);
  }
}

export async function launch() {
  const browser = await chromium.launch({
    executablePath: process.env.RIALTO_CHROMIUM ?? '/usr/bin/chromium', headless: true, chromiumSandbox: false, // in a directory of its own
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc'],
  });
  return browser;
}

/** A person's page. `tolerated` are patterns of complaints that are to be, for as long as they are in it. */
export async function person(browser, name, options = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, locale: 'en-GB', colorScheme: 'dark', ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const one = { name, context, page, complaints: [], tolerated: new Set() };
  const take = (text) => {
    if (![...one.tolerated].some((pattern) => pattern.test(text))) one.complaints.push(`${name}: ${text}`);
  };
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && take(`${message.text()} ${message.location().url ?? ''}`));
  page.on('pageerror', (error) => take(`uncaught ${error.stack ?? error}`));
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
  return one;
}
function noComplaints(...people) {
  const all = people.flatMap((one) => one.complaints);
  check(all.length === 0, `no complaints, yet there are:\n${all.join('\n')}`);
}
/** What the node's death makes the browser complain about. */
export const lost = /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|WebSocket connection to|status of (502|503|504)/;

export const at = (page, id) => page.getByTestId(id);
export const textOf = async (page, id) => (await at(page, id).first().innerText()).trim();

export async function signUp({ page }, email, password) {
  await page.goto('/login');
  await at(page, 'switch').click();
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await at(page, 'submit').click();
  await at(page, 'ticket').waitFor({ state: 'attached' });
}
export async function logIn({ page }, email, password) {
  await page.goto('/login');
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await at(page, 'submit').click();
  await at(page, 'logout').waitFor();
}

/** Runs a script's steps; leaves a picture of every page behind when one fails. */
export async function story(steps, people) {
  try {
    await steps();
    noComplaints(...people);
  } catch (error) {
    for (const one of people) await shot(one.page, `failed-${one.name}`).catch(() => undefined);
    for (const one of people) for (const text of one.complaints) console.log(text);
    console.log(error.stack);
    process.exit(1);
  }
  process.exit(0);
}

export async function shot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Serious and critical findings of axe-core on what the page shows now. */
export async function axe(page, where) {
  const source = await import('node:fs').then((fs) => fs.readFileSync(axeSource, 'utf8'));
  await page.evaluate(source); // through the debugger: the page's policy allows no foreign script
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  return bad.map((one) => `${where}: ${one.id} (${one.impact}): ${one.nodes.slice(0, 4).map((node) => `${node.target} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`);
}
