// Two people trade on one node through two browsers, an administrator gives them money, and the node dies under the open pages.
import { adminPassword, ask, at, check, equal, launch, logIn, lost, person, say, signUp, story, textOf, until, WAIT_MS } from './browser.mjs';

const password = 'correct-horse-battery-9';
const browser = await launch();
const [admin, seller, buyer] = [await person(browser, 'admin'), await person(browser, 'seller'), await person(browser, 'buyer')];
const levels = (one, side) => at(one.page, `level-${side}`).evaluateAll((rows) => rows.map((row) => [row.dataset.price, row.children[2].textContent, row.classList.contains('own')]));
const balance = async (one, asset) => (await at(one.page, `asset-${asset}`).locator('td').allInnerTexts()).slice(1);
const balances = (one, base, quote) =>
  until(`${one.name}'s balances`, async () => [await balance(one, 'BTC'), await balance(one, 'USDT')], (got) => JSON.stringify(got) === JSON.stringify([base, quote]));
const fill = async (one, name, text) => one.page.locator(`[data-testid=ticket] input[name=${name}]`).fill(text);

async function deposit(account, asset, amount) {
  await admin.page.locator('input[name=account]').fill(account);
  await admin.page.locator('input[name=asset]').fill(asset);
  await admin.page.locator('input[name=amount]').fill(amount);
  await at(admin.page, 'book').click();
  await at(admin.page, 'toast').filter({ hasText: `${amount} ${asset}` }).waitFor();
}

