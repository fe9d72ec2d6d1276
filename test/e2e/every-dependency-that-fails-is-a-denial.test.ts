import { LOCAL, describeFailures } from './faults/as-promised.ts';

describeFailures(LOCAL);
