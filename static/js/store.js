// What this browser remembers. Private windows may refuse: then nothing is remembered.
export const read = (key) => {
  try { return localStorage.getItem(`vitrine.${key}`); } catch { return null; }
};

export const write = (key, value) => {
  try {
    if (value === null) localStorage.removeItem(`vitrine.${key}`);
    else localStorage.setItem(`vitrine.${key}`, value);
  } catch { /* remembered for this page only */ }
};
