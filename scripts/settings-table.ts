import { SETTINGS, flagOf, variableOf, type Setting } from '../src/config/index.ts';
import { configJsonSchema, nodesOf } from './config-schema.ts';

const BEGIN = '<!-- settings: made by npm run pages -->';
const END = '<!-- /settings -->';

/** The page with its table of settings made anew. */
export function withSettings(page: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from === -1 || to < from) throw new TypeError(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n\n${settingsTable()}\n${page.slice(to)}`;
}

/** Every setting that a flag or a variable may override. */
function settingsTable(): string {
  const head = ['key', 'flag', 'variable', 'default', 'meaning'];
  const rows = [head, head.map(() => '---'), ...SETTINGS.map(rowOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function rowOf(setting: Setting): readonly string[] {
  const flags = [...new Set([setting.flag ?? flagOf(setting), flagOf(setting)])];
  return [
    code(setting.path.join('.')),
    flags.map((flag) => code(`--${flag}`)).join('<br>'),
    code(variableOf(setting)),
    defaultOf(setting),
    setting.help.replaceAll('|', '\\|'),
  ];
}

function defaultOf(setting: Setting): string {
  const { node, required } = nodesOf(configJsonSchema(), setting);
  if (node.default !== undefined) return code(JSON.stringify(node.default).replaceAll('"', ''));
  return required ? 'required' : 'none';
}

function code(text: string): string {
  return `\`${text}\``;
}
