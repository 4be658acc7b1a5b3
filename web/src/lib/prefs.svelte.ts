// What a person chose and finds again: language, theme, market, interval. Kept in this browser.

export type Theme = 'dark' | 'light';
export type Language = 'en' | 'zh';

interface Kept {
  theme: Theme; language: Language; symbol: string; interval: string; group: Record<string, number>;
  favourites: string[]; hotkeys: boolean; confirm: boolean; panel: string;
}

const KEY = 'rialto.preferences';

function first(): Kept {
  const isLight = matchMedia('(prefers-color-scheme: light)').matches;
  return {
    theme: isLight ? 'light' : 'dark', language: navigator.language.startsWith('zh') ? 'zh' : 'en', symbol: '', interval: '1m', group: {},
    favourites: [], hotkeys: true, confirm: false, panel: 'open',
  };
}

function read(): Kept {
  try {
    return { ...first(), ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
  } catch {
    return first();
  }
}

export const prefs = $state<Kept>(read());

export function keepPrefs(change: Partial<Kept>): void {
  Object.assign(prefs, change);
  localStorage.setItem(KEY, JSON.stringify(prefs));
  showPrefs();
}

/** The document's own attributes follow what was chosen. */
export function showPrefs(): void {
  document.documentElement.dataset.theme = prefs.theme;
  document.documentElement.lang = prefs.language === 'zh' ? 'zh-CN' : 'en';
}
