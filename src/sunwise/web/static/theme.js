// Runs before the first paint, so that nobody is blinded at night: the chosen theme, else the system's.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    // Storage is closed to this page: the system's theme holds.
  }
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
