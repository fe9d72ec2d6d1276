#!/usr/bin/env node
// Plain old JavaScript, so that any Node can at least say that it is too old: it must not ask for a name that Node may lack.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor, patch] = process.versions.node.split('.').map(Number);
const recentEnough =
  (major === 24 && (minor > 18 || (minor === 18 && patch >= 1))) ||
  (major === 26 && (minor > 5 || (minor === 5 && patch >= 1))) ||
  major > 26;

if (recentEnough) {
  // A checkout runs its sources; a published package has only what was compiled from them.
  const source = new URL('../src/main.ts', import.meta.url);
  const fromSource = existsSync(source);
  // Half of a start went into taking types away and compiling: that is kept beside the packages, where whoever may write could
  // change the program as well. If nothing can be written there, nothing is kept.
  if (fromSource)
    nodeModule.enableCompileCache(
      fileURLToPath(new URL('../node_modules/.cache/sidegate', import.meta.url)),
    );
  await import(fromSource ? source.href : new URL('../dist/main.js', import.meta.url).href);
} else {
  console.error(
    `sidegate: Node ${process.versions.node} is not supported: releases before 24.18.1 and 26.5.1 have known holes in TLS client authentication\n` +
      '  Use Node 24.18.1 or later, or 26.5.1 or later. In a checkout, npm scripts bring the right one: npm start',
  );
  process.exitCode = 2;
}
