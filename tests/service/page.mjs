// Tries the page of a running service in a browser, as a person with an authenticator app does (contract 10.10).
//
//     node page.mjs http://127.0.0.1:6238 [FOLDER FOR SCREENSHOTS]
//
// It needs playwright-core and axe-core beside it in node_modules, and the programs chromium, zbarimg, oathtool and
// curl. The "app" is zbarimg, which reads the QR code from a screenshot, and oathtool, which knows nothing of this
// project. The last line says what was tried; any fault ends it with exit code 1, a missing tool with 3.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
// Long: nothing here measures the machine.
const DEADLINE = 60_000;
const WIDE = { width: 1280, height: 1000 };
const NARROW = { width: 320, height: 720 };
const MATCH = "The password matches.";
const INCORRECT = "The password provided is incorrect.";

const [base, screenshots] = process.argv.slice(2);
const { chromium, axe } = tools();
const work = mkdtempSync(join(tmpdir(), "page-"));
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
try {
  console.log(await tryAll());
} finally {
  await browser.close();
  rmSync(work, { recursive: true });
}

async function tryAll() {
  const { page, close } = await open("the first look");
  const isOpen = await page.locator("form").count() > 0;
  await close();
  await looksRight(isOpen ? "start" : "token", async () => {});
  if (!isOpen) {
    await asksForToken();
    return "ok: the page asks for a token";
  }
  await verifiesOnce();
  await worksByKeyboard();
  await waitsAfterGuesses();
  await refusesNames();
  await keepsNothing();
  await tellsOfSilence();
  await needsScript();
  await commandsWork();
  await looksRight("verified", async (page) => {
    const secret = await makeSecret(page);
    await page.getByText("Cannot scan it?").click();
    await page.getByText("No app at hand?").click();
    await page.getByRole("button", { name: "Show the current password" }).click();
    await page.locator("#computed .message").waitFor();
    await verify(page, password(secret), MATCH);
  });
  await looksRight("refused", async (page) => {
    const secret = await makeSecret(page);
    await verify(page, wrongPassword(secret), INCORRECT);
  });
  return "ok: the page was tried";
}

// ---- what a person does

async function verifiesOnce() {
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open("a password verifies once", { colorScheme });
    const secret = await makeSecret(page);
    const right = password(secret);
    await verify(page, right, MATCH);
    assert.match(await answer(page), /used up/);
    await verify(page, right, INCORRECT);
    assert.match(await answer(page), /has verified already, and a password verifies once/);
    await verify(page, wrongPassword(secret), INCORRECT);
    assert.doesNotMatch(await answer(page), /has verified already/);
    await verify(page, "<&>", INCORRECT);
    // Another secret begins anew, with blanks as apps show them.
    const other = await makeSecret(page);
    assert.notEqual(other, secret);
    assert.equal(await page.locator("#verified").innerText(), "");
    await verify(page, password(other).replace(/(...)/, "$1 "), MATCH);
    await knowsNoSecret(page, [secret, other]);
    await close();
  }
}

async function worksByKeyboard() {
  const { page, close } = await open("by the keyboard alone");
  const tabTo = async (expected) => {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const name = element.id || element.textContent.trim();
      return { name, outlined: getComputedStyle(element).outlineStyle !== "none" };
    });
    assert.deepEqual(focused, { name: expected, outlined: true });
  };
  for (const expected of ["issuer", "account", "Make a secret"]) await tabTo(expected);
  await page.keyboard.press("Enter");
  const secret = await scan(page);
  for (const expected of ["Cannot scan it?", "No app at hand?", "password"]) await tabTo(expected);
  const right = password(secret);
  await verify(page, right, MATCH, async () => {
    await page.keyboard.type(right);
    await page.keyboard.press("Enter");
  });
  // The field keeps the focus, its text is selected, and the button stands behind it.
  await verify(page, "", INCORRECT, async () => {
    await page.keyboard.type(right);
    await tabTo("Verify");
    await page.keyboard.press("Space");
  });
  await close();
}

async function waitsAfterGuesses() {
  const { page, close } = await open("guesses are slowed down");
  const secret = await makeSecret(page);
  const wrong = wrongPassword(secret);
  let title = INCORRECT;
  let guesses = 0;
  // Six at least; more where the machine is so slow that the wait is over before the next one.
  for (; title.startsWith(INCORRECT); guesses += 1) {
    assert.ok(guesses < 20, "guesses go on and on");
    title = await verify(page, wrong, "");
  }
  assert.ok(guesses >= 6, "five wrong passwords are looked at");
  assert.match(title, /^Too many wrong passwords\. Try again in \d+ (second|minute)s?, at .*\d/);
  const begin = Date.now();
  const right = await verify(page, password(secret), "");
  assert.ok(right.startsWith("Too many wrong passwords.") || Date.now() - begin > 25_000, right);
  await capture(page, "slowed-down");
  await close();
}

