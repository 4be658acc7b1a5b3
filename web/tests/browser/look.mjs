// How the page looks and whether everybody can use it: every route in both themes, both languages and on a phone, seen by axe-core; pictures of
// them; a newcomer's first minute; an order of every kind.
import { adminPassword, at, axe, check, equal, launch, logIn, person, say, shot, story, textOf, until } from './browser.mjs';

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const browser = await launch();
const newcomer = await person(browser, 'newcomer', { viewport: { width: 1440, height: 900 } });
const pedestrian = await person(browser, 'pedestrian', { ...phone, locale: 'en-GB' });
const administrator = await person(browser, 'administrator');
const { page } = newcomer;
const findings = [];
const see = async (one, where) => {
  for (const found of await axe(one.page, `${one.name} ${where}`)) findings.push(found), say(found);
};
const field = (name) => page.locator(`[data-testid=ticket] input[name=${name}]`);
const open = (one) => one.page.getByTestId('panel-open').innerText();

async function tryIt(one) {
  await one.page.goto('/login');
  await see(one, '/login');
  await at(one.page, 'try-it').click();
  await at(one.page, 'ticket').waitFor({ state: 'attached' });
}
const bestPrices = async () => {
  const of = async (side) => Number(await at(page, `level-${side}`).first().getAttribute('data-price'));
  return { bid: await of('bid'), ask: await of('ask') };
};

/** Sends what the ticket says and waits until it is accepted. */
async function send(what) {
  const before = await at(page, 'toast').count();
  await at(page, 'send').click();
  await until(`${what}: accepted`, async () => {
    const refused = (await page.locator('[data-testid=ticket] .error').allInnerTexts()).filter(Boolean);
    check(refused.length === 0, `${what} is accepted; instead: ${refused.join('; ')}`);
    return (await field('quantity').or(field('quote_quantity')).first().inputValue()) === '';
  });
  return before;
}
const near = (price, share) => (Math.round(price * share)).toFixed(2);