await story(async () => {
  // Two people register; the administrator gives each what he needs, and it appears without a reload.
  await logIn(admin, 'admin@rialto.local', adminPassword);
  await admin.page.goto('/admin/transfers');
  for (const [one, asset, amount] of [[seller, 'BTC', '2'], [buyer, 'USDT', '100000']]) {
    await signUp(one, `${one.name}@example.org`, password);
    await one.page.goto('/wallet');
    const account = await textOf(one.page, 'account-number');
    await one.page.goto('/trade/BTCUSDT');
    await at(one.page, 'ticket').waitFor();
    await deposit(account, asset, amount);
  }
  await balances(seller, ['2', '0'], ['0', '0']);
  await balances(buyer, ['0', '0'], ['100,000', '0']);
  say('registered, and deposits arrived on the open pages');

  // A sell rests: the seller sees it marked on the ladder, the buyer sees it unmarked.
  await at(seller.page, 'side-sell').click();
  await fill(seller, 'price', '60000.001');
  await fill(seller, 'quantity', '1');
  await at(seller.page, 'send').click();
  check((await textOf(seller.page, 'error-price')).includes('0.01'), 'a price between two ticks is refused beside its field');
  await fill(seller, 'price', '60000');
  equal([await textOf(seller.page, 'cost'), await textOf(seller.page, 'fee')], ['60,000 USDT', '60 USDT'], 'cost and fee before sending');
  await at(seller.page, 'send').click();
  await until('the seller sees his order on the ladder', () => levels(seller, 'ask'), (got) => JSON.stringify(got) === '[["60000.00","1.00000",true]]');
  await until('the buyer sees it too', () => levels(buyer, 'ask'), (got) => JSON.stringify(got) === '[["60000.00","1.00000",false]]');
  await balances(seller, ['1', '1'], ['0', '0']);

  // The buyer clicks the level and takes a part of it: both balances and both pages change.
  await at(buyer.page, 'level-ask').first().click();
  equal(await buyer.page.locator('input[name=price]').inputValue(), '60000.00', 'the price of the clicked level');
  await fill(buyer, 'quantity', '0.4');
  await at(buyer.page, 'send').click();
  await balances(buyer, ['0.3996', '0'], ['76,000', '0']);
  await balances(seller, ['1', '0.6'], ['23,976', '0']);
  await at(buyer.page, 'toast').filter({ hasText: '0.4 BTCUSDT @ 60000.00' }).waitFor();
  await at(seller.page, 'toast').filter({ hasText: '0.4 BTCUSDT @ 60000.00' }).waitFor();
  await until('the tape has the trade', () => textOf(buyer.page, 'tape'), (text) => /60000\.00 ↑\s+0\.40000/.test(text));
  say('an order rested, was filled by another user, and both balances changed');

  // What the engine refuses is said beside the field.
  await fill(buyer, 'quantity', '50');
  await at(buyer.page, 'send').click();
  check((await textOf(buyer.page, 'error-quantity')).includes('USDT'), 'too little money is said beside the quantity');

  // Edit in the table, then drag the line on the chart.
  await at(seller.page, 'edit').click();
  await at(seller.page, 'edit-price').fill('60500');
  await at(seller.page, 'edit-quantity').fill('0.9');
  await at(seller.page, 'save').click();
  await until('the edited order is on the ladder', () => levels(buyer, 'ask'), (got) => JSON.stringify(got) === '[["60500.00","0.50000",false]]');
  await balances(seller, ['1.1', '0.5'], ['23,976', '0']);
  const chart = await at(seller.page, 'chart').boundingBox();
  const cursorAt = async (y) => {
    await seller.page.mouse.move(chart.x + 100, chart.y + y);
    return at(seller.page, 'chart').evaluate((area) => area.style.cursor);
  };
  await until('a line that can be dragged', async () => {
    for (let y = 8; y < chart.height - 30; y += 4) if ((await cursorAt(y)) === 'ns-resize') return y;
    return null;
  }, (y) => y !== null);
  await seller.page.mouse.down();
  await seller.page.mouse.move(chart.x + 100, chart.y + chart.height / 2, { steps: 6 });
  await seller.page.mouse.move(chart.x + 100, chart.y + chart.height / 2 + 20, { steps: 3 });
  await seller.page.mouse.up();
  const dragged = await until('the dragged order has another price', () => levels(buyer, 'ask'), (got) => got.length === 1 && got[0][0] !== '60500.00');
  say(`edited in the table, and dragged on the chart from 60500.00 to ${dragged[0][0]}`);

  // The node is killed under the open pages: that is to be seen, what was known stays on the page, and an order that is sent into the
  // silence arrives once when the node is back.
  for (const one of [admin, seller, buyer]) one.tolerated.add(lost);
  await ask('kill');
  await until('the lost connection is shown', () => textOf(seller.page, 'connection'), (text) => text === 'Reconnecting');
  await at(seller.page, 'away').waitFor();
  equal(await at(seller.page, 'cancel').count(), 1, 'open orders shown while the node is away');
  await fill(buyer, 'price', '50000');
  await fill(buyer, 'quantity', '0.1');
  await at(buyer.page, 'send').click();
  await until('the order waits for the node', () => textOf(buyer.page, 'send'), (text) => text === 'Sending…');
  const { seconds } = await ask('start');
  for (const one of [seller, buyer]) await until(`${one.name} is live again`, () => textOf(one.page, 'connection'), (text) => text === 'Live');
  await until('the order arrived, once', () => levels(seller, 'bid'), (got) => JSON.stringify(got) === '[["50000.00","0.10000",false]]');
  await until('the seller still has his order', () => levels(seller, 'ask'), (got) => JSON.stringify(got) === JSON.stringify([[dragged[0][0], '0.50000', true]]));
  await balances(seller, ['1.1', '0.5'], ['23,976', '0']);
  await balances(buyer, ['0.3996', '0'], ['71,000', '5,000']);
  equal(await at(buyer.page, 'cancel').count(), 1, 'orders of the buyer');
  await at(seller.page, 'away').waitFor({ state: 'detached' });
  for (const one of [seller, buyer]) one.tolerated.clear();
  say(`killed and restarted (ready after ${seconds} s): nothing was lost, an order sent meanwhile is there once`);

  // Cancel: one from the table, all with the key pressed twice.
  await at(seller.page, 'cancel').click();
  await balances(seller, ['1.6', '0'], ['23,976', '0']);
  await buyer.page.locator('body').click({ position: { x: 640, y: 20 } });
  await buyer.page.keyboard.press('x');
  await at(buyer.page, 'toast').filter({ hasText: 'once more' }).waitFor();
  await buyer.page.keyboard.press('x');
  await balances(buyer, ['0.3996', '0'], ['76,000', '0']);
  await until('the book is empty', async () => (await levels(buyer, 'ask')).length + (await levels(buyer, 'bid')).length, (count) => count === 0);

  // The keyboard alone: hotkey, fields, Enter; and the help sheet.
  await buyer.page.keyboard.press('b');
  await until('the price has the focus', () => buyer.page.evaluate(() => document.activeElement.name), (name) => name === 'price');
  await buyer.page.keyboard.press('Control+A');
  await buyer.page.keyboard.type('41000');
  while ((await buyer.page.evaluate(() => document.activeElement.name)) !== 'quantity') await buyer.page.keyboard.press('Tab');
  await buyer.page.keyboard.press('Control+A');
  await buyer.page.keyboard.type('0.2');
  await buyer.page.keyboard.press('Enter');
  await until('the order from the keyboard is on the ladder', () => levels(buyer, 'bid'), (got) => JSON.stringify(got) === '[["41000.00","0.20000",true]]');
  await buyer.page.keyboard.press('Escape');
  await buyer.page.evaluate(() => document.activeElement.blur());
  await buyer.page.keyboard.press('?');
  await buyer.page.locator('dialog[open]').waitFor();
  await buyer.page.keyboard.press('Escape');
  await buyer.page.locator('dialog[open]').waitFor({ state: 'detached' });
  say('cancelled one and all; an order from the keyboard alone');

  // The past: history and executions, a download, and what is remembered after a reload.
  await buyer.page.goto('/orders/executions');
  await until('one execution', () => buyer.page.locator('[data-testid=table-executions] tbody tr').count(), (count) => count === 1);
  const [file] = await Promise.all([buyer.page.waitForEvent('download'), at(buyer.page, 'csv').click()]);
  const csv = await file.createReadStream().then(async (stream) => { let text = ''; for await (const part of stream) text += part; return text; });
  check(csv.split('\r\n')[1].includes('BTCUSDT,buy,60000.00,0.40000'), `the CSV file has the execution: ${csv}`);
  await buyer.page.goto('/orders/history');
  await until('the history', () => buyer.page.locator('[data-testid=table-history] tbody tr').count(), (count) => count >= 2);
  await at(buyer.page, 'theme').click();
  await at(buyer.page, 'language').click();
  await buyer.page.reload();
  await at(buyer.page, 'logout').waitFor();
  equal(await buyer.page.evaluate(() => [document.documentElement.dataset.theme, document.documentElement.lang]), ['light', 'zh-CN'], 'theme and language after a reload');
  await at(buyer.page, 'logout').click();
  await at(buyer.page, 'submit').waitFor();
  await buyer.page.goto('/wallet');
  equal(await at(buyer.page, 'account-number').count(), 0, 'accounts shown after logging out');

  // The administrator halts the market; everybody sees it, and an order is refused with the reason.
  await admin.page.goto('/admin/instruments');
  admin.tolerated.clear();
  await at(admin.page, 'status-BTCUSDT').selectOption('halted');
  await at(seller.page, 'market-status').filter({ hasText: 'Halted' }).waitFor({ timeout: WAIT_MS });
  seller.tolerated.add(/status of 409/);
  await fill(seller, 'price', '70000');
  await fill(seller, 'quantity', '0.1');
  await at(seller.page, 'send').click();
  await until('the reason is told', () => textOf(seller.page, 'ticket-failure'), (text) => text.includes('halted'));
  await at(admin.page, 'status-BTCUSDT').selectOption('open');
  await at(seller.page, 'market-status').waitFor({ state: 'detached' });

  // Another market is listed, and can be opened.
  await at(admin.page, 'list-instrument').click();
  await at(admin.page, 'new-instrument').locator('[name=symbol]').fill('dogeusdt');
  await at(admin.page, 'new-instrument').locator('[name=base]').fill('DOGE');
  await at(admin.page, 'list-it').click();
  await at(admin.page, 'status-DOGEUSDT').waitFor();
  seller.tolerated.clear();
  await seller.page.goto('/trade/DOGEUSDT');
  await until('the new market', () => textOf(seller.page, 'symbol'), (text) => text.startsWith('DOGEUSDT'));
  say('history, CSV, remembered choices, log out, a halt that is shown, a new market');
  await browser.close();
}, [admin, seller, buyer]);
