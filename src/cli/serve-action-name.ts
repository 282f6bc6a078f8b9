// The words that `paster serve FILE` takes behind the file. Asked by main.ts before anything else is loaded.

const ACTIONS = ['start', 'stop', 'restart', 'status'] as const;

export type ServeAction = (typeof ACTIONS)[number];

export function isAction(word: string): word is ServeAction {
  return ACTIONS.some((action) => action === word);
}
