// Leaves in dist/ only what the server embeds: each file as .br and .gz. Files that do not get smaller
// (none today) stay as they are. The originals would double the size of the binary.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const COMPRESSIBLE = /\.(html|js|css|svg|json|txt|map)$/;

// Vite emptied the folder; the repository keeps this file so that the folder exists without a build.
writeFileSync(join(dist, '.gitignore'), '*\n!.gitignore\n');

// scripts/size.mjs needs Vite's manifest; the server does not.
const manifest = join(dist, 'manifest.json');
writeFileSync(new URL('../node_modules/.manifest.json', import.meta.url), readFileSync(manifest));
rmSync(manifest);

for (const name of readdirSync(dist, { recursive: true })) {
  if (!COMPRESSIBLE.test(name)) continue;
  const path = join(dist, name);
  const bytes = readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  rmSync(path);
}
