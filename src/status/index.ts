export { adminCall, type AdminCallOptions } from './admin-call.ts';
export {
  adminShape,
  startAdmin,
  type AdminHandler,
  type AdminHandlers,
  type AdminOptions,
} from './admin.ts';
export { startStatus, statusShape, type RunningServer, type StatusOptions } from './status.ts';
