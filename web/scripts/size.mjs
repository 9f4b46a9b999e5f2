// The first load of every page in brotli bytes: the page itself, its scripts and styles, and the texts
// of the larger language. Fails above the budget. Run it after `npm run build`.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LIMIT_KB = 300;
const dist = new URL('../dist/', import.meta.url).pathname;
const manifest = JSON.parse(
  readFileSync(new URL('../node_modules/.manifest.json', import.meta.url), 'utf8'),
);
const bytesOf = (file) => statSync(join(dist, `${file}.br`)).size;

/** A chunk's file, its styles, and the same of everything it imports at once. */
function filesOf(key, seen = new Set(), files = new Set()) {
  if (seen.has(key)) return files;
  seen.add(key);
  const chunk = manifest[key];
  files.add(chunk.file);
  for (const style of chunk.css ?? []) files.add(style);
  for (const next of chunk.imports ?? []) filesOf(next, seen, files);
  return files;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const language = 'src/i18n/ru/index.ts';
const pages = Object.keys(manifest).filter(
  (key) => /^src\/pages\/.*\.tsx$/.test(key) && !/-(dialog|panel)\.tsx$/.test(key),
);
let worst = 0;
for (const page of pages) {
  const files = new Set([...filesOf(entry), ...filesOf(language), ...filesOf(page)]);
  // Texts that only this page speaks.
  const own = `src/i18n/ru/${page.split('/')[2]}.ts`;
  if (manifest[own]?.isDynamicEntry) files.add(manifest[own].file);
  for (const file of ['index.html', 'scheme.js', 'favicon.svg']) files.add(file);
  const total = [...files].reduce((sum, file) => sum + bytesOf(file), 0);
  worst = Math.max(worst, total);
  console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  ${page}`);
  if (process.argv.includes('--files')) {
    for (const file of files)
      console.log(`${(bytesOf(file) / 1000).toFixed(1).padStart(12)} kB  ${file}`);
  }
}
console.log(`${(worst / 1000).toFixed(1)} kB of ${LIMIT_KB} kB`);
if (worst > LIMIT_KB * 1000) {
  console.error('The first load is over its budget.');
  process.exitCode = 1;
}