await story(async () => {
  // The first minute: one click makes a user with play money, who buys at the market.
  await tryIt(newcomer);
  await until('play money', () => textOf(page, 'asset-USDT'), (text) => /[1-9]/.test(text.split('\t')[1] ?? ''));
  await until('the market lives', () => at(page, 'level-ask').count(), (count) => count > 5);
  await at(page, 'kind-market').click();
  await field('quantity').fill('0.05');
  await send('a market order');
  await at(page, 'toast').filter({ hasText: 'BTCUSDT @' }).first().waitFor();
  say('tried it: a demo user bought at the market with two clicks and a number');

  // An order of every kind the engine has, as far from the market as it must be to stay.
  const { bid, ask } = await bestPrices();
  const kinds = {
    stop_limit: { side: 'sell', trigger_price: near(bid, 0.9), price: near(bid, 0.89) },
    stop_market: { side: 'sell', trigger_price: near(bid, 0.9) },
    take_profit_limit: { side: 'sell', trigger_price: near(ask, 1.1), price: near(ask, 1.09) },
    take_profit_market: { side: 'sell', trigger_price: near(ask, 1.1) },
    trailing_stop: { side: 'sell', trail_bps: '500' },
    pegged: { side: 'buy', price: near(bid, 0.9975) },
    twap: { side: 'buy', price: near(bid, 0.9), slices: '5', duration_seconds: '600' },
    vwap: { side: 'buy', price: near(bid, 0.9), slices: '5', duration_seconds: '600' },
    oco: { side: 'sell', take_profit_price: near(ask, 1.1), stop_price: near(bid, 0.9) },
    bracket: { side: 'buy', price: near(bid, 0.95), take_profit_price: near(ask, 1.1), stop_price: near(bid, 0.9) },
  };
  for (const [kind, { side, ...values }] of Object.entries(kinds)) {
    await at(page, `side-${side}`).click();
    await at(page, 'kind').selectOption(kind);
    for (const [name, value] of Object.entries(values)) await field(name).fill(value);
    await field('quantity').fill('0.01');
    await send(kind);
  }
  await at(page, 'side-buy').click();
  await at(page, 'kind-limit').click();
  for (const [tif, price, extra] of [['gtc', 0.98, { display_quantity: '0.002' }], ['ioc', 0.97, {}], ['fok', 1.01, {}], ['gtd', 0.96, { expires_at: '2035-01-01T12:00' }]]) {
    await at(page, 'tif').selectOption(tif);
    await field('price').fill(near(tif === 'fok' ? ask : bid, price));
    await field('quantity').fill('0.01');
    if (extra.display_quantity) await page.locator('[data-testid=ticket] summary').click();
    for (const [name, value] of Object.entries(extra)) await field(name).fill(value);
    await send(`limit ${tif}`);
    if (extra.display_quantity) await field('display_quantity').fill('');
  }
  await at(page, 'tif').selectOption('gtc');
  await at(page, 'kind-post_only').click();
  await field('price').fill(near(bid, 0.9965));
  await field('quantity').fill('0.02');
  await page.locator('[data-testid=ticket] summary').click();
  await send('post-only');
  await until('open orders of every kind', () => open(newcomer), (text) => Number(/\((\d+)\)/.exec(text)?.[1] ?? 0) >= 12);
  say('an order of every kind was taken from the ticket');

  // Pictures, and what axe-core says of every route in both themes.
  await at(page, 'kind-limit').click();
  await page.mouse.move(5, 5);
  for (const theme of ['dark', 'light']) {
    if (theme === 'light') await at(page, 'theme').click();
    for (const route of ['/trade/BTCUSDT', '/orders/open', '/orders/history', '/orders/executions', '/wallet/balances', '/wallet/positions', '/wallet/ledger']) {
      await page.goto(route);
      await at(page, 'connection').filter({ hasText: 'Live' }).waitFor();
      if (route.startsWith('/trade')) {
        await until('candles', () => textOf(page, 'legend'));
        await until('own fills on the chart', async () => Number(await at(page, 'chart').getAttribute('data-marks')), (count) => count > 0);
      }
      else await until(`rows at ${route}`, () => page.locator('tbody tr').count());
      await see(newcomer, `${theme} ${route}`);
      await shot(page, route.startsWith('/trade') ? theme : `${theme}${route.replaceAll('/', '-')}`);
    }
  }
  await page.goto('/trade/BTCUSDT');
  await at(page, 'show-depth').click();
  await at(page, 'depth').waitFor();
  await at(page, 'symbol').click();
  await until('changes in the picker', () => at(page, 'picker').innerText(), (text) => (text.match(/%/g) ?? []).length >= 3);
  await see(newcomer, 'depth and picker');
  await shot(page, 'light-depth-picker');
  await page.keyboard.press('Escape');
  await page.locator('body').click({ position: { x: 700, y: 20 } });
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  await see(newcomer, 'help');
  await page.keyboard.press('Escape');
  await at(page, 'theme').click();
  await at(page, 'language').click();
  await page.goto('/trade/ETHUSDT');
  await until('Chinese', () => textOf(page, 'side-buy'), (text) => text === '买入');
  await until('candles', () => textOf(page, 'legend'));
  await until('rows', () => at(page, 'level-ask').count(), (count) => count > 5);
  await see(newcomer, 'Chinese');
  await shot(page, 'chinese');
  const english = (await page.locator('body').innerText()).match(/\b(Price|Quantity|Open orders|Order book|Available|Trades|Cancel)\b/g);
  equal(english, null, 'English words on the Chinese page');

  // The phone: nothing wider than the screen, every part behind its tab, an order by touch.
  await tryIt(pedestrian);
  const small = pedestrian.page;
  await small.goto('/trade/BTCUSDT');
  for (const [index, part] of ['chart', 'book', 'trades', 'order'].entries()) {
    await small.locator('.phone [role=tab]').nth(index).tap();
    await until(`the part ${part}`, () => small.locator(`section.${part}`).isVisible());
    if (part === 'chart') await until('candles', () => textOf(small, 'legend'));
    const wide = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `on a phone the part ${part} is ${wide} px wider than the screen`);
    await see(pedestrian, part);
    await shot(small, `phone-${part}`);
  }
  await at(small, 'kind-market').tap();
  await small.locator('[data-testid=ticket] input[name=quantity]').fill('0.01');
  await at(small, 'send').tap();
  await at(small, 'toast').filter({ hasText: 'BTCUSDT @' }).first().waitFor();
  for (const route of ['/orders', '/wallet']) {
    await small.goto(route);
    await until('a table', () => small.locator('table').count());
    const wide = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `on a phone ${route} is ${wide} px wider than the screen`);
    await see(pedestrian, route);
    await shot(small, `phone${route.replaceAll('/', '-')}`);
  }

  // The administrator's rooms.
  await logIn(administrator, 'admin@rialto.local', adminPassword);
  for (const room of ['users', 'transfers', 'instruments', 'feeds', 'health', 'cluster']) {
    await administrator.page.goto(`/admin/${room}`);
    await until(`the room ${room}`, () => administrator.page.locator('main').innerText(), (text) => !/Loading|Could not be read/.test(text) && text.length > 60);
    await see(administrator, `/admin/${room}`);
    await shot(administrator.page, `admin-${room}`);
  }
  equal(findings, [], 'what axe-core finds serious or critical');
  await browser.close();
}, [newcomer, pedestrian, administrator]);
