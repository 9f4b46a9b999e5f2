// Sets the colour scheme and the language before anything is painted, so that neither flashes.
// A file of its own, because the content security policy allows no inline script.
(() => {
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const wanted = read('watchpost.scheme');
  const dark =
    wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.mantineColorScheme = dark ? 'dark' : 'light';
  const language = read('watchpost.language') ?? navigator.language;
  document.documentElement.lang = language.startsWith('ru') ? 'ru' : 'en';
})();
