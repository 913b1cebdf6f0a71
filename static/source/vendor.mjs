// Writes ../vendor/: the pinned third-party files, the editor bundle, and their licences.
//     npm ci && node vendor.mjs
// SHA256SUMS also names the sources of the bundle, so that a test without Node can tell when it is out of date.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const here = (path) => new URL(path, import.meta.url);
const vendor = (name) => here(`../vendor/${name}`);
const copies = {
  "pico.min.css": "node_modules/@picocss/pico/css/pico.min.css",
  "pico.LICENSE.txt": "node_modules/@picocss/pico/LICENSE.md",
};
for (const [name, source] of Object.entries(copies)) copyFileSync(here(source), vendor(name));

const { metafile } = await build({
  absWorkingDir: here(".").pathname,
  entryPoints: ["editor.mjs"],
  outfile: "../vendor/editor.min.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  metafile: true,
});
const inputs = Object.keys(metafile.inputs);
const packages = new Set(inputs.flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
const licences = [...packages].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(here(`node_modules/${name}/package.json`), "utf8"));
  return `${name} ${version}\n\n${readFileSync(here(`node_modules/${name}/LICENSE`), "utf8")}`;
});
writeFileSync(vendor("editor.LICENSE.txt"), licences.join("\n---\n\n"));

const own = inputs.filter((path) => !path.startsWith("node_modules/")).map((path) => `../source/${path}`);
const made = [...Object.keys(copies), "editor.min.js", "editor.LICENSE.txt"];
const sums = [...made, ...own.sort(), "../source/package-lock.json"].map((name) => {
  return `${createHash("sha256").update(readFileSync(vendor(name))).digest("hex")}  ${name}\n`;
});
writeFileSync(vendor("SHA256SUMS"), sums.join(""));
