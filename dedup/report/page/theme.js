// Light and dark, and what every page begins with.

/** @type {Record<string, string>} */
const THEMES = { auto: 'as the system', light: 'light', dark: 'dark' };

/** The theme kept from last time; plain files may have no storage. @type {(value?: string) => string | null} */
const stored = (value) => {
  try {
    if (value) localStorage.setItem('dedup-theme', value);
    return localStorage.getItem('dedup-theme');
  } catch {
    return null;
  }
};

/** Switches colours. @type {(name: string) => void} */
const setTheme = (name) => {
  const theme = name in THEMES ? name : 'auto';
  document.documentElement.dataset.theme = theme;
  $('theme').textContent = `Theme: ${theme}`;
  $('theme').setAttribute('aria-label', `Colour theme: ${THEMES[theme]}`);
};

/** Connects what works without data; `changed` is called when colours have. @type {(changed: () => void) => void} */
const prepare = (changed) => {
  setTheme(stored() ?? 'auto');
  $('theme').addEventListener('click', () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme ?? '') + 1) % names.length];
    stored(next);
    setTheme(next);
    changed();
  });
  within(document, '.skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
};

/** Whether the data can be unpacked; complains where they cannot. @type {() => boolean} */
const canUnpack = () => {
  const can = typeof DecompressionStream !== 'undefined';
  if (!can) {
    complain('This browser cannot unpack the data of the report. '
      + 'Chrome or Edge 80, Firefox 113 and Safari 16.4 or newer can.');
  }
  return can;
};
