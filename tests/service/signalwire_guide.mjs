// A person logs in with a second factor, at an application that speaks as the one in SignalWire's guide does, and a running
// service with TLS sends and verifies the codes (contract 14).
//
//     node signalwire_guide.mjs target/debug/totp-adapter
//
// It needs ruby with Sinatra and WEBrick, openssl, chromium, and playwright-core in $INTEROPERABILITY_NODE/node_modules or
// beside this file. The last line says that all went well; a fault ends it with exit code 1 and what the programs have said.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
// Debian's, which finds Debian's Sinatra.
const RUBY = process.env.RUBY ?? "/usr/bin/ruby";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
// Long: nothing here measures the machine.
const DEADLINE = 60_000;
const PROJECT = "7b3a5c1e-0000-4000-8000-000000000000";
const TOKEN = "PT0123456789abcdef0123456789abcdef";
const NUMBER = "+15551234567";
const CONFIGURATION = `
listen = "127.0.0.1:0"
state = "state.db"
[tls]
certificate_file = "certificate.pem"
key_file = "key.pem"
[[delivery]]
name = "gateway"
kind = "command"
command = ["/bin/sh", "-c", "cat > outbox/$1-$2", "-", "{channel}", "{id}"]
[mfa]
project = "${PROJECT}"
token_file = "mfa.token"
key_file = "mfa.key"
sms = "gateway"
call = "gateway"
destinations = ["+1555"]
`;

const APPLICATION = fileURLToPath(new URL("signalwire_guide.rb", import.meta.url));
const modules = process.env.INTEROPERABILITY_NODE;
const { chromium } = createRequire(modules ? join(resolve(modules), "modules.js") : import.meta.url)("playwright-core");
const [program] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "guide-"));
const outbox = join(folder, "outbox");
const programs = [];
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    for (const { child } of programs) child.kill("SIGKILL");
    process.exit(1);
  });
}
try {
  await main();
  console.log("ok: a person is verified in the application of SignalWire's guide");
} catch (error) {
  console.error(error);
  for (const { name, log } of programs) console.error(`---- ${name}\n${log}`);
  process.exitCode = 1;
} finally {
  // The last one first: the application asks the service.
  for (const started of programs.reverse()) await end(started);
  rmSync(folder, { recursive: true });
}

async function main() {
  prepare();
  const service = start("service", resolve(program), ["serve", "--config", "t.toml", "--log-format", "json"]);
  const space = await said(service, /"message":"listening".*"address":"([^",]+)/);
  const application = start("application", RUBY, [APPLICATION],
    { SIGNALWIRE_SPACE: space, SIGNALWIRE_PROJECT_KEY: PROJECT, SIGNALWIRE_TOKEN: TOKEN });
  const port = await said(application, /HTTPServer#start: pid=\d+ port=(\d+)/);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    await login(browser, `http://127.0.0.1:${port}/`);
  } finally {
    await browser.close();
  }
  await counted(space);
  for (const text of [NUMBER, NUMBER.slice(1), TOKEN, ...codes()]) {
    assert.ok(!service.log.includes(text), "the service's log has a secret");
  }
}

// What a person does and sees.
async function login(browser, address) {
  const page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE);
  const press = (button) => page.getByRole("button", { name: button }).click();
  // The button loads another page, on which is the answer to it alone.
  const answers = async (text, expected) => {
    await page.getByLabel("Code").fill(text);
    await Promise.all([page.waitForNavigation(), press("Verify")]);
    assert.equal(await page.getByRole("status").innerText(), expected);
  };
  await page.goto(address);
  await page.getByLabel("Telephone number").fill("+441632960000");
  await press("Send a code");
  await page.getByRole("status").getByText("No code was sent.").waitFor();
  assert.deepEqual(codes(), []);

  await page.getByLabel("Telephone number").fill(NUMBER);
  await press("Send a code");
  await page.getByLabel("Code").waitFor();
  const [code, ...others] = codes();
  assert.deepEqual(others, []);
  await answers(`${code.startsWith("1") ? "2" : "1"}${code.slice(1)}`, "You are not verified.");
  // As people read it from a telephone.
  await answers(`${code.slice(0, 3)} ${code.slice(3)}`, "You are verified.");
  await answers(code, "You are not verified.");

  await page.goto(address);
  await page.getByLabel("Telephone number").fill(NUMBER);
  await press("Call me");
  await page.getByLabel("Code").waitFor();
  await answers(codes()[0], "You are verified.");
}

// The codes that have come to the telephone, those of calls first: a voice reads these, one character after the other.
function codes() {
  return readdirSync(outbox).sort().map((name) => {
    const text = readFileSync(join(outbox, name), "utf8");
    assert.match(text, name.startsWith("call") ? /^Your code for the shop: [0-9](, [0-9]){5}$/ : /^Your code for the shop: [0-9]{6}$/);
    return text.split(": ")[1].replaceAll(", ", "");
  });
}

// What the service has answered to all that: the application shows only part of it.
async function counted(space) {
  const text = await new Promise((done, failed) => {
    const asked = request(`https://${space}/metrics`, { rejectUnauthorized: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part) => { body += part; }).on("end", () => done(body)).on("error", failed);
    });
    asked.setTimeout(DEADLINE, () => asked.destroy(new Error("no metrics")));
    asked.on("error", failed).end();
  });
  const answers = [...text.matchAll(/^totp_adapter_requests_total\{(.*mfa.*)\} (\d+)$/gm)].map(([, labels, count]) => {
    const [[, path], [, status]] = [/\/(\w+)"/, /http_status="(\d+)"/].map((pattern) => labels.match(pattern));
    return `${path} ${status}: ${count}`;
  });
  assert.deepEqual(answers.sort(), ["call 200: 1", "sms 200: 1", "sms 422: 1", "verify 200: 3", "verify 404: 1"]);
}

// ---- the programs

function prepare() {
  mkdirSync(outbox, { mode: 0o700 });
  writeFileSync(join(folder, "t.toml"), CONFIGURATION);
  writeFileSync(join(folder, "mfa.token"), `${TOKEN}\n`, { mode: 0o600 });
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "certificate.pem"], { cwd: folder, stdio: "pipe" });
}

// A program whose log is kept.
function start(name, command, options, environment = {}) {
  const child = spawn(command, options, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...environment } });
  const started = { name, child, log: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => { started.log += text; });
  }
  started.ended = new Promise((done) => {
    child.on("error", (error) => done(String(error))).on("close", (code, signal) => done(signal ?? code));
  });
  programs.push(started);
  return started;
}

// What stands in a program's log, once it is there.
async function said(started, pattern) {
  let end;
  started.ended.then((code) => { end = code; });
  for (const begin = Date.now(); !pattern.test(started.log);) {
    assert.equal(end, undefined, `the ${started.name} has ended`);
    assert.ok(Date.now() - begin < DEADLINE, `the ${started.name} does not say ${pattern}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return started.log.match(pattern)[1];
}

// Ends a program by its id, gently, and with force where that does not help.
async function end({ name, child, ended }) {
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), DEADLINE);
  const code = await ended;
  clearTimeout(late);
  if (code !== 0) {
    console.error(`the ${name} has ended with ${code}`);
    process.exitCode = 1;
  }
}
