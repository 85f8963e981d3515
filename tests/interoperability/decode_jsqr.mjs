// Reads QR codes with jsQR, the decoder of many web pages, and prints what they say.
//
//     node decode_jsqr.mjs IMAGE...
//
// One line per PNG image, in order: the text, or an empty line where no code was read. The exit status is 0 either way.
// Needs jsqr and pngjs (npm), found from this file's folder upwards.

import { readFileSync } from "node:fs";
import jsqr from "jsqr";
import { PNG } from "pngjs";

// jsQR is a CommonJS module, which some Node versions import as an object that holds the function.
const decode = jsqr.default ?? jsqr;

for (const path of process.argv.slice(2)) {
  const { data, width, height } = PNG.sync.read(readFileSync(path));
  console.log(decode(new Uint8ClampedArray(data), width, height)?.data ?? "");
}
