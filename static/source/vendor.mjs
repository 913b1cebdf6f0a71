// Copies the pinned third-party files and their licences to ../vendor/, with a SHA256SUMS beside them.
//     npm ci && node vendor.mjs
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

const vendor = new URL("../vendor/", import.meta.url);
const files = {
  "pico.min.css": "node_modules/@picocss/pico/css/pico.min.css",
  "pico.LICENSE.txt": "node_modules/@picocss/pico/LICENSE.md",
};

const sums = Object.entries(files).map(([name, source]) => {
  copyFileSync(new URL(source, import.meta.url), new URL(name, vendor));
  return `${createHash("sha256").update(readFileSync(new URL(name, vendor))).digest("hex")}  ${name}\n`;
});
writeFileSync(new URL("SHA256SUMS", vendor), sums.join(""));
