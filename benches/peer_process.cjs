// What a process of `totp-adapter` is measured beside (`processes.py`): one answer by Node, with fast-xml-parser and
// otplib.
//
//     node peer_process.cjs FOLDER GeneratePassword < secret.xml
//     node peer_process.cjs FOLDER VerifyPassword < totp.xml
//
// FOLDER has the packages in its node_modules. It knows the documents of the measurement only, which are all sound: no
// limits, no refusals.

"use strict";

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { resolve } = require("node:path");

const [folder, operation] = process.argv.slice(2);
const from = createRequire(resolve(folder, "package.json"));
const { XMLParser } = from("fast-xml-parser");
const { generateSync, verifySync } = from("otplib");

// A password of digits stays a text.
const document = new XMLParser({ parseTagValue: false }).parse(readFileSync(0));

if (operation === "GeneratePassword") {
  console.log(`<Password>${generateSync({ secret: document.Secret })}</Password>`);
} else {
  const { Password: token, Secret: secret } = document.TOTP;
  // One step of 30 seconds to either side.
  const { valid } = verifySync({ secret, token, epochTolerance: 30 });
  process.exitCode = valid ? 0 : 1;
  console.log(
    valid
      ? '<Ok description="The password matches."/>'
      : '<Error description="The password provided is incorrect."/>',
  );
}
