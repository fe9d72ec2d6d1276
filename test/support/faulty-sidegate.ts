// The real program, with an error in it that nobody catches, when a signal asks for it.
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('thrown in a timer');
  }, 1);
});
process.on('SIGWINCH', () => void Promise.reject(new Error('rejected by nobody')));

await import('../../src/main.ts');
