// Runs before the first paint, so that neither the theme nor an unveiled photo ever flashes.
(() => {
  const root = document.documentElement;
  const read = (key) => {
    try { return localStorage.getItem(`vitrine.${key}`); } catch { return null; }
  };
  const theme = read("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (read("zen") === "on") root.dataset.zenMode = "on";
  for (const veil of ["blur", "gray"]) if (read(veil) === "off") root.dataset[veil] = "off";
})();
