// Writes FILE.br and FILE.gz beside what compresses, so that the node serves bytes made once.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const least = 1024; // below it a header costs more than is won
const kinds = /\.(html|js|css|svg|json|txt|webmanifest)$/;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

let raw = 0;
let packed = 0;
for (const path of files(process.argv[2] ?? 'dist')) {
  if (!kinds.test(path)) continue;
  const bytes = readFileSync(path);
  if (bytes.length < least) continue;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const br = brotliCompressSync(bytes, { params });
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  raw += bytes.length;
  packed += br.length;
}
console.log(`compressed ${raw} bytes to ${packed}`);
