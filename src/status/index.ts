export { bind, type BindUse } from './bind.ts';
export { adminCall, type AdminCallOptions } from './admin-call.ts';
export {
  adminShape,
  startAdmin,
  type AdminHandler,
  type AdminHandlers,
  type AdminOptions,
} from './admin.ts';
export { startStatus, statusShape, type RunningServer, type StatusOptions } from './status.ts';
export { reloadShape, type ReloadReport } from './reload-report.ts';
export { taskGrantsShape, type TaskGrantsReport } from './grants-report.ts';
export { killShape, killedShape, type KilledReport, type KillReport } from './kill-report.ts';
export { renderWhy } from './render-why.ts';
export { whyShape, type WhyReport } from './why-report.ts';
export { why, type WhySources } from './why.ts';
