import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What gcr.io/distroless/cc-debian12 is made of, as its own build does it: unpacked, nothing installed or run. */
const DISTROLESS = [
  ...['base-files', 'ca-certificates', 'netbase', 'tzdata'],
  ...['libc6', 'libssl3', 'libgcc-s1', 'libgomp1', 'libstdc++6', 'gcc-12-base'],
];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Stands in for what a registry would give: Debian's own packages, and the Node that runs this. */
export function makeBase(image: string, root: string): void {
  if (/^node:[\d.]+-bookworm-slim$/.test(image)) return withNode(root);
  if (image.includes('distroless/cc-debian12')) return unpacked(DISTROLESS, root);
  throw new TypeError(`nothing here stands in for ${image}`);
}

function withNode(root: string): void {
  execFileSync('debootstrap', ['--variant=minbase', 'bookworm', root], { stdio: 'ignore' });
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
  const npm = dirname(
    dirname(
      execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim(),
    ),
  );
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  execFileSync('ln', [
    '-s',
    '../lib/node_modules/npm/bin/npm-cli.js',
    join(root, 'usr/local/bin/npm'),
  ]);
  for (const file of ['/etc/resolv.conf', '/etc/hosts', CERTIFICATES].filter(existsSync)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
}

function unpacked(packages: readonly string[], root: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-packages-'));
  try {
    execFileSync('apt-get', ['download', ...packages], { cwd: folder, stdio: 'ignore' });
    mkdirSync(root, { recursive: true });
    for (const file of readdirSync(folder))
      execFileSync('dpkg-deb', ['-x', join(folder, file), root]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
