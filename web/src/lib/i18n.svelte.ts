// The words of the page in the language that was chosen.
import { prefs } from './prefs.svelte';
import { en, type Word } from './words/en';
import { zh } from './words/zh';

const dictionaries: Record<string, Record<Word, string>> = { en, zh };

/** The word for a key, {name}s filled in; without an entry the fallback, else the key itself. */
export function t(key: string, params: Record<string, string | number> = {}, fallback?: string): string {
  const words = dictionaries[prefs.language] ?? en;
  const text = words[key as Word] as string | undefined;
  if (text === undefined) return fallback ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A moment as the reader's own clock shows it. */
export function timeText(iso: string | null | undefined): string {
  if (!iso) return '';
  const at = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockText(iso)}`;
}

export function clockText(iso: string): string {
  const at = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