async function refusesNames() {
  const { page, close } = await open("names that the service refuses");
  await page.getByLabel("Issuer").fill("a:b");
  await page.getByRole("button", { name: "Make a secret" }).click();
  await page.locator("#made .message").getByText("colon").waitFor();
  assert.equal(await page.locator("#scan").isVisible(), false);
  await close();
}

async function keepsNothing() {
  const { page, close } = await open("what is left behind");
  const secret = await makeSecret(page);
  await verify(page, password(secret), MATCH);
  // A browser may keep a page that is left in memory; that page has forgotten.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  assert.equal(await page.locator("#scan").isVisible(), false);
  assert.ok(!(await page.content()).includes(secret.slice(0, 4)));
  await page.goto("about:blank");
  await page.goBack();
  await page.getByRole("button", { name: "Make a secret" }).waitFor();
  await knowsNoSecret(page, [secret]);
  assert.equal(await page.locator("#scan").isVisible(), false);
  assert.equal(await page.getByLabel("Password from the app").inputValue(), "");
  assert.ok(!(await page.content()).includes(secret));
  assert.ok(!(await page.content()).includes(secret.match(/.{1,4}/g).join(" ")));
  await close();
}

async function tellsOfSilence() {
  const { page, context, close } = await open("a service that does not answer", { silent: true });
  await context.setOffline(true);
  await page.getByRole("button", { name: "Make a secret" }).click();
  await page.locator("#made .message").getByText("The service did not answer.").waitFor();
  await close();
}

async function needsScript() {
  const { page, close } = await open("without JavaScript", { javaScriptEnabled: false });
  await page.getByText("This part needs JavaScript.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Make a secret" }).isVisible(), false);
  assert.match(await page.locator(".commands").innerText(), /curl .*\s+https?:\/\/\S+\/x4\/GenerateSecret/);
  await close();
}

async function asksForToken() {
  const { page, close } = await open("with tokens");
  await page.getByRole("heading", { name: "A token is needed" }).waitFor();
  assert.equal(await page.getByRole("textbox").count(), 0);
  const commands = await page.locator(".commands pre").allInnerTexts();
  assert.equal(commands.length, 5);
  for (const command of commands) assert.ok(command.includes(base + "/"), command);
  await close();
}

async function commandsWork() {
  const { page, context, close } = await open("the commands of the page");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const commands = page.locator(".commands li");
  let output = "";
  for (let index = 0; index < await commands.count(); index += 1) {
    await commands.nth(index).getByRole("button").click();
    const command = (await commands.nth(index).locator("pre").innerText()).trim();
    await until("the command is copied", () => page.evaluate(() => navigator.clipboard.readText()), command);
    assert.ok(command.includes(base + "/x4/"), command);
    output = execFileSync("bash", ["-c", command], { cwd: work, encoding: "utf8" });
  }
  assert.equal(output, `<Ok description="${MATCH}"/>\n`);
  assert.match(read(join(work, "code.png")), /^otpauth:\/\/totp\/Example:alice%40example\.org\?secret=/);
  await close();
}

// ---- how it looks

