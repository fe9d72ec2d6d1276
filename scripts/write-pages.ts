// Writes what of the pages is made from the code: npm run pages
import { readFileSync, writeFileSync } from 'node:fs';
import { errorsPage } from './errors-page.ts';
import { faultsPage } from './faults-page.ts';
import { withSettings } from './settings-table.ts';

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
writeFileSync(new URL('../docs/faults.md', import.meta.url), faultsPage());

const configuration = new URL('../docs/configuration.md', import.meta.url);
writeFileSync(configuration, withSettings(readFileSync(configuration, 'utf8')));
