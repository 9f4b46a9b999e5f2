import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { setIntlLanguage } from '@/lib/intl';
import type { Texts } from './en';

export const LANGUAGES = { en: 'English', ru: 'Русский' } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = 'watchpost.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: Texts;
  }
}

/** Only the language in use is fetched. */
async function textsOf(language: Language) {
  return language === 'ru' ? (await import('./ru')).ru : (await import('./en')).en;
}

/** Areas that one page alone speaks of: fetched with it. */
const LATER = {
  delivery: {
    en: async () => (await import('./en/delivery')).delivery,
    ru: async () => (await import('./ru/delivery')).delivery,
  },
  silences: {
    en: async () => (await import('./en/silences')).silences,
    ru: async () => (await import('./ru/silences')).silences,
  },
  rules: {
    en: async () => (await import('./en/rules')).rules,
    ru: async () => (await import('./ru/rules')).rules,
  },
  rule: {
    en: async () => (await import('./en/rule')).rule,
    ru: async () => (await import('./ru/rule')).rule,
  },
  reports: {
    en: async () => (await import('./en/reports')).reports,
    ru: async () => (await import('./ru/reports')).reports,
  },
  host: {
    en: async () => (await import('./en/host')).host,
    ru: async () => (await import('./ru/host')).host,
  },
  audit: {
    en: async () => (await import('./en/audit')).audit,
    ru: async () => (await import('./ru/audit')).audit,
  },
  channels: {
    en: async () => (await import('./en/channels')).channels,
    ru: async () => (await import('./ru/channels')).channels,
  },
};
type Later = keyof typeof LATER;
const added = new Set<Later>();
let spoken: Language = 'en';

/** Fetches the texts of an area before its page is shown. */
export async function addArea(area: Later): Promise<void> {
  added.add(area);
  const language = spoken;
  if (i18next.hasResourceBundle(language, area)) return;
  i18next.addResourceBundle(language, area, await LATER[area][language]());
}

function wanted(): Language {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden; the browser's language is as good.
  }
  return (kept ?? navigator.language).startsWith('ru') ? 'ru' : 'en';
}

async function add(language: Language) {
  if (i18next.hasResourceBundle(language, 'common')) return;
  for (const [area, texts] of Object.entries(await textsOf(language))) {
    i18next.addResourceBundle(language, area, texts);
  }
}

export async function startI18n(): Promise<void> {
  const language = wanted();
  spoken = language;
  const texts = await textsOf(language);
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { [language]: texts },
    fallbackLng: false,
    defaultNS: 'common',
    keySeparator: false,
    // React escapes; what comes from events is not translated but shown by SafeText.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  setIntlLanguage(language);
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  await add(language);
  spoken = language;
  await Promise.all([...added].map(addArea));
  setIntlLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // It holds for this visit then.
  }
  await i18next.changeLanguage(language);
}
