// Bundle the front-end files into the folder named by the first argument.
//
// Writes content-hashed files with a .gz beside each, manifest.json (plain name -> hashed name), icons.json
// (icon name -> SVG children) and THIRD-PARTY.txt (the licences of what is inside).

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const source = join(here, "src");
const pictures = join(here, "..", "static");
const modules = join(root, "node_modules");
const out = process.argv[2];

/** The dark block a second time, for readers who follow their system. */
const followSystem = {
  name: "follow-system",
  setup(plugin) {
    plugin.onResolve({ filter: /^virtual:dark-auto$/ }, () => ({ path: "dark-auto", namespace: "virtual" }));
    plugin.onLoad({ filter: /.*/, namespace: "virtual" }, async () => {
      const dark = await readFile(join(source, "css", "dark.css"), "utf8");
      const auto = dark.replace('[data-theme="dark"]', '[data-theme="auto"]');
      return { contents: `@media (prefers-color-scheme: dark) {\n${auto}\n}`, loader: "css" };
    });
  },
};

/** The widths a column of a list may have: steps of 8 px, since the page may hold no styles of its own. */
const widths = {
  name: "widths",
  setup(plugin) {
    plugin.onResolve({ filter: /^virtual:widths$/ }, () => ({ path: "widths", namespace: "widths" }));
    plugin.onLoad({ filter: /.*/, namespace: "widths" }, () => {
      const steps = Array.from({ length: 75 }, (_, index) => index + 6);
      const rules = steps.map((step) => `.gx-table .gx-w-${step} { width: ${step * 8}px; min-width: ${step * 8}px; max-width: ${step * 8}px }`);
      return { contents: `@media (min-width: 641px) {\n${rules.join("\n")}\n}`, loader: "css" };
    });
  },
};

const nodes = JSON.parse(await readFile(join(modules, "@tabler", "icons", "tabler-nodes-outline.json"), "utf8"));

/** The SVG children of an icon; the SVG element around them is written where it is shown. */
function shapes(name) {
  if (!nodes[name]) throw new Error(`there is no icon named ${name}`);
  const shape = ([tag, attributes]) =>
    `<${tag} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}/>`;
  return nodes[name].map(shape).join("");
}

/** `import plus from "icon:plus"` in a script. */
const icon = {
  name: "icon",
  setup(plugin) {
    plugin.onResolve({ filter: /^icon:/ }, ({ path }) => ({ path: path.slice(5), namespace: "icon" }));
    plugin.onLoad({ filter: /.*/, namespace: "icon" }, ({ path }) => ({ contents: shapes(path), loader: "text" }));
  },
};

const manifest = {};

/** Copy one file under a name that changes with its content. */
async function hashed(path, name) {
  const content = await readFile(path);
  const ending = extname(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  manifest[name] = `${basename(name, ending)}-${hash}${ending}`;
  await copyFile(path, join(out, manifest[name]));
}

await mkdir(out, { recursive: true });

const result = await build({
  entryPoints: { app: join(source, "js", "app.js"), boot: join(source, "js", "boot.js"), style: join(source, "css", "app.css") },
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["chrome111", "safari16.4", "firefox121"],
  loader: { ".woff2": "file" },
  legalComments: "none",
  metafile: true,
  plugins: [followSystem, widths, icon],
  nodePaths: [modules],
  logLevel: "warning",
});
for (const [path, file] of Object.entries(result.metafile.outputs)) {
  const name = basename(path);
  if (file.entryPoint) manifest[name.replace(/-[A-Z0-9]+(?=\.)/, "")] = name;
  else manifest[name.replace(/-[A-Z0-9]{8}(?=\.)/, "")] = name;
}
for (const name of await readdir(pictures)) if (name.endsWith(".svg")) await hashed(join(pictures, name), name);

const names = (await readFile(join(source, "icons.txt"), "utf8")).split("\n").filter((line) => !line.startsWith("#")).join(" ");
const icons = {};
for (const name of names.split(/\s+/).filter(Boolean)) icons[name] = shapes(name);
await writeFile(join(out, "icons.json"), JSON.stringify(icons));
await hashed(join(out, "icons.json"), "icons.json");

// Licences of every package that put a byte into the output.
const used = new Set(["@tabler/icons"]);
for (const path of Object.keys(result.metafile.inputs)) {
  const match = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/);
  if (match) used.add(match[1]);
}
const notices = [];
for (const name of [...used].sort()) {
  const folder = join(modules, name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  notices.push(`${name} ${version} (${license})\n\n${file ? (await readFile(join(folder, file), "utf8")).trim() : ""}\n`);
}
await writeFile(join(out, "THIRD-PARTY.txt"), notices.join(`\n${"-".repeat(80)}\n\n`));
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));

for (const name of await readdir(out)) {
  if (![".js", ".css", ".svg", ".json"].includes(extname(name))) continue;
  await writeFile(join(out, `${name}.gz`), gzipSync(await readFile(join(out, name)), { level: 9 }));
}