// In both schemes, wide and narrow: accessible by axe's rules, no wider than the window; with screenshots.
async function looksRight(state, prepare) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
      const { page, close } = await open(`${state}, ${colorScheme}, ${name}`, { colorScheme, viewport, bypassCSP: true });
      await prepare(page);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(widths[0] <= widths[1], `${state} scrolls sideways in ${name}: ${widths}`);
      // axe is not of the page: its policy is set aside for this look alone.
      await page.evaluate(axe);
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), tags);
      const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html)}`);
      assert.deepEqual(told, [], `${state}, ${colorScheme}, ${name}`);
      await capture(page, `${state}-${colorScheme}-${name}`);
      await close();
    }
  }
}

async function capture(page, name) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

// ---- the page

// A page in a browser of its own, which notes every request, violation of the policy and error; `close` holds that there
// was none. Refusals are answers: that Chromium calls them errors of the network does not count.
async function open(name, { viewport = WIDE, silent = false, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  context.setDefaultTimeout(DEADLINE);
  const faults = [];
  context.on("request", (request) => {
    const url = request.url();
    const local = url.startsWith(base + "/") || url.startsWith(`blob:${base}/`) || url.startsWith("data:");
    if (!local) faults.push(`a request left the origin: ${url}`);
    if (/[A-Z2-7]{32}/.test(url.split(",")[0])) faults.push("a secret in an address");
  });
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("console", (message) => {
    const refused = /^Failed to load resource: .* status of (400|403|422|429)/.test(message.text());
    const ours = refused && message.location().url.startsWith(base + "/x4/");
    if (!ours && !silent && ["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`violated: ${event.violatedDirective}`));
  });
  const page = await context.newPage();
  const response = await page.goto(base + "/");
  assert.equal(response.status(), 200);
  const policy = response.headers()["content-security-policy"];
  assert.match(policy, /^default-src 'none';/);
  assert.doesNotMatch(policy, /unsafe/);
  const close = async () => {
    await context.close();
    assert.deepEqual(faults, [], name);
    console.log(`passed: ${name}`);
  };
  return { page, context, close };
}

async function makeSecret(page) {
  // The message is emptied at the click.
  await page.locator("#made").evaluate((region) => region.replaceChildren());
  await page.getByRole("button", { name: /^Make (a|another) secret$/ }).click();
  return scan(page);
}

// What the camera of an app sees: the secret in the picture of the screen.
async function scan(page) {
  await page.getByRole("status").getByText("The secret is made.").waitFor();
  const code = page.getByRole("img", { name: "QR code of the secret" });
  await code.scrollIntoViewIfNeeded();
  await code.evaluate((image) => image.decode());
  const picture = join(work, "screen.png");
  await page.screenshot({ path: picture });
  const uri = new URL(read(picture));
  assert.equal(decodeURIComponent(uri.pathname.replace(/^\/+/, "")).replace(/^totp\//, ""), "Example:alice@example.org");
  return uri.searchParams.get("secret");
}

// Types a password, and returns the new answer, which has this title.
async function verify(page, text, title, type) {
  const old = page.locator("#verified .message");
  for (const message of await old.all()) await message.evaluate((element) => element.setAttribute("data-old", ""));
  if (type) {
    await type();
  } else {
    await page.getByRole("textbox", { name: "Password from the app" }).fill(text);
    await page.getByRole("button", { name: "Verify", exact: true }).click();
  }
  const fresh = page.locator("#verified .message:not([data-old])");
  await fresh.waitFor();
  const shown = await fresh.locator(".title").innerText();
  assert.ok(shown.replace(/^\W+/, "").startsWith(title), shown);
  return shown.replace(/^\W+/, "");
}

async function until(what, look, expected) {
  for (const begin = Date.now(); await look() !== expected;) {
    assert.ok(Date.now() - begin < DEADLINE, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function answer(page) {
  return page.locator("#verified").innerText();
}

async function knowsNoSecret(page, secrets) {
  const kept = await page.evaluate(async () => JSON.stringify([location.href, document.title, history.state, { ...localStorage },
    { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches.keys()]));
  for (const secret of secrets) assert.ok(!kept.includes(secret), kept);
  assert.equal(new URL(page.url()).search, "");
}

// ---- the app

function read(picture) {
  return execFileSync("zbarimg", ["--quiet", "--raw", "-Sbinary", picture], { encoding: "utf8" }).trim();
}

function passwords(secret, ...options) {
  return execFileSync("oathtool", ["--totp", ...options, "-b", "-"], { input: secret, encoding: "utf8" }).split(/\s+/).filter(Boolean);
}

function password(secret) {
  return passwords(secret)[0];
}

// One that is wrong now, and a few minutes before and after.
function wrongPassword(secret) {
  const near = passwords(secret, "--window=20", `--now=@${Math.floor(Date.now() / 1000) - 300}`);
  return ["111111", "222222", "333333"].find((candidate) => !near.includes(candidate)) ?? "444444";
}

// ---- the tools

function tools() {
  const require = createRequire(import.meta.url);
  const missing = [];
  const found = (name, find) => {
    try { return find(); } catch { missing.push(name); return undefined; }
  };
  const chromium = found("playwright-core", () => require("playwright-core").chromium);
  const axe = found("axe-core", () => readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  if (!existsSync(CHROMIUM)) missing.push(CHROMIUM);
  for (const program of ["zbarimg", "oathtool", "curl"]) found(program, () => execFileSync(program, ["--version"]));
  if (!base) missing.push("the address of a service");
  for (const what of missing) console.error(`MISSING: ${what}`);
  if (missing.length > 0) process.exit(3);
  return { chromium, axe };
}
