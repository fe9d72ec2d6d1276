#!/usr/bin/env node
// Plain old JavaScript, so that any Node can at least say that it is too old.
import { existsSync } from 'node:fs';

const [major, minor, patch] = process.versions.node.split('.').map(Number);
const recentEnough =
  (major === 24 && (minor > 18 || (minor === 18 && patch >= 1))) ||
  (major === 26 && (minor > 5 || (minor === 5 && patch >= 1))) ||
  major > 26;

if (recentEnough) {
  // A checkout runs its sources; a published package has only what was compiled from them.
  const source = new URL('../src/main.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
} else {
  console.error(
    `sidegate: Node ${process.versions.node} is not supported: releases before 24.18.1 and 26.5.1 have known holes in TLS client authentication\n` +
      '  Use Node 24.18.1 or later, or 26.5.1 or later. In a checkout, npm scripts bring the right one: npm start',
  );
  process.exitCode = 2;
}
