// Which page is shown: the address bar says it, so a link, a reload and "back" lead where one was.

export type PageName = 'trade' | 'orders' | 'wallet' | 'keys' | 'admin' | 'login';
export interface Place { page: PageName; rest: string[] }

const pages: PageName[] = ['trade', 'orders', 'wallet', 'keys', 'admin', 'login'];

export function placeOf(path: string): Place {
  const [first = '', ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent);
  const page = pages.find((name) => name === first);
  return page ? { page, rest } : { page: 'trade', rest: [] };
}

const current = $state({ place: placeOf(location.pathname) });
export const route = { get place(): Place { return current.place; } };

export function go(path: string, replaces = false): void {
  if (path !== location.pathname) history[replaces ? 'replaceState' : 'pushState'](null, '', path);
  current.place = placeOf(path);
}

addEventListener('popstate', () => (current.place = placeOf(location.pathname)));

/** For links: stays in the page unless the person wants another tab. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.pathname);
}
