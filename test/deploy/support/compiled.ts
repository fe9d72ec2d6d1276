import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const HOME = realpathSync(fileURLToPath(new URL('../../../', import.meta.url)));

/** /app as the image has it: each source compiled with the options of the build, without the check of its types. */
export function compileTo(app: string): void {
  const read = (name: string) =>
    ts.readConfigFile(join(HOME, name), (file) => ts.sys.readFile(file)).config as unknown;
  const { options } = ts.parseJsonConfigFileContent(read('tsconfig.build.json'), ts.sys, HOME);
  for (const file of readdirSync(join(HOME, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue;
    const source = readFileSync(join(HOME, 'src', file), 'utf8');
    // Without a program around it, the compiler cannot know that package.json says these are modules.
    const compilerOptions = { ...options, declaration: false, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions });
    const target = join(app, 'dist', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  cpSync(join(HOME, 'bin'), join(app, 'bin'), { recursive: true });
  cpSync(join(HOME, 'package.json'), join(app, 'package.json'));
  symlinkSync(join(HOME, 'node_modules'), join(app, 'node_modules'));
}
